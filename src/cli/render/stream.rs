//! The lines of JSON that `-json` gives while a command works: Terraform's types of lines.

use std::collections::HashMap;
use std::time::Duration;

use addr::{AbsInstance, Key};
use diag::{Diagnostics, Sources};
use lang::version::LANGUAGE_VERSION;
use plan::{Action, Change, Counts, Importing, OutputChange, Plan, Reason};
use report::Forecast;
use sdk::ImportTarget;
use serde_json::{Map, Value as Json, json};
use value::type_to_json;

use super::{json, state_json};

/// The version of the format, as Terraform counts it.
const FORMAT_VERSION: &str = "1.2";

/// A line: what it says, its type, and what else is in it.
pub(crate) struct Line {
    level: &'static str,
    message: String,
    kind: &'static str,
    fields: Vec<(&'static str, Json)>,
}

impl Line {
    /// Makes a line.
    pub(crate) fn new(kind: &'static str, message: impl Into<String>, fields: Vec<(&'static str, Json)>) -> Line {
        Line { level: "info", message: message.into(), kind, fields }
    }

    /// Adds something to it.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: Json) -> Line {
        self.fields.push((name, value));
        self
    }

    /// It tells of something bad.
    #[must_use]
    pub(crate) fn of_error(self) -> Line {
        Line { level: "error", ..self }
    }

    /// Writes the line; `now` is the time since 1970.
    pub(crate) fn text(self, now: Duration) -> String {
        let seconds = state::rfc3339(std::time::UNIX_EPOCH + Duration::from_secs(now.as_secs()));
        let timestamp = format!("{}.{:06}Z", seconds.trim_end_matches('Z'), now.subsec_micros());
        let mut object = Map::new();
        object.insert("@level".into(), self.level.into());
        object.insert("@message".into(), self.message.into());
        object.insert("@module".into(), "gantry.ui".into());
        object.insert("@timestamp".into(), timestamp.into());
        object.extend(self.fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        object.insert("type".into(), self.kind.into());
        json::compact(&object.into())
    }
}

/// The first line.
pub(crate) fn version() -> Line {
    let ours = lang::version::PROGRAM_VERSION;
    let fields = vec![("gantry", ours.into()), ("terraform", LANGUAGE_VERSION.into()), ("ui", FORMAT_VERSION.into())];
    Line::new("version", format!("Gantry {ours}"), fields)
}

/// A line for each diagnostic.
pub(crate) fn diagnostics(sources: &Sources, diagnostics: &Diagnostics) -> Vec<Line> {
    let described = json::all(sources, diagnostics);
    let line = |(diagnostic, json): (&diag::Diagnostic, Json)| {
        let (level, word) = if diagnostic.is_error() { ("error", "Error") } else { ("warn", "Warning") };
        let message = format!("{word}: {}", diagnostic.summary);
        Line { level, message, kind: "diagnostic", fields: vec![("diagnostic", json)] }
    };
    diagnostics.iter().zip(described).map(line).collect()
}

/// The lines of a plan.
pub(crate) fn plan(plan: &Plan) -> Vec<Line> {
    let mut lines = Vec::new();
    for drift in plan.drift.iter().filter(|drift| drift.is_visible()) {
        let word = if drift.after.is_null() { "delete" } else { "update" };
        let change = json!({ "resource": resource(&drift.address), "action": word });
        let message = format!("{}: Drift detected ({word})", drift.address);
        lines.push(Line::new("resource_drift", message, vec![("change", change)]));
    }
    lines.extend(changes(plan, |_| true));
    for deferred in &plan.deferred {
        let word = action(deferred.change.action);
        let described = json!({ "resource": resource(&deferred.change.address), "action": word });
        let message = format!("{}: Deferred, to {word}", deferred.pattern);
        let reason = json!(deferred_reason(deferred.wait));
        lines.push(Line::new("deferred_change", message, vec![("change", described), ("reason", reason)]));
    }
    lines.push(summary(plan.counts(), "plan"));
    if !plan.outputs.is_empty() {
        let outputs: Map<String, Json> = plan.outputs.iter().map(planned_output).collect();
        let message = format!("Outputs: {}", outputs.len());
        lines.push(Line::new("outputs", message, vec![("outputs", outputs.into())]));
    }
    lines
}

/// The line that says what a plan is like for people; Terraform has none, and its readers pass over types that they do not know.
pub(crate) fn outlook(forecast: &Forecast) -> Line {
    let (takes, disruption) = (report::about(forecast.takes), report::word(forecast.disruption()));
    let (before, after) = (forecast.before, forecast.after);
    let message =
        format!("Outlook: takes {takes}; disruption: {disruption}; cost per hour: {before} now, {after} then.");
    Line::new("outlook", message, vec![("outlook", report::json(forecast))])
}

/// The lines of a plan that is carried out as it was saved: what it does to objects, mere moves left out.
pub(crate) fn saved_plan(plan: &Plan) -> Vec<Line> {
    changes(plan, |change| !change.is_nothing())
}

fn changes(plan: &Plan, is_told: impl Fn(&Change) -> bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let previous: HashMap<&AbsInstance, &AbsInstance> =
        plan.moves.iter().map(|moved| (&moved.to, &moved.from)).collect();
    for change in plan.changes.iter().filter(|change| is_told(change)) {
        let previous = previous.get(&change.address).filter(|_| change.deposed.is_none());
        let word = match (change.action, previous) {
            (Action::NoOp, _) if change.importing.is_some() => "import",
            (Action::NoOp, None) => continue,
            (Action::NoOp, Some(_)) => "move",
            (other, _) => action(other),
        };
        let mut described = json!({ "resource": resource(&change.address), "action": word });
        if let Some(previous) = previous {
            described["previous_resource"] = resource(previous);
        }
        if let Some(reason) = reason(change) {
            described["reason"] = reason.into();
        }
        if let Some(importing) = &change.importing {
            described["importing"] = self::importing(importing);
            let generated = plan.generated.iter().find(|generated| generated.address == change.address);
            if let Some(generated) = generated {
                described["generated_config"] = generated.text.as_str().into();
            }
        }
        let message = format!("{}: Plan to {word}", change.address);
        lines.push(Line::new("planned_change", message, vec![("change", described)]));
    }
    lines
}

/// Returns the word for what something waits for, as in the JSON of plans.
pub(crate) fn deferred_reason(wait: plan::Wait) -> &'static str {
    match wait {
        plan::Wait::Instances => "instance_count_unknown",
        plan::Wait::Config => "resource_config_unknown",
        plan::Wait::ProviderConfig => "provider_config_unknown",
        plan::Wait::Prerequisite => "absent_prereq",
        plan::Wait::Other => "deferred_prereq",
    }
}

/// How many objects are, or were, added, changed and destroyed.
pub(crate) fn summary(counts: Counts, operation: &str) -> Line {
    let Counts { import, add, change, destroy } = counts;
    let message = match operation {
        "plan" => format!("Plan: {counts}."),
        "destroy" => format!("Destroy complete! Resources: {destroy} destroyed."),
        _ => format!("Apply complete! Resources: {}.", counts.done()),
    };
    let changes = json!({ "add": add, "change": change, "import": import, "remove": destroy, "operation": operation });
    Line::new("change_summary", message, vec![("changes", changes)])
}

/// The outputs after an apply; sensitive ones are there without their values.
pub(crate) fn outputs(state: &state::State) -> Line {
    let output = |(name, output): (&ecow::EcoString, &state::Output)| {
        let mut described = json!({ "sensitive": output.is_sensitive, "type": type_to_json(&output.ty) });
        if !output.is_sensitive {
            described["value"] = state_json::plain(&output.value);
        }
        (name.to_string(), described)
    };
    let outputs: Map<String, Json> = state.outputs.iter().map(output).collect();
    Line::new("outputs", format!("Outputs: {}", outputs.len()), vec![("outputs", outputs.into())])
}

/// What happens to an object during an apply.
pub(crate) struct Hook<'a> {
    /// The object's instance.
    pub(crate) address: &'a AbsInstance,
    /// What is done to it.
    pub(crate) action: &'static str,
    /// Its id, if it has one that may be shown.
    pub(crate) id: Option<String>,
    /// How long it has been going on.
    pub(crate) elapsed: Option<Duration>,
}

impl Hook<'_> {
    /// Returns the line of a type.
    pub(crate) fn line(self, kind: &'static str, message: String) -> Line {
        let mut hook = json!({ "resource": resource(self.address), "action": self.action });
        if let Some(id) = self.id {
            hook["id_key"] = "id".into();
            hook["id_value"] = id.into();
        }
        if let Some(elapsed) = self.elapsed {
            hook["elapsed_seconds"] = elapsed.as_secs().into();
        }
        Line::new(kind, message, vec![("hook", hook)])
    }
}

/// A stored object is looked at, or has been.
pub(crate) fn refresh(address: &AbsInstance, is_done: bool, id: Option<String>) -> Line {
    let shown = id.as_ref().map(|id| format!(" [id={id}]")).unwrap_or_default();
    let (kind, message) = match is_done {
        false => ("refresh_start", format!("{address}: Refreshing state...{shown}")),
        true => ("refresh_complete", format!("{address}: Refresh complete{shown}")),
    };
    let mut hook = json!({ "resource": resource(address) });
    if let Some(id) = id {
        hook["id_key"] = "id".into();
        hook["id_value"] = id.into();
    }
    Line::new(kind, message, vec![("hook", hook)])
}

/// A provisioner does something.
pub(crate) fn provision(
    kind: &'static str,
    message: String,
    address: &AbsInstance,
    provisioner: &str,
    output: Option<&str>,
) -> Line {
    let mut hook = json!({ "resource": resource(address), "provisioner": provisioner });
    if let Some(output) = output {
        hook["output"] = output.into();
    }
    Line::new(kind, message, vec![("hook", hook)])
}

/// Something to be told that has no type of its own.
pub(crate) fn log(message: String) -> Line {
    Line::new("log", message, Vec::new())
}

/// Something that `init` says, with Terraform's code for it.
pub(crate) fn init(code: &str, message: impl Into<String>) -> Line {
    Line::new("init_output", message, vec![("message_code", code.into())])
}

fn resource(address: &AbsInstance) -> Json {
    let resource = &address.resource.resource;
    let relative = AbsInstance {
        resource: addr::AbsResource { module: addr::ModuleInstance::default(), resource: resource.clone() },
        key: address.key.clone(),
    };
    json!({
        "addr": address.to_string(),
        "module": address.resource.module.to_string(),
        "resource": relative.to_string(),
        "implied_provider": resource.implied_provider(),
        "resource_type": resource.kind.as_str(),
        "resource_name": resource.name.as_str(),
        "resource_key": address.key.as_ref().map_or(Json::Null, state_json::key_json),
    })
}

fn action(action: Action) -> &'static str {
    match action {
        Action::NoOp => "noop",
        Action::Create => "create",
        Action::Update => "update",
        Action::DeleteThenCreate | Action::CreateThenDelete => "replace",
        Action::Delete => "delete",
        Action::Read => "read",
        Action::Forget => "remove",
    }
}

fn reason(change: &Change) -> Option<&'static str> {
    Some(match (change.reason, &change.address.key) {
        (Reason::CannotUpdate, _) => "cannot_update",
        (Reason::Tainted, _) => "tainted",
        (Reason::Requested, _) => "requested",
        (Reason::Triggered, _) => "replace_triggered_by",
        _ => return common_reason(change),
    })
}

/// Returns the word for why an object is deleted or read late: the same in lines and in the JSON of plans, which have
/// words of their own for why one is replaced.
pub(crate) fn common_reason(change: &Change) -> Option<&'static str> {
    Some(match (change.reason, &change.address.key) {
        (Reason::NoResource, _) => "delete_because_no_resource_config",
        (Reason::ConfigUnknown, _) => "read_because_config_unknown",
        (Reason::DependencyPending, _) => "read_because_dependency_pending",
        (Reason::NoMoveTarget, _) => "delete_because_no_move_target",
        (Reason::NoModule, _) => "delete_because_no_module",
        (Reason::NoKey, Some(Key::Number(_))) => "delete_because_count_index",
        (Reason::NoKey, Some(Key::Name(_))) => "delete_because_each_key",
        (Reason::WrongRepetition, _) => "delete_because_wrong_repetition",
        _ => return None,
    })
}

/// What an object that is imported is found by.
pub(crate) fn importing(importing: &Importing) -> Json {
    match &importing.target {
        _ if importing.is_sensitive => json!({}),
        None => json!({ "unknown": true }),
        Some(ImportTarget::Id(id)) => json!({ "id": id.as_str() }),
        Some(ImportTarget::Identity(identity)) => json!({ "identity": state_json::plain(identity) }),
    }
}

fn planned_output(output: &OutputChange) -> (String, Json) {
    let action = match (&output.before, &output.after) {
        _ if output.is_same() => "noop",
        (None, _) => "create",
        (_, None) => "delete",
        _ => "update",
    };
    (output.name.to_string(), json!({ "sensitive": output.is_sensitive, "action": action }))
}
