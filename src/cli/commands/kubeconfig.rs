//! `kubeconfig`: a context for a cluster of EKS in the user's kubeconfig, or its removal.

use std::path::PathBuf;

use serde_json::json;

use super::Run;
use crate::clusters::{self, ClusterArgs, text};
use crate::kubeconfig::{Entry, edit};
use crate::{Exit, Session};

/// Write how to reach a cluster of EKS into the kubeconfig, as a context of its own.
///
/// The context is called eks_REGION_NAME unless it is given another name; one of that name is replaced, all others stay. kubectl
/// then calls gantry token, so that no other program is needed. When Gantry deletes the cluster, it takes the context away.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    cluster: ClusterArgs,

    /// The name of the context.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// The file; the first of KUBECONFIG, or ~/.kube/config, unless set.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Make it the context that kubectl uses: -use=false leaves that as it is.
    #[arg(long = "use", default_value_t = true, action = clap::ArgAction::Set)]
    select: bool,

    /// Take the context away instead; the cluster need not be there any more, but the region must be given.
    #[arg(long)]
    remove: bool,
}

impl Run for Args {
    const NAME: &'static str = "kubeconfig";

    fn run(self, session: &mut Session) -> Exit {
        self.write(session).unwrap_or_else(|exit| exit)
    }
}

impl Args {
    fn write(&self, session: &mut Session) -> Result<Exit, Exit> {
        let Some(path) = self.file.clone().or_else(|| session.environment.kubeconfig()) else {
            session.problem("No kubeconfig", "Name the file by -file: neither KUBECONFIG nor HOME is set.");
            return Err(Exit::FAILURE);
        };
        let (name, entry) = if self.remove { (self.name(session)?, None) } else { self.entry(session)? };
        let is_there = edit(&path, &name, entry).map_err(|error| {
            session.problem("Kubeconfig not written", format!("{}: {error}.", path.display()));
            Exit::FAILURE
        })?;
        let said = match (self.remove, is_there) {
            (false, _) => format!("The context {name} is in {}.\n", path.display()),
            (true, true) => format!("The context {name} is no longer in {}.\n", path.display()),
            (true, false) => format!("There is no context {name} in {}.\n", path.display()),
        };
        session.ui.out.print(&said);
        Ok(Exit::SUCCESS)
    }

    /// Returns the name of the context where the cluster is not asked for.
    fn name(&self, session: &mut Session) -> Result<String, Exit> {
        match (&self.context, &self.cluster.region) {
            (Some(name), _) => Ok(name.clone()),
            (None, Some(region)) => Ok(context(region, &self.cluster.cluster_name)),
            (None, None) => {
                session.problem("Which context?", "Give its name by -context, or the cluster's region by -region.");
                Err(Exit::FAILURE)
            }
        }
    }

    fn entry(&self, session: &mut Session) -> Result<(String, Option<Entry>), Exit> {
        let found = self.cluster.read(session, clusters::KIND)?;
        let authority = found.attribute("certificate_authority").and_then(|list| {
            let first = list.as_sequence()?.first()?.clone();
            text(&first, "data")
        });
        let region = text(&found, "arn").and_then(|arn| arn.split(':').nth(3).map(str::to_owned));
        let (Some(server), Some(authority), Some(region)) = (text(&found, "endpoint"), authority, region) else {
            let detail = format!(
                "The cluster {:?} cannot be reached yet: it is {}.",
                self.cluster.cluster_name,
                text(&found, "status").unwrap_or_default()
            );
            session.problem("No address of the cluster", detail);
            return Err(Exit::FAILURE);
        };
        let mut arguments = vec!["token".to_owned(), format!("-cluster-name={}", self.cluster.cluster_name)];
        arguments.push(format!("-region={region}"));
        arguments.extend(self.cluster.profile.iter().map(|profile| format!("-profile={profile}")));
        let user = json!({"exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "gantry",
            "args": arguments,
            "interactiveMode": "Never",
            "installHint": "Gantry makes the tokens for this cluster: put it on the PATH.",
            "provideClusterInfo": false,
        }});
        let cluster = json!({"server": server, "certificate-authority-data": authority});
        let name = self.context.clone().unwrap_or_else(|| context(&region, &self.cluster.cluster_name));
        Ok((name, Some(Entry { cluster, user, is_selected: self.select })))
    }
}

fn context(region: &str, cluster: &str) -> String {
    format!("eks_{region}_{cluster}")
}
