//! Says what happens while it happens: a line for each event, as text or as JSON.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use addr::AbsInstance;
use apply::{Doing, Event, Observer, Provisioning};
use diag::{Diagnostics, Sources};
use lang::functions::Clock;
use plan::{Action, Change, Look, Operation, Plan, Stage};
use value::Value;

use crate::environment::Time;
use crate::live::Live;
use crate::outlook::Recorder;
use crate::render::plan as render;
use crate::render::stream::{self, Hook, Line};
use crate::tally::Tally;
use crate::{Session, environment};

/// How often a step that goes on is told of.
const REMINDER_SECONDS: u64 = 10;

/// In what form a command speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Text for people.
    Text,
    /// Lines of JSON.
    Json,
}

impl Voice {
    /// Shows diagnostics.
    pub(crate) fn diagnostics(self, session: &mut Session, sources: &Sources, diagnostics: &Diagnostics) {
        match self {
            Voice::Text => session.ui.diagnostics(sources, diagnostics),
            Voice::Json => say(session, stream::diagnostics(sources, diagnostics)),
        }
    }
}

/// Prints lines of JSON.
pub(crate) fn say(session: &mut Session, lines: impl IntoIterator<Item = Line>) {
    let now = environment::SystemClock.now();
    let text: String = lines.into_iter().map(|line| line.text(now)).collect();
    session.ui.out.print(&text);
}

/// Tells of the steps of an apply.
pub(crate) struct Progress<'a, 's> {
    session: &'a RefCell<&'s mut Session>,
    voice: Voice,
    /// What goes on, by address and by what is done, with when it began and when it was told of last.
    running: RefCell<BTreeMap<String, Running>>,
    interrupt: Interrupt,
    /// Whether the user was told that the wish to stop was heard.
    has_answered: RefCell<bool>,
    tally: RefCell<Tally>,
    /// On a terminal: what is under way.
    live: Option<Live>,
    time: Time,
    /// What happens, for a page.
    recorder: Option<Recorder>,
}

struct Running {
    address: addr::AbsInstance,
    words: Words,
    /// The type of the lines that tell of it while it goes on.
    kind: &'static str,
    id: Option<String>,
    /// What its provider said last.
    note: Option<String>,
    /// By the time of the run, which may be the sandbox's.
    began: Duration,
    /// By the time of people.
    told: Duration,
}

impl Running {
    fn new(
        address: &addr::AbsInstance,
        words: Words,
        (kind, id): (&'static str, Option<String>),
        began: Duration,
    ) -> Running {
        let told = environment::SystemClock.now();
        Running { address: address.clone(), words, kind, id, note: None, began, told }
    }
}

/// The words for what is done.
#[derive(Clone, Copy)]
struct Words {
    going_on: &'static str,
    noun: &'static str,
    action: &'static str,
}

fn words(change: &Change, doing: Doing) -> Words {
    let (going_on, noun, action) = match (doing, change.action) {
        (Doing::Delete, _) => ("Destroying", "Destruction", "delete"),
        (Doing::Make, Action::Update) => ("Modifying", "Modifications", "update"),
        (Doing::Make, Action::Read) => ("Reading", "Read", "read"),
        (Doing::Make, _) => ("Creating", "Creation", "create"),
    };
    Words { going_on, noun, action }
}

/// Returns a duration as people say it: `10s`, `1m5s`.
pub(crate) fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

impl<'a, 's> Progress<'a, 's> {
    /// Tells of what happens through a session.
    pub(crate) fn new(
        session: &'a RefCell<&'s mut Session>,
        voice: Voice,
        interrupt: Interrupt,
        recorder: Option<Recorder>,
    ) -> Progress<'a, 's> {
        let is_live = voice == Voice::Text && session.borrow().ui.is_live;
        let (running, tally, has_answered) = Default::default();
        let time = session.borrow().environment.time();
        let live = is_live.then(Live::new);
        Progress { session, voice, running, interrupt, has_answered, tally, live, time, recorder }
    }

    /// Says what is going to happen.
    pub(crate) fn expect(&self, plan: &Plan) {
        if let Some(live) = &self.live {
            live.expect(apply::steps(plan).0.iter().filter(|step| !step.is_idle).count());
        }
    }

    /// Says no more, and returns what became of the steps.
    pub(crate) fn end(self) -> (Tally, Option<Recorder>) {
        self.live.iter().for_each(Live::end_all);
        (self.tally.into_inner(), self.recorder)
    }

    /// Is called about once a second: tells of what takes long, and that the wish to stop was heard.
    pub(crate) fn tick(&self) {
        if self.interrupt.is_wanted() && !self.has_answered.replace(true) {
            let count = self.running.borrow().len();
            let text = format!(
                "Stopping: nothing new is started, and what is under way ({count}) is waited for. Interrupt once more \
                 to leave at once; the next run then finds out what became of it."
            );
            match self.voice {
                Voice::Text => self.print(&format!("\n{text}\n\n")),
                Voice::Json => say(&mut self.session.borrow_mut(), [stream::log(text)]),
            }
        }
        let now = self.time.now();
        if let Some(live) = &self.live {
            return live.tick(now);
        }
        // People wait by their own clock, whatever time it is in the sandbox.
        let own = environment::SystemClock.now();
        for step in self.running.borrow_mut().values_mut() {
            if own.saturating_sub(step.told).as_secs() < REMINDER_SECONDS {
                continue;
            }
            step.told = own;
            let elapsed = now.saturating_sub(step.began).as_secs() / REMINDER_SECONDS * REMINDER_SECONDS;
            let elapsed = Duration::from_secs(elapsed);
            let id = step.id.as_ref().map(|id| format!("id={id}, ")).unwrap_or_default();
            let word = step.words.going_on.to_lowercase();
            let note = step.note.as_ref().map(|note| format!(" {note}")).unwrap_or_default();
            let message = format!("{}: Still {word}... [{id}{} elapsed]{note}", step.address, spoken(elapsed));
            let hook =
                Hook { address: &step.address, action: step.words.action, id: step.id.clone(), elapsed: Some(elapsed) };
            self.say(step.kind, message, Some(hook));
        }
    }

    /// Keeps what a provider says for the next lines about its step: not a line each, as a cluster may say something new every
    /// second.
    fn note(&self, address: &addr::AbsInstance, text: &str) {
        for (name, step) in self.running.borrow_mut().iter_mut().filter(|(_, step)| step.address == *address) {
            step.note = Some(text.to_owned());
            self.live.iter().for_each(|live| live.note(name, text));
        }
    }

    fn say(&self, kind: &'static str, message: String, hook: Option<Hook<'_>>) {
        match (self.voice, hook) {
            (Voice::Text, _) => self.print(&format!("{message}\n")),
            (Voice::Json, Some(hook)) => say(&mut self.session.borrow_mut(), [hook.line(kind, message)]),
            (Voice::Json, None) => say(&mut self.session.borrow_mut(), [stream::log(message)]),
        }
    }

    fn print(&self, text: &str) {
        let print = || self.session.borrow_mut().ui.out.print(text);
        match &self.live {
            Some(live) => live.above(print),
            None => print(),
        }
    }

    /// A step is over: it is not under way any more.
    fn over(&self, name: &str) {
        self.running.borrow_mut().remove(name);
        if let Some(live) = &self.live {
            live.end(name, self.tally.borrow().over());
        }
    }
}

impl Progress<'_, '_> {
    /// Tells of a provisioner; people see what it says and nothing else.
    fn provisioner(&self, address: &addr::AbsInstance, kind: &str, what: Provisioning<'_>) {
        let (name, message, output) = match what {
            Provisioning::Started => ("provision_start", format!("{address}: Provisioning with '{kind}'..."), None),
            Provisioning::Output(text) => ("provision_progress", format!("{address}: ({kind}): {text}"), Some(text)),
            Provisioning::Ended => ("provision_complete", format!("{address}: ({kind}) Provisioning complete"), None),
            Provisioning::Failed => ("provision_errored", format!("{address}: ({kind}) Provisioning errored"), None),
        };
        match self.voice {
            Voice::Text if output.is_none() => {}
            Voice::Text => self.say("log", message, None),
            Voice::Json => {
                let line = stream::provision(name, message, address, kind, output);
                say(&mut self.session.borrow_mut(), [line]);
            }
        }
    }

    /// Tells that an object that exists is in state now.
    fn imported(&self, change: &Change) {
        let address = &change.address;
        let Some(importing) = &change.importing else { return };
        let suffix = match (&importing.target, importing.shown()) {
            (None, _) | (_, None) => String::new(),
            (Some(sdk::ImportTarget::Id(_)), Some(id)) => format!(" [id={id}]"),
            (Some(sdk::ImportTarget::Identity(_)), Some(parts)) => format!(" [{parts}]"),
        };
        // For machines Terraform has no line of an import; this is one of ours.
        self.say("log", format!("{address}: Import complete{suffix}"), None);
    }
}

impl Observer for Progress<'_, '_> {
    fn ephemeral(&self, address: &AbsInstance, operation: Operation, stage: Stage) {
        let (going_on, noun, action) = match operation {
            Operation::Open => ("Opening", "Opening", "open"),
            Operation::Renew => ("Renewing", "Renewing", "renew"),
            Operation::Close => ("Closing", "Closing", "close"),
        };
        let (words, name) = (Words { going_on, noun, action }, format!("{address} {action}"));
        let hook = |elapsed| Some(Hook { address, action, id: None, elapsed });
        match stage {
            Stage::Started => {
                self.say("ephemeral_op_start", format!("{address}: {going_on}..."), hook(None));
                let now = self.time.now();
                let running = Running::new(address, words, ("ephemeral_op_progress", None), now);
                self.running.borrow_mut().insert(name, running);
            }
            Stage::Ended(took) => {
                self.running.borrow_mut().remove(&name);
                let message = format!("{address}: {noun} complete after {}", spoken(took));
                self.say("ephemeral_op_complete", message, hook(Some(took)));
            }
            Stage::Failed(took) => {
                self.running.borrow_mut().remove(&name);
                let message = format!("{address}: {noun} failed after {}", spoken(took));
                self.say("ephemeral_op_errored", message, hook(Some(took)));
            }
        }
    }

    /// Tells of what is looked at; for people that goes too fast.
    fn look(&self, address: &addr::AbsInstance, look: Look<'_>) {
        if self.voice == Voice::Text {
            return;
        }
        let id = |value: &Value| render::id(value);
        let line = match look {
            Look::RefreshBegins(value) => stream::refresh(address, false, id(value)),
            Look::RefreshEnds(value) => stream::refresh(address, true, id(value)),
            Look::ReadBegins => {
                let hook = Hook { address, action: "read", id: None, elapsed: None };
                hook.line("apply_start", format!("{address}: Reading..."))
            }
            Look::ReadEnds => {
                let hook = Hook { address, action: "read", id: None, elapsed: Some(Duration::ZERO) };
                hook.line("apply_complete", format!("{address}: Read complete"))
            }
        };
        say(&mut self.session.borrow_mut(), [line]);
    }

    fn stage(&self, plan: &plan::Plan) {
        let counts = plan.counts();
        // What is only read is told of when it is.
        if counts == plan::Counts::default() {
            return;
        }
        let text = format!("More is known now, so the rest goes on: {counts}.");
        match self.voice {
            Voice::Text => self.session.borrow_mut().ui.out.print(&format!("\n{text}\n\n")),
            Voice::Json => say(&mut self.session.borrow_mut(), [stream::log(text)]),
        }
    }

    fn see(&self, change: &Change, event: Event<'_>) {
        // What is only forgotten is not worth a line: nothing happens to it.
        if change.action == Action::Forget {
            return;
        }
        let address = &change.address;
        let subject = render::shown_address(change);
        let name = |doing| format!("{subject} {}", words(change, doing).action);
        match event {
            Event::Imported => self.imported(change),
            Event::Started(doing) => {
                let (now, words) = (self.time.now(), words(change, doing));
                let id = render::id(&change.before);
                let shown = id.as_ref().filter(|_| words.action != "create");
                let suffix = shown.map(|id| format!(" [id={id}]")).unwrap_or_default();
                let message = format!("{subject}: {}...{suffix}", words.going_on);
                let id = shown.cloned();
                self.tally.borrow_mut().begin(now);
                self.recorder.iter().for_each(|recorder| recorder.begin(change, doing, now));
                match &self.live {
                    Some(live) => live.begin(name(doing), message, now),
                    None => {
                        let hook = Hook { address, action: words.action, id: id.clone(), elapsed: None };
                        self.say("apply_start", message, Some(hook));
                    }
                }
                let running = Running::new(address, words, ("apply_progress", id), now);
                self.running.borrow_mut().insert(name(doing), running);
            }
            Event::Message(text) => self.note(address, text),
            Event::Provisioner(kind, what) => self.provisioner(address, kind, what),
            Event::Ended(doing, took, value) => {
                let now = self.time.now();
                self.tally.borrow_mut().end(now, took, || step_name(change, doing));
                self.recorder.iter().for_each(|recorder| recorder.end(change, doing, now, false));
                self.over(&name(doing));
                let (words, id) = (words(change, doing), render::id(value));
                let suffix = id.as_ref().map(|id| format!(" [id={id}]")).unwrap_or_default();
                let message = format!("{subject}: {} complete after {}{suffix}", words.noun, spoken(took));
                self.say(
                    "apply_complete",
                    message,
                    Some(Hook { address, action: words.action, id, elapsed: Some(took) }),
                );
            }
            Event::Failed(doing, took) => {
                let now = self.time.now();
                self.tally.borrow_mut().fail(now, step_name(change, doing));
                self.recorder.iter().for_each(|recorder| recorder.end(change, doing, now, true));
                self.over(&name(doing));
                let words = words(change, doing);
                let message = format!("{subject}: {} failed after {}", words.noun, spoken(took));
                let hook = Hook { address, action: words.action, id: None, elapsed: Some(took) };
                self.say("apply_errored", message, Some(hook));
            }
            Event::Skipped(doing, cause) => {
                self.recorder.iter().for_each(|recorder| recorder.skip(change, cause));
                let cause = cause.address.to_string();
                if self.voice == Voice::Json {
                    let message = format!("{address}: Skipped, because {cause} failed");
                    let hook = Hook { address, action: words(change, doing).action, id: None, elapsed: None };
                    self.say("apply_skipped", message, Some(hook));
                }
                // As text this is said at the end, of all together.
                self.tally.borrow_mut().skip(address.to_string(), &cause);
            }
        }
    }
}

/// Names a step for the report at the end.
fn step_name(change: &Change, doing: Doing) -> String {
    format!("{} ({})", render::shown_address(change), words(change, doing).action)
}

/// Whether the user wants to stop: set by the first interrupt; the second ends the process.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

/// What a process that was interrupted ends with, by custom.
const INTERRUPTED: i32 = 130;

impl Interrupt {
    /// Takes interrupts from now on. Before that they end the process at once, which harms nothing.
    pub(crate) fn listen(&self) -> std::io::Result<()> {
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // In this order: the first of them finds the flag unset.
            signal_hook::flag::register_conditional_shutdown(signal, INTERRUPTED, self.0.clone())?;
            signal_hook::flag::register(signal, self.0.clone())?;
        }
        Ok(())
    }

    /// Tells whether there was an interrupt.
    pub(crate) fn is_wanted(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    #[test]
    fn durations_are_spoken() {
        let check = |seconds, expected: &str| assert_eq!(super::spoken(Duration::from_secs(seconds)), expected);
        check(0, "0s");
        check(70, "1m10s");
        check(3_600, "1h0m0s");
    }
}
