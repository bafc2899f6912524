//! What a user may want to do after an apply that made a cluster: how to reach it, and what to look at.

use addr::AbsInstance;
use engine::Report;
use serde_json::Value as Json;

use crate::{Session, clusters, environment};

/// Returns the commands, with what each is for; nothing if no cluster was made.
pub(crate) fn text(session: &Session, report: &Report) -> String {
    let made: Vec<&AbsInstance> =
        clusters::changed(report, plan::Action::Create).map(|change| &change.address).collect();
    if made.is_empty() {
        return String::new();
    }
    let commands = if session.environment.simulated().is_some() { in_sandbox() } else { kubeconfigs(report, &made) };
    let width = commands.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    let lines = commands.iter().map(|(command, what)| format!("  {command:width$}  # {what}\n"));
    // The commands are for the folder that this one ran in.
    let folder = environment::current_directory().unwrap_or_default();
    let elsewhere = folder.strip_prefix(&session.started_in).unwrap_or(&folder).display().to_string();
    let place = if elsewhere.is_empty() { String::new() } else { format!(", in {elsewhere}") };
    format!("\nNext{place}:\n{}", lines.collect::<String>())
}

fn in_sandbox() -> Vec<(String, &'static str)> {
    let commands = [
        ("gantry plan -sandbox", "finds nothing to do"),
        ("gantry sandbox status", "what there is"),
        ("gantry sandbox serve &", "lets others in:"),
        ("eval \"$(gantry sandbox env)\"; kubectl get pods -A", "kubectl, for one"),
        ("gantry destroy -sandbox", "takes all of it away"),
    ];
    commands.map(|(command, what)| (command.to_owned(), what)).into()
}

fn kubeconfigs(report: &Report, made: &[&AbsInstance]) -> Vec<(String, &'static str)> {
    let mut commands = Vec::new();
    for address in made {
        let object = report.state.instance(address).and_then(|instance| instance.current.as_ref());
        let attributes: Option<Json> = object.and_then(|object| serde_json::from_str(&object.attributes.json()).ok());
        let Some(attributes) = attributes else { continue };
        // arn:aws:eks:REGION:ACCOUNT:cluster/NAME
        let region = attributes["arn"].as_str().and_then(|arn| arn.split(':').nth(3));
        if let Some((name, region)) = attributes["name"].as_str().zip(region) {
            let command = format!("gantry kubeconfig -cluster-name={name} -region={region}");
            commands.push((command, "a context for kubectl, which gets its tokens from gantry"));
        }
    }
    commands
}
