//! A plan as people read it.

use std::fmt::Write;

use lang::print::print_value;
use plan::{Action, Change, Plan, Reason};
use value::{Kind, Value};

/// Returns the text of a plan.
pub(crate) fn text(plan: &Plan) -> String {
    let mut out = String::new();
    for change in plan.changes.iter().filter(|change| change.action != Action::NoOp) {
        one(change, &mut out);
    }
    let counts = plan.counts();
    if plan.is_empty() {
        out.push_str("No changes. Your infrastructure matches the configuration.\n");
    } else {
        let _ =
            writeln!(out, "Plan: {} to add, {} to change, {} to destroy.", counts.add, counts.change, counts.destroy);
    }
    outputs(plan, &mut out);
    out
}

fn one(change: &Change, out: &mut String) {
    let (phrase, sign) = match change.action {
        Action::NoOp => return,
        Action::Create => ("will be created", "+"),
        Action::Update => ("will be updated in-place", "~"),
        Action::DeleteThenCreate => ("must be replaced", "-/+"),
        Action::CreateThenDelete => ("must be replaced", "+/-"),
        Action::Delete => ("will be destroyed", "-"),
        Action::Read => ("will be read during apply", "<="),
        Action::Forget => ("will no longer be managed", "."),
    };
    let phrase = if change.reason == Reason::Tainted { "is tainted, so must be replaced" } else { phrase };
    let resource = &change.address.resource.resource;
    let deposed = change.deposed.map(|key| format!(" (deposed object {key})")).unwrap_or_default();
    let _ = writeln!(out, "  # {}{deposed} {phrase}", change.address);
    let _ = writeln!(out, "{sign:>3} {} \"{}\" \"{}\" {{", resource.mode.block(), resource.kind, resource.name);
    attributes(change, out);
    out.push_str("    }\n\n");
}

fn attributes(change: &Change, out: &mut String) {
    let before = object(&change.before);
    let after = object(&change.after);
    let mut names: Vec<&str> = before.iter().chain(&after).map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
    let find = |list: &[(&str, Value)], name: &str| {
        let found = list.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        found.unwrap_or(Value::NULL)
    };
    for name in names {
        let (old, new) = (find(&before, name), find(&after, name));
        if old.is_null() && new.is_null() {
            continue;
        }
        let forces = change
            .replaces
            .iter()
            .any(|path| matches!(path.0.first(), Some(value::PathStep::Attribute(first)) if first == name));
        let note = if forces { " # forces replacement" } else { "" };
        let line = match (old.is_null(), new.is_null()) {
            (true, _) => format!("+ {name:width$} = {}", shown(&new)),
            (false, true) => format!("- {name:width$} = {}", shown(&old)),
            _ if old == new => format!("  {name:width$} = {}", shown(&new)),
            _ => format!("~ {name:width$} = {} -> {}", shown(&old), shown(&new)),
        };
        let _ = writeln!(out, "      {line}{note}");
    }
}

fn object(value: &Value) -> Vec<(&str, Value)> {
    match value.kind() {
        Kind::Object(object) => object.iter().map(|(name, value)| (name.as_str(), value.clone())).collect(),
        _ => Vec::new(),
    }
}

fn shown(value: &Value) -> String {
    print_value(value).replace('\n', "\n          ")
}

fn outputs(plan: &Plan, out: &mut String) {
    let mut lines = String::new();
    for output in plan.outputs.iter().filter(|output| output.before != output.after) {
        let hidden = |value: &Option<Value>| match value {
            _ if output.is_sensitive => "(sensitive value)".to_owned(),
            Some(value) => shown(value),
            None => "null".to_owned(),
        };
        let sign = match (&output.before, &output.after) {
            (None, _) => "+",
            (_, None) => "-",
            _ => "~",
        };
        let _ = writeln!(lines, "  {sign} {} = {}", output.name, hidden(&output.after));
    }
    if !lines.is_empty() {
        let _ = write!(out, "\nChanges to Outputs:\n{lines}");
    }
}

/// Returns the `id` of an object, if it has one that may be shown.
pub(crate) fn id(value: &Value) -> Option<String> {
    match value.kind() {
        Kind::Object(object) => {
            let id = object.get("id")?;
            id.marks().is_empty().then(|| id.as_str().map(str::to_owned)).flatten()
        }
        _ => None,
    }
}
