//! The forecast as a short table under a plan.

use std::fmt::Write;
use std::time::Duration;

use sdk::{Disruption, Quantity};

use crate::cost::Line;
use crate::forecast::{Forecast, Group, about, word};
use crate::money::Cost;

/// Returns the table; a line that is a heading is passed through `heading`.
pub fn text(forecast: &Forecast, heading: &dyn Fn(&str) -> String) -> String {
    let groups: Vec<&Group> = forecast.groups.iter().filter(|group| is_worth_a_row(group)).collect();
    let mut rows = vec![["", "Disruption", "Time", "Cost per hour now", "then"].map(str::to_owned)];
    rows.extend(groups.iter().map(|group| {
        let name = if group.name.is_empty() { "everything else".to_owned() } else { group.name.clone() };
        let costs = (group.before.to_string(), group.after.to_string());
        [name, word(group.disruption).to_owned(), about(group.ends), costs.0, costs.1]
    }));
    if groups.len() > 1 || forecast.before != groups.iter().fold(Cost::default(), |sum, group| sum.plus(group.before)) {
        let costs = (forecast.before.to_string(), forecast.after.to_string());
        let disruption = word(forecast.disruption()).to_owned();
        rows.push(["in all".to_owned(), disruption, about(forecast.takes), costs.0, costs.1]);
    }
    let mut out = String::new();
    let dates: Vec<&str> = forecast.sources.iter().map(|(date, _)| date.as_str()).collect();
    let title = format!("Outlook, by usual durations and list prices of {}:", dates.join(" and "));
    let _ = writeln!(out, "{}\n", heading(&title));
    table(&rows, "  ", &mut out);
    for group in groups {
        details(group, &mut out);
    }
    out
}

/// Tells whether people should hear of a group: of what belongs to no cluster only if it costs, disrupts or takes long.
fn is_worth_a_row(group: &Group) -> bool {
    let is_said = group.disruption != Disruption::None || !group.steps.is_empty() || !group.lines.is_empty();
    group.changes > 0 && (!group.name.is_empty() || is_said || group.ends >= Duration::from_secs(60))
}

/// Writes what makes up a cluster's row: its steps, what disrupts it, and what it pays for that changes.
fn details(group: &Group, out: &mut String) {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for change in &group.steps {
        for (place, step) in change.steps.iter().enumerate() {
            let address = if place == 0 { inside(&change.address, &group.name) } else { "" };
            let disruption = if step.disruption == Disruption::None { "" } else { word(step.disruption) };
            rows.push([address.to_owned(), step.title.to_string(), about(step.typical), disruption.to_owned()]);
        }
    }
    let has_no_steps = |address: &str| group.steps.iter().all(|change| change.address != address);
    for (address, disruption) in group.disrupting.iter().filter(|(address, _)| has_no_steps(address)) {
        rows.push([
            inside(address, &group.name).to_owned(),
            String::new(),
            String::new(),
            word(*disruption).to_owned(),
        ]);
    }
    let lines = group.lines.iter().filter(|line| line.before != line.after);
    let paid: Vec<[String; 3]> = lines.map(|line| [line.name.clone(), amounts(line), costs(line)]).collect();
    if rows.is_empty() && paid.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n  {}", if group.name.is_empty() { "everything else" } else { &group.name });
    table(&rows, "    ", out);
    table(&paid, "    ", out);
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

pub(crate) fn quantity(quantity: Quantity) -> String {
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

/// Writes rows with columns that line up.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]], indent: &str, out: &mut String) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    for row in rows {
        let mut line = indent.to_owned();
        for (cell, width) in row.iter().zip(&widths).filter(|(_, width)| **width > 0) {
            let _ = write!(line, "{cell:width$}  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
