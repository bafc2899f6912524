//! The forecast as tables of words: what stands under a plan as text, and in a summary of it as Markdown.

use std::time::Duration;

use sdk::{Disruption, OutlookStep, Quantity};

use crate::cost::{self, Line};
use crate::forecast::{Forecast, Group, about, word};
use crate::money::Cost;

/// What the columns of the overview are called; the first one has the clusters.
pub const COLUMNS: [&str; 5] = ["", "Disruption", "Time", "Cost per hour now", "then"];

/// The forecast as tables of words.
#[derive(Clone, Debug)]
pub struct Tables {
    /// What the figures go by, in a sentence without its end.
    pub title: String,
    /// A row for each cluster, and one for all.
    pub overview: Vec<[String; COLUMNS.len()]>,
    /// What makes up the rows of clusters.
    pub details: Vec<Details>,
}

/// What makes up a cluster's row.
#[derive(Clone, Debug)]
pub struct Details {
    /// What the cluster is called.
    pub name: String,
    /// Its steps and what disrupts it: address, what is done, how long that takes, what it disrupts.
    pub steps: Vec<[String; 4]>,
    /// What it pays for that changes: what, how much, what that costs.
    pub paid: Vec<[String; 3]>,
}

impl Tables {
    /// Puts a forecast into words.
    pub fn of(forecast: &Forecast) -> Tables {
        let groups: Vec<&Group> = forecast.groups.iter().filter(|group| is_worth_a_row(group)).collect();
        let row = |name: &str, disruption, takes, (before, after): (Cost, Cost)| {
            [name.to_owned(), word(disruption).to_owned(), about(takes), before.to_string(), after.to_string()]
        };
        let of_group = |group: &&Group| row(group.title(), group.disruption, group.ends, (group.before, group.after));
        let mut overview: Vec<_> = groups.iter().map(of_group).collect();
        let shown = groups.iter().fold(Cost::default(), |sum, group| sum.plus(group.before));
        if groups.len() > 1 || forecast.before != shown {
            let costs = (forecast.before, forecast.after);
            overview.push(row("in all", forecast.disruption(), forecast.takes, costs));
        }
        let dates: Vec<&str> = forecast.sources.iter().map(|(date, _)| date.as_str()).collect();
        let title = format!("Outlook, by usual durations and list prices of {}", dates.join(" and "));
        let details = groups.into_iter().map(Details::of).filter(|details| !details.is_empty()).collect();
        Tables { title, overview, details }
    }
}

/// Tells whether people should hear of a group: of what belongs to no cluster only if it costs, disrupts or takes long.
fn is_worth_a_row(group: &Group) -> bool {
    let is_said = group.disruption != Disruption::None || !group.steps.is_empty() || !group.lines.is_empty();
    group.changes > 0 && (!group.name.is_empty() || is_said || group.ends >= Duration::from_secs(60))
}

impl Details {
    fn of(group: &Group) -> Details {
        let mut steps: Vec<[String; 4]> = Vec::new();
        for change in &group.steps {
            for (place, step) in change.steps.iter().enumerate() {
                let address = if place == 0 { inside(&change.address, &group.name) } else { "" };
                let disruption = if step.disruption == Disruption::None { "" } else { word(step.disruption) };
                steps.push([address.to_owned(), step.title.to_string(), takes(step), disruption.to_owned()]);
            }
        }
        for (address, disruption) in group.disrupting_at_once() {
            let address = inside(address, &group.name).to_owned();
            steps.push([address, String::new(), String::new(), word(disruption).to_owned()]);
        }
        let lines = cost::told(&group.lines).into_iter().filter(|line| line.before != line.after);
        let paid = lines.map(|line| [line.name.clone(), amounts(&line), costs(&line)]).collect();
        Details { name: group.title().to_owned(), steps, paid }
    }

    fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.paid.is_empty()
    }
}

/// Says how long a step takes; one that is done beside another takes no time of its own.
pub(crate) fn takes(step: &OutlookStep) -> String {
    if step.typical.is_zero() { "meanwhile".to_owned() } else { about(step.typical) }
}

/// Returns an address as seen from inside its cluster.
pub(crate) fn inside<'a>(address: &'a str, cluster: &str) -> &'a str {
    let rest = address.strip_prefix(cluster).and_then(|rest| rest.strip_prefix('.'));
    rest.filter(|_| !cluster.is_empty()).unwrap_or(address)
}

/// Returns how much there is and will be: `2 -> 4`, `2 to 10`, `60 GB`.
pub(crate) fn amounts(line: &Line) -> String {
    let none = Quantity::exactly(0);
    let unit = if line.is_by_gigabyte { " GB" } else { "" };
    match (line.before, line.after) {
        (before, after) if before == after => format!("{}{unit}", quantity(after)),
        (before, after) if before == none => format!("{}{unit}", quantity(after)),
        (before, after) => format!("{} -> {}{unit}", quantity(before), quantity(after)),
    }
}

fn quantity(quantity: Quantity) -> String {
    match quantity {
        Quantity::UNKNOWN => "unknown".to_owned(),
        Quantity { least, most: None } => format!("{least} or more"),
        Quantity { least, most: Some(most) } if least == most => least.to_string(),
        Quantity { least, most: Some(most) } => format!("{least} to {most}"),
    }
}

/// Returns what it costs and will cost, or why that is not known.
fn costs(line: &Line) -> String {
    match &line.price {
        Err(why) => format!("unknown: {why}"),
        Ok(_) if line.before == Quantity::exactly(0) => line.cost_after.to_string(),
        Ok(_) => format!("{} -> {}", line.cost_before, line.cost_after),
    }
}
