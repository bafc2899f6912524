//! Ephemeral resources that are open: opened when somebody needs them, renewed in time, closed in reverse.
//!
//! What they hold lives as long as a phase of a run, planning or applying, and is written down nowhere.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use addr::AbsInstance;
use diag::{Diagnostic, Diagnostics};
use ecow::EcoString;
use sdk::{Call, CloseRequest, OpenRequest, Problem, Provider, RenewRequest, RenewResponse, Runtime};
use value::Value;

/// How long before its time something is renewed, at most: the call itself takes time, and clocks differ.
const HEAD_START_MAX: Duration = Duration::from_secs(10);

/// What is done with an ephemeral resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is opened.
    Open,
    /// It is kept open for longer.
    Renew,
    /// It is closed.
    Close,
}

/// How far an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It begins.
    Started,
    /// It has ended well.
    Ended(Duration),
    /// It has failed.
    Failed(Duration),
}

/// Is told what happens to ephemeral resources.
pub trait Watcher {
    /// Something happened.
    fn see(&self, address: &AbsInstance, operation: Operation, stage: Stage);
}

/// What came of opening something.
pub enum Opened {
    /// What it holds.
    Value(Value),
    /// It has to wait until more is known.
    Later,
    /// It could not be opened, for which there is an error.
    Failed(Vec<Problem>),
}

/// Ephemeral resources of a run.
pub struct Ephemerals<'a> {
    watcher: &'a dyn Watcher,
    runtime: Arc<dyn Runtime>,
    open: RefCell<Vec<Session>>,
    diags: RefCell<Diagnostics>,
}

/// Something that is open.
struct Session {
    address: AbsInstance,
    kind: EcoString,
    provider: Arc<dyn Provider>,
    private: Vec<u8>,
    /// When to renew it.
    due: Option<Duration>,
}

/// A time, and what ends then.
type Pause = (Duration, Call<'static, ()>);

type Renewing<'f> = Pin<Box<dyn Future<Output = (AbsInstance, Duration, RenewResponse)> + 'f>>;

impl<'a> Ephemerals<'a> {
    /// Begins with nothing open.
    pub fn new(watcher: &'a dyn Watcher, runtime: Arc<dyn Runtime>) -> Ephemerals<'a> {
        Ephemerals { watcher, runtime, open: RefCell::default(), diags: RefCell::default() }
    }

    /// Opens something; problems that are no errors are returned with what it holds.
    pub async fn open(
        &self,
        address: &AbsInstance,
        provider: Arc<dyn Provider>,
        request: OpenRequest,
    ) -> (Opened, Vec<Problem>) {
        let kind = request.kind.clone();
        self.watcher.see(address, Operation::Open, Stage::Started);
        let begin = self.runtime.now();
        let response = provider.open(request).await;
        let now = self.runtime.now();
        let took = now.saturating_sub(begin);
        if response.problems.iter().any(Problem::is_error) {
            self.watcher.see(address, Operation::Open, Stage::Failed(took));
            return (Opened::Failed(response.problems), Vec::new());
        }
        self.watcher.see(address, Operation::Open, Stage::Ended(took));
        if response.deferred.is_some() {
            return (Opened::Later, response.problems);
        }
        let due = response.renew_at.map(|latest| due(now, latest));
        let session = Session { address: address.clone(), kind, provider, private: response.private, due };
        self.open.borrow_mut().push(session);
        (Opened::Value(response.result), response.problems)
    }

    /// Works, and meanwhile renews what is open in time.
    pub async fn alongside<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut renewing: Option<Renewing<'_>> = None;
        let mut pause: Option<Pause> = None;
        let mut result = None;
        poll_fn(|context| {
            if result.is_none()
                && let Poll::Ready(done) = work.as_mut().poll(context)
            {
                result = Some(done);
            }
            // A renewal that is under way is waited for, so that its outcome is known when everything is closed.
            while let Some(call) = &mut renewing {
                let Poll::Ready((address, began, response)) = call.as_mut().poll(context) else { return Poll::Pending };
                self.renewed(&address, began, response);
                renewing = None;
            }
            if let Some(done) = result.take() {
                return Poll::Ready(done);
            }
            self.wait(context, &mut pause, &mut renewing)
        })
        .await
    }

    /// Begins what is due, or sees to it that somebody wakes us when it is.
    fn wait<'f, T>(
        &'f self,
        context: &mut Context<'_>,
        pause: &mut Option<Pause>,
        renewing: &mut Option<Renewing<'f>>,
    ) -> Poll<T> {
        loop {
            let Some((due, place)) = self.next() else { return Poll::Pending };
            let now = self.runtime.now();
            if due <= now {
                *renewing = Some(Box::pin(self.renew(place)));
                // It is polled with everything else.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if pause.as_ref().is_none_or(|(until, _)| *until != due) {
                *pause = Some((due, self.runtime.sleep(due - now)));
            }
            let is_over = pause.as_mut().is_some_and(|(_, sleep)| sleep.as_mut().poll(context).is_ready());
            if !is_over {
                return Poll::Pending;
            }
            *pause = None;
        }
    }

    /// Returns what is to be renewed next, and when.
    fn next(&self) -> Option<(Duration, usize)> {
        let open = self.open.borrow();
        open.iter().enumerate().filter_map(|(place, session)| Some((session.due?, place))).min()
    }

    async fn renew(&self, place: usize) -> (AbsInstance, Duration, RenewResponse) {
        let (address, provider, request) = {
            let mut open = self.open.borrow_mut();
            let session = &mut open[place];
            session.due = None;
            let request = RenewRequest { kind: session.kind.clone(), private: session.private.clone() };
            (session.address.clone(), session.provider.clone(), request)
        };
        self.watcher.see(&address, Operation::Renew, Stage::Started);
        let begin = self.runtime.now();
        let response = provider.renew(request).await;
        (address, begin, response)
    }

    fn renewed(&self, address: &AbsInstance, began: Duration, response: RenewResponse) {
        let now = self.runtime.now();
        let failed = response.problems.iter().any(Problem::is_error);
        let took = now.saturating_sub(began);
        let stage = if failed { Stage::Failed(took) } else { Stage::Ended(took) };
        self.watcher.see(address, Operation::Renew, stage);
        if let Some(session) = self.open.borrow_mut().iter_mut().find(|session| session.address == *address) {
            session.private = response.private;
            session.due = response.renew_at.filter(|_| !failed).map(|latest| due(now, latest));
        }
        self.report(address, response.problems);
    }

    /// Closes everything that is open, what was opened last first, and returns all that went wrong since the last time.
    pub async fn close_all(&self) -> Diagnostics {
        loop {
            let Some(session) = self.open.borrow_mut().pop() else { break };
            let Session { address, kind, provider, private, .. } = session;
            self.watcher.see(&address, Operation::Close, Stage::Started);
            let begin = self.runtime.now();
            let response = provider.close(CloseRequest { kind, private }).await;
            let took = self.runtime.now().saturating_sub(begin);
            let failed = response.problems.iter().any(Problem::is_error);
            let stage = if failed { Stage::Failed(took) } else { Stage::Ended(took) };
            self.watcher.see(&address, Operation::Close, stage);
            self.report(&address, response.problems);
        }
        self.diags.take()
    }

    fn report(&self, address: &AbsInstance, problems: Vec<Problem>) {
        for problem in problems {
            let mut diagnostic: Diagnostic = crate::problems::diagnostic(problem, None);
            diagnostic.address = Some(address.to_string());
            self.diags.borrow_mut().push(diagnostic);
        }
    }
}

/// Returns when to renew what must be renewed at the latest at some time.
fn due(now: Duration, latest: Duration) -> Duration {
    let head_start = (latest.saturating_sub(now) / 10).min(HEAD_START_MAX);
    latest.saturating_sub(head_start)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Arc;
    use std::time::Duration;

    use addr::AbsInstance;
    use sdk::schema::Schema;
    use sdk::{
        Call, CloseRequest, CloseResponse, Context, Definition, EphemeralType, NoConfiguration, OpenRequest,
        OpenResponse, Problem, Provider, RenewRequest, RenewResponse, Runtime, Simulation, answer,
    };
    use value::Value;

    use super::{Ephemerals, Opened, Operation, Stage, Watcher};

    /// Something that is good for a hundred seconds each time; the third renewal fails.
    struct Token;

    impl EphemeralType for Token {
        fn name(&self) -> &'static str {
            "t_token"
        }

        fn schema(&self) -> Schema {
            Schema::default()
        }

        fn open<'a>(&'a self, context: Context<'a>, request: OpenRequest) -> Call<'a, OpenResponse> {
            let renew_at = Some(context.runtime.now() + Duration::from_secs(100));
            answer(OpenResponse { private: b"0".to_vec(), renew_at, ..OpenResponse::new(request.config) })
        }

        fn renew<'a>(&'a self, context: Context<'a>, request: RenewRequest) -> Call<'a, RenewResponse> {
            let private = vec![request.private[0] + 1];
            let problems = if private == b"3" { vec![Problem::error("No more", "")] } else { Vec::new() };
            let renew_at = Some(context.runtime.now() + Duration::from_secs(100));
            Box::pin(async move {
                context.runtime.sleep(Duration::from_secs(2)).await;
                RenewResponse { private, renew_at, problems }
            })
        }

        fn close<'a>(&'a self, _: Context<'a>, request: CloseRequest) -> Call<'a, CloseResponse> {
            let text = String::from_utf8_lossy(&request.private).into_owned();
            answer(CloseResponse { problems: vec![Problem::warning("Closed", text)] })
        }
    }

    struct Diary {
        runtime: Simulation,
        begin: Duration,
        lines: RefCell<Vec<String>>,
    }

    impl Watcher for Diary {
        fn see(&self, address: &AbsInstance, operation: Operation, stage: Stage) {
            let seconds = (self.runtime.now() - self.begin).as_secs();
            if matches!(stage, Stage::Started | Stage::Failed(_)) {
                let name = &address.resource.resource.name;
                let word = if stage == Stage::Started { "" } else { " failed" };
                self.lines.borrow_mut().push(format!("{seconds} {operation:?} {name}{word}"));
            }
        }
    }

    /// Opens two things one after the other and works for a while.
    #[track_caller]
    fn check(work_seconds: u64, expected: &[&str], said: &[&str]) {
        let runtime = Simulation::new(1);
        let diary = Diary { begin: runtime.now(), runtime: runtime.clone(), lines: RefCell::default() };
        let definition = Definition {
            source: "example.com/t/t",
            configuration: Box::new(NoConfiguration),
            resources: vec![],
            data_sources: vec![],
            ephemerals: vec![Box::new(Token)],
            functions: vec![],
        };
        let provider: Arc<dyn Provider> = Arc::from(definition.into_provider());
        let ephemerals = Ephemerals::new(&diary, runtime.runtime());
        let open = async |name: &str| {
            let address = state::parse_instance(&format!("ephemeral.t_token.{name}")).expect("an address");
            let config = Value::object::<&str>([]);
            let request = OpenRequest { kind: "t_token".into(), config, deferral_allowed: false };
            let (opened, _) = ephemerals.open(&address, provider.clone(), request).await;
            assert!(matches!(opened, Opened::Value(_)), "{name} does not open");
        };
        let run = async {
            let runtime = runtime.runtime();
            let request = sdk::ConfigureRequest {
                config: Value::object::<&str>([]),
                version: "0".into(),
                deferral_allowed: false,
                runtime: runtime.clone(),
            };
            provider.configure(request).await;
            let work = async {
                open("a").await;
                runtime.sleep(Duration::from_secs(50)).await;
                open("b").await;
                runtime.sleep(Duration::from_secs(work_seconds)).await;
            };
            ephemerals.alongside(work).await;
            ephemerals.close_all().await
        };
        let diags = runtime.run(run).expect("it ends");
        assert_eq!(*diary.lines.borrow(), expected);
        let found: Vec<String> = diags.iter().map(|found| format!("{} {}", found.summary, found.detail)).collect();
        assert_eq!(found, said);
    }

    #[test]
    fn what_is_open_is_closed_in_reverse() {
        check(1, &["0 Open a", "50 Open b", "51 Close b", "51 Close a"], &["Closed 0", "Closed 0"]);
    }

    #[test]
    fn what_stays_open_is_renewed_before_its_time() {
        let expected =
            ["0 Open a", "50 Open b", "90 Renew a", "140 Renew b", "180 Renew a", "182 Close b", "182 Close a"];
        check(131, &expected, &["Closed 1", "Closed 2"]);
    }

    #[test]
    fn what_could_not_be_renewed_is_said_and_left() {
        let expected = [
            "0 Open a",
            "50 Open b",
            "90 Renew a",
            "140 Renew b",
            "180 Renew a",
            "230 Renew b",
            "270 Renew a",
            "272 Renew a failed",
            "300 Close b",
            "300 Close a",
        ];
        check(250, &expected, &["No more ", "Closed 2", "Closed 3"]);
    }
}
