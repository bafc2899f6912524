//! `token`: a token for a cluster of EKS, for clients that ask for one.

use std::time::Duration;

use lang::functions::Clock;
use sandbox::clock::rfc3339;
use serde_json::json;

use super::Run;
use crate::clusters::{ClusterArgs, text};
use crate::{Exit, Session, environment};

/// EKS takes a token for fifteen minutes; clients are to ask for the next one before that.
const VALID: Duration = Duration::from_secs(14 * 60);

/// Print a token for a cluster of EKS, as kubectl and its like want it of a program that they start.
///
/// The keys of AWS come from the environment, as the provider aws finds them. gantry kubeconfig writes the configuration that
/// makes kubectl call this.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    cluster: ClusterArgs,
}

impl Run for Args {
    const NAME: &'static str = "token";

    fn run(self, session: &mut Session) -> Exit {
        let found = match self.cluster.read(session, "aws_eks_cluster_auth") {
            Ok(found) => found,
            Err(exit) => return exit,
        };
        let Some(token) = text(&found, "token") else {
            session.problem("No token", "The provider aws made none.");
            return Exit::FAILURE;
        };
        let expires = rfc3339(environment::SystemClock.now() + VALID);
        let credential = json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "spec": {},
            "status": {"expirationTimestamp": expires, "token": token},
        });
        session.ui.out.print(&format!("{credential}\n"));
        Exit::SUCCESS
    }
}
