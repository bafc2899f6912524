//! The page: one HTML file that needs nothing else, no script among that.

mod gantt;
mod graph;
mod html;
mod parts;

use plan::{Action, Plan};
use sdk::Disruption;

use self::gantt::clock;
use self::html::{Section, escape, fill};
use crate::actual::Actual;
use crate::forecast::{Forecast, about, extent, word};

/// A change as it is shown elsewhere, secrets hidden.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its address.
    pub address: String,
    /// What is done; nothing is to what has changed outside.
    pub action: Option<Action>,
    /// All of it as text.
    pub text: String,
}

/// What the page shows.
pub struct Page<'a> {
    /// The command, in a word: `plan`, `apply`.
    pub operation: &'a str,
    /// The plan; of it only addresses, actions and needs are shown.
    pub plan: &'a Plan,
    /// What it is like for people.
    pub forecast: &'a Forecast,
    /// Its changes.
    pub changes: Vec<Shown>,
    /// What happens to outputs, as text; empty if nothing does.
    pub outputs: String,
    /// Nothing of it is real.
    pub is_sandbox: bool,
    /// What was done.
    pub actual: Option<&'a Actual>,
}

impl Page<'_> {
    /// Returns the page.
    pub fn html(&self) -> String {
        let sections: Vec<Section> = [
            Some(parts::summary(self)),
            self.actual.map(|actual| parts::happened(self, actual)),
            parts::graph(self),
            parts::timeline(self),
            parts::cost(self),
            Some(parts::changes(self)),
        ]
        .into_iter()
        .flatten()
        .collect();
        let heading = self.heading();
        let links: String = sections.iter().map(Section::link).collect();
        let bodies: String = sections.iter().map(Section::html).collect();
        let values = [
            ("title", format!("{heading} - Gantry")),
            ("style", include_str!("style.css").trim_end().to_owned()),
            ("heading", heading),
            ("lead", self.lead()),
            ("links", links),
            ("sections", bodies),
            ("footer", parts::footer(self)),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fill(include_str!("template.html"), &values)
    }

    fn heading(&self) -> String {
        let Some(actual) = self.actual else { return format!("Plan: {}", extent(self.plan)) };
        let what = if self.operation == "destroy" { "Destroy" } else { "Apply" };
        let has_failed = actual.problems.iter().any(|told| told.is_error);
        let end = match (has_failed, actual.is_interrupted) {
            (true, _) => ", not finished",
            (false, true) => ", interrupted",
            (false, false) => "",
        };
        let extent = if self.plan.is_empty() { extent(self.plan) } else { actual.done.done() };
        format!("{what}{end}: {extent}")
    }

    fn lead(&self) -> String {
        let disruption = match self.forecast.disruption() {
            Disruption::None => "nothing is disrupted".to_owned(),
            other => format!("disruption: {}", word(other)),
        };
        let expected = escape(&about(self.forecast.takes));
        let lead = match self.actual {
            None if self.forecast.bars.is_empty() => "Nothing is to be done.".to_owned(),
            None => format!("Expected to take {expected}; {disruption}."),
            Some(actual) => format!("Took {}, where {expected} was expected.", clock(actual.took)),
        };
        let sandbox =
            if self.is_sandbox { " In the sandbox: nothing of it is real, and nothing is billed." } else { "" };
        format!("{lead}{sandbox}")
    }
}

/// Returns what a change is marked with: a sign, a word and a class.
pub(crate) fn mark(action: Action) -> (&'static str, &'static str, &'static str) {
    match action {
        Action::NoOp => ("=", "no change", ""),
        Action::Create => ("+", "create", "add"),
        Action::Update => ("~", "change", "change"),
        Action::DeleteThenCreate => ("-/+", "replace", "remove"),
        Action::CreateThenDelete => ("+/-", "replace", "change"),
        Action::Delete => ("-", "delete", "remove"),
        Action::Read => ("<=", "read", "read"),
        Action::Forget => (".", "forget", "change"),
    }
}

#[cfg(test)]
mod style_tests;

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
