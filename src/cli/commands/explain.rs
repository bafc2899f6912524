//! `explain`: what a resource type, a module or a function takes and gives.

use super::Run;
use crate::reference::subject::Known;
use crate::{Exit, Session};

/// Explain a resource type, a data source, a module, a function or an environment variable.
///
/// NAME is one of: a resource type or a part of one (aws_eks_node_group, aws_eks_node_group.scaling_config), data.TYPE,
/// ephemeral.TYPE, provider.NAME, cluster or addon.TYPE for what these blocks take (cluster.pool), the folder of a module
/// (./modules/lake), a function, or an environment variable. Types of providers that are no part of Gantry are known where
/// the configuration of this folder needs them and they are installed. Without a name, everything is listed.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Show what is inside of parts, too.
    #[arg(long)]
    recursive: bool,

    /// What to explain.
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

impl Run for Args {
    const NAME: &'static str = "explain";

    fn run(self, session: &mut Session) -> Exit {
        let known = Known::here(session);
        let Some(name) = &self.name else {
            session.ui.out.print(&known.overview());
            return Exit::SUCCESS;
        };
        match known.find(name) {
            Ok(found) => {
                session.ui.out.print(&found.page(self.recursive));
                Exit::SUCCESS
            }
            Err((summary, detail)) => {
                session.problem(summary, detail);
                Exit::FAILURE
            }
        }
    }
}
