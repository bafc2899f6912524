//! `state replace-provider`: says which provider looks after what is in state.

use addr::{AbsResource, Provider, ProviderConfig};
use diag::Diagnostic;
use std::sync::Arc;

use super::Run;
use super::apply::confirm;
use crate::legacy::LegacyArgs;
use crate::working::LockArgs;
use crate::{Exit, Session, stored};

/// Let another provider look after what is in the state.
///
/// For all resources of the one provider the state names the other from now on. The objects stay as they are: the other
/// provider has to understand them, as a fork or a new home of the first one does.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,

    #[command(flatten)]
    lock: LockArgs,

    #[command(flatten)]
    legacy: LegacyArgs,

    /// The provider that the state names: [HOST/]NAMESPACE/NAME.
    #[arg(value_name = "FROM")]
    from: String,

    /// The provider that it is to name.
    #[arg(value_name = "TO")]
    to: String,
}

impl Run for Args {
    const NAME: &'static str = "state replace-provider";

    fn run(self, session: &mut Session) -> Exit {
        self.replace(session).map_or_else(|exit| exit, |()| Exit::SUCCESS)
    }
}

impl Args {
    fn replace(&self, session: &mut Session) -> Result<(), Exit> {
        let read = self.legacy.check().and_then(|()| Ok((provider(&self.from)?, provider(&self.to)?)));
        let (from, to) = read.or_else(|diagnostic| stored::fail(session, diagnostic))?;
        let affected = affected(&stored::load(session)?, &from);
        if affected.is_empty() {
            session.ui.out.print("No matching resources found.\n");
            return Ok(());
        }
        let list: String = affected.iter().map(|address| format!("  {address}\n")).collect();
        session.ui.out.print(&format!(
            "The state will name another provider:\n\n  - from: {from}\n  - to:   {to}\n\nfor {} resources:\n\n{list}",
            affected.len()
        ));
        if !self.auto_approve && !confirm(session, "Do you want to make these changes?", "-auto-approve") {
            return Err(Exit::FAILURE);
        }
        let count = stored::change_whole(session, Self::NAME, &self.lock, |journal| {
            let mut state = journal.state();
            self.legacy.copy(&state)?;
            // As the state is now, under its lock.
            let resources: Vec<(AbsResource, Arc<ProviderConfig>)> = state
                .resources()
                .filter(|(_, resource)| resource.provider.provider == from)
                .map(|(address, resource)| (address.clone(), resource.provider.clone()))
                .collect();
            let count = resources.len();
            for (address, old) in resources {
                let new = ProviderConfig { provider: to.clone(), ..ProviderConfig::clone(&old) };
                state.set_resource(&address, Arc::new(new));
            }
            Ok((count, Some(state)))
        })?;
        session.ui.out.print(&format!("\nSuccessfully replaced provider for {count} resources.\n"));
        Ok(())
    }
}

fn affected(state: &state::State, provider: &Provider) -> Vec<AbsResource> {
    let of = state.resources().filter(|(_, resource)| resource.provider.provider == *provider);
    of.map(|(address, _)| address.clone()).collect()
}

fn provider(text: &str) -> Result<Provider, Diagnostic> {
    Provider::parse(text).map_err(|error| {
        Diagnostic::error("Invalid provider source", format!("{text:?} names no provider: {}.", error.0))
    })
}
