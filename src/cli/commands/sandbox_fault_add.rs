//! `sandbox fault add`: something that goes wrong from now on.

use serde_json::{Value as Json, json};

use super::Run;
use super::sandbox_fault_list::describe;
use crate::sandboxes::{Asked, FolderArgs};
use crate::{Exit, Session};

/// Let something go wrong in the sandbox from now on.
///
/// The effect is one of: error=CODE or error=CODE:STATUS (the service answers with this error), throttle (too many requests),
/// latency=MILLISECONDS, reset-before (the connection breaks before anything is done), reset-after (it breaks when everything
/// is done), stuck (what the request begins never ends).
///
/// Or something is done behind the user's back, just before the request: delete=TYPE or delete=TYPE:NAME (someone deletes this
/// object, or one by chance), change=TYPE:NAME#/POINTER=JSON (someone changes it), upgrade or upgrade=CLUSTER (EKS begins to
/// move the cluster to the next version). The types are those of gantry sandbox status.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    folder: FolderArgs,

    /// Only requests to this service: eks, ec2, kubernetes, ...
    #[arg(long, value_name = "NAME")]
    service: Option<String>,

    /// Only this operation: CreateCluster, "list pods"; a star at the end stands for any further text.
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,

    /// Only so many requests.
    #[arg(long, value_name = "N")]
    times: Option<u32>,

    /// Only so many requests of a hundred, by chance.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    percent: Option<u8>,

    /// What happens.
    #[arg(value_name = "EFFECT", value_parser = effect)]
    effect: Json,
}

fn effect(text: &str) -> Result<Json, String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    match (name, value) {
        ("error", value) if !value.is_empty() => {
            let (code, status) = value.split_once(':').unwrap_or((value, "400"));
            let status: u16 = status
                .parse()
                .ok()
                .filter(|status| (400..600).contains(status))
                .ok_or_else(|| "the status of an error is a number from 400 to 599".to_owned())?;
            Ok(json!({"error": {"code": code, "status": status}}))
        }
        ("latency", value) => {
            let milliseconds: u64 = value.parse().map_err(|_| "a latency is a number of milliseconds".to_owned())?;
            Ok(json!({"latency": milliseconds}))
        }
        ("delete", what) if !what.is_empty() => Ok(json!({"delete": what})),
        ("upgrade", name) => Ok(json!({"upgrade": name})),
        ("change", rest) => {
            let parts = rest.split_once('#').and_then(|(what, rest)| Some((what, rest.split_once('=')?)));
            let (what, (at, to)) = parts.ok_or("a change is written TYPE:NAME#/POINTER=JSON")?;
            let to: Json = serde_json::from_str(to).unwrap_or_else(|_| json!(to));
            Ok(json!({"change": {"what": what, "at": at, "to": to}}))
        }
        ("throttle" | "reset-before" | "reset-after" | "stuck", "") => Ok(json!(name.replace('-', "_"))),
        _ => {
            Err("there are error=CODE:STATUS, throttle, latency=MILLISECONDS, reset-before, reset-after, stuck, delete=TYPE, \
             change=TYPE:NAME#/POINTER=JSON, upgrade"
                .to_owned())
        }
    }
}

impl Run for Args {
    const NAME: &'static str = "sandbox fault add";

    fn run(self, session: &mut Session) -> Exit {
        self.add(session).unwrap_or_else(|exit| exit)
    }
}

impl Args {
    fn add(&self, session: &mut Session) -> Result<Exit, Exit> {
        let folder = self.folder.folder(session);
        let asked = Asked::find(session, &folder)?;
        let mut fault = json!({"effect": self.effect});
        let texts = [("service", &self.service), ("operation", &self.operation)];
        for (name, text) in texts.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?))) {
            fault[name] = json!(text);
        }
        if let Some(times) = self.times {
            fault["times"] = json!(times);
        }
        if let Some(percent) = self.percent {
            fault["percent"] = json!(percent);
        }
        let faults = asked.perform(session, ("POST", "faults"), &fault)?;
        session.ui.out.print(&describe(&faults));
        Ok(Exit::SUCCESS)
    }
}
