//! The forecast for programs.

use sdk::Quantity;
use serde_json::{Value as Json, json};

use crate::cost::Line;
use crate::forecast::{Forecast, Group, Steps, word};
use crate::money::Cost;

/// Returns a forecast as JSON: what stands under `gantry` in a plan's JSON. Amounts of money are texts, in USD for an hour.
pub fn json(forecast: &Forecast) -> Json {
    let prices = forecast.sources.iter().map(|(date, source)| json!({"date": date, "source": source}));
    json!({
        "expected_seconds": forecast.takes.as_secs(),
        "disruption": word(forecast.disruption()),
        "cost_per_hour": {"before": cost(&forecast.before), "after": cost(&forecast.after)},
        "clusters": forecast.groups.iter().map(group).collect::<Vec<_>>(),
        "prices": prices.collect::<Vec<_>>(),
    })
}

fn group(group: &Group) -> Json {
    let disrupting = group.disrupting.iter();
    let disrupting = disrupting.map(|(address, how)| json!({"address": address, "disruption": word(*how)}));
    json!({
        "name": if group.name.is_empty() { Json::Null } else { group.name.as_str().into() },
        "changes": group.changes,
        "disruption": word(group.disruption),
        "disrupting": disrupting.collect::<Vec<_>>(),
        "expected_seconds": group.ends.as_secs(),
        "steps": group.steps.iter().flat_map(steps).collect::<Vec<_>>(),
        "cost_per_hour": {"before": cost(&group.before), "after": cost(&group.after)},
        "items": group.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn steps(change: &Steps) -> impl Iterator<Item = Json> {
    change.steps.iter().map(|step| {
        json!({
            "address": change.address,
            "title": step.title.as_str(),
            "typical_seconds": step.typical.as_secs(),
            "disruption": word(step.disruption),
        })
    })
}

fn line(line: &Line) -> Json {
    let quantity = |quantity: &Quantity| json!({"least": quantity.least, "most": quantity.most});
    json!({
        "item": line.item,
        "region": line.region,
        "quantity": {"before": quantity(&line.before), "after": quantity(&line.after)},
        "cost_per_hour": {"before": cost(&line.cost_before), "after": cost(&line.cost_after)},
        "unknown": line.price.as_ref().err(),
    })
}

fn cost(cost: &Cost) -> Json {
    let amount = |nano: u64| format!("{}.{:09}", nano / crate::money::ONE, nano % crate::money::ONE);
    json!({
        "least": amount(cost.least.0),
        "most": cost.most.map(|most| amount(most.0)),
        "is_estimate": cost.is_estimate,
        "unknown_charges": cost.unknown,
    })
}
