//! What is under way, at the foot of a terminal: redrawn while the lines above go on.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::progress::spoken;

/// So many of the steps under way have a line each.
const LINES_MAX: usize = 12;

/// The part of a terminal that is redrawn.
pub(crate) struct Live {
    area: MultiProgress,
    whole: ProgressBar,
    steps: RefCell<BTreeMap<String, Step>>,
}

struct Step {
    said: String,
    /// What the provider said last.
    note: String,
    began: Duration,
    /// Nothing while there are enough lines.
    line: Option<ProgressBar>,
}

impl Live {
    /// Begins with nothing to see.
    pub(crate) fn new() -> Live {
        let area = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let whole = area.add(ProgressBar::new(0).with_style(style("  {wide_bar:.green} {pos}/{len} {msg}")));
        Live { area, whole, steps: RefCell::default() }
    }

    /// Says how many steps there are.
    pub(crate) fn expect(&self, steps: usize) {
        self.whole.set_length(steps as u64);
    }

    /// A step is under way.
    pub(crate) fn begin(&self, name: String, said: String, now: Duration) {
        let mut steps = self.steps.borrow_mut();
        let line = (steps.values().filter(|step| step.line.is_some()).count() < LINES_MAX).then(|| self.line(&said));
        steps.insert(name, Step { said, note: String::new(), began: now, line });
    }

    /// The provider of a step said something.
    pub(crate) fn note(&self, name: &str, text: &str) {
        if let Some(step) = self.steps.borrow_mut().get_mut(name) {
            step.note = format!(" {text}");
        }
    }

    /// A step is over; `over` are.
    pub(crate) fn end(&self, name: &str, over: usize) {
        let mut steps = self.steps.borrow_mut();
        if let Some(line) = steps.remove(name).and_then(|step| step.line) {
            line.finish_and_clear();
            self.area.remove(&line);
            if let Some(next) = steps.values_mut().find(|step| step.line.is_none()) {
                next.line = Some(self.line(&next.said));
            }
        }
        self.whole.set_position(over as u64);
    }

    fn line(&self, said: &str) -> ProgressBar {
        let line = ProgressBar::new_spinner().with_style(style("  {wide_msg}"));
        let line = self.area.insert_before(&self.whole, line);
        line.set_message(said.to_owned());
        line
    }

    /// Brings times up to date.
    pub(crate) fn tick(&self, now: Duration) {
        let steps = self.steps.borrow();
        for step in steps.values() {
            if let Some(line) = &step.line {
                line.set_message(format!("{} {}{}", step.said, spoken(now.saturating_sub(step.began)), step.note));
            }
        }
        let hidden = steps.values().filter(|step| step.line.is_none()).count();
        self.whole.set_message(if hidden > 0 { format!("and {hidden} more under way") } else { String::new() });
    }

    /// Prints above the part that is redrawn.
    pub(crate) fn above(&self, print: impl FnOnce()) {
        self.area.suspend(print);
    }

    /// Takes away what is redrawn.
    pub(crate) fn end_all(&self) {
        self.steps.borrow_mut().clear();
        self.whole.finish_and_clear();
        // A terminal that is gone has nothing to be cleared.
        let _ = self.area.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
