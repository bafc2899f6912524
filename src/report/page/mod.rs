//! The page: one HTML file that needs nothing else, no script among that.

mod gantt;
mod graph;
mod html;
mod parts;

use plan::{Action, Plan};
use sdk::Disruption;

use self::html::{Section, escape, fill};
use crate::actual::Actual;
use crate::forecast::{Forecast, about, word};

/// A change as it is shown elsewhere, secrets hidden.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its address.
    pub address: String,
    /// What is done.
    pub action: Action,
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
            self.actual.map(parts::happened),
            Some(parts::graph(self)),
            Some(parts::timeline(self)),
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
        let failed = self.actual.is_some_and(|actual| actual.problems.iter().any(|told| told.is_error));
        let what = match (self.actual, self.operation) {
            (Some(_), "destroy") if failed => "Destroy, not finished",
            (Some(_), "destroy") => "Destroy",
            (Some(_), _) if failed => "Apply, not finished",
            (Some(_), _) => "Apply",
            (None, _) => "Plan",
        };
        if self.plan.is_empty() { format!("{what}: no changes") } else { format!("{what}: {}", self.plan.counts()) }
    }

    fn lead(&self) -> String {
        let disruption = match self.forecast.disruption() {
            Disruption::None => "nothing is disrupted".to_owned(),
            other => format!("disruption: {}", word(other)),
        };
        let sandbox =
            if self.is_sandbox { " In the sandbox: nothing of it is real, and nothing is billed." } else { "" };
        format!("Expected to take {}; {disruption}.{sandbox}", escape(&about(self.forecast.takes)))
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
#[path = "page_tests.rs"]
mod tests;
