//! `provider serve`: a provider of ours as a plugin of Terraform.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sdk::Factory;
use wire::handshake::{Address, Handshake};
use wire::plugin::{Plugin, ServeError, Transport, block_on};

use super::Run;
use crate::{Exit, Session};

/// Serve a provider of Gantry to Terraform or OpenTofu.
///
/// They start this command themselves, under the name terraform-provider-NAME: a link of that name to gantry is enough. With
/// -debug it runs by itself, and says what to set so that they find it.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Run by itself until it is interrupted, for any number of runs.
    #[arg(long)]
    debug: bool,

    /// The name of the provider.
    #[arg(value_name = "NAME")]
    name: String,
}

impl Run for Args {
    const NAME: &'static str = "provider serve";

    fn run(self, session: &mut Session) -> Exit {
        let named = |factory: &&Factory| factory().name() == self.name;
        let Some(factory) = session.providers.iter().find(named) else {
            let known: Vec<String> = session.providers.iter().map(|factory| factory().name().to_owned()).collect();
            let detail =
                format!("There is no provider {:?} in this Gantry. There are: {}.", self.name, known.join(", "));
            session.problem("Unknown provider", detail);
            return Exit::FAILURE;
        };
        let plugin = Plugin {
            factory: *factory,
            runtime: session.environment.runtime(),
            transport: Transport::DEFAULT,
            interrupted: Arc::new(AtomicBool::new(false)),
        };
        // A person's interrupt reaches all processes of a terminal. Terraform asks for the end in its own way, once nothing is
        // under way; the flag is looked at with -debug only.
        if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGINT, plugin.interrupted.clone()) {
            session.problem("Cannot listen for interrupts", format!("{error}."));
            return Exit::FAILURE;
        }
        let served = if self.debug { self.debug(&plugin, session) } else { serve(&plugin, session) };
        match served {
            Ok(()) => Exit::SUCCESS,
            Err(error) => {
                let (summary, detail) = self.explain(error);
                session.problem(summary, detail);
                Exit::FAILURE
            }
        }
    }
}

impl Args {
    fn debug(&self, plugin: &Plugin, session: &mut Session) -> Result<(), ServeError> {
        let source = (plugin.factory)().source().to_owned();
        block_on(plugin.serve_for_debugging(|address| {
            let variable = reattach(&source, address);
            session.ui.out.print(&format!(
                "The provider {} is running. In another terminal, set this and run terraform or tofu:\n\n  \
                 TF_REATTACH_PROVIDERS='{variable}'\n\nAn interrupt (Ctrl+C) ends it.\n",
                self.name
            ));
            Ok(())
        }))
        .map_err(ServeError::Io)?
    }

    fn explain(&self, error: ServeError) -> (&'static str, String) {
        let name = &self.name;
        match error {
            ServeError::NotInvited => (
                "Not started by Terraform",
                format!(
                    "This command is a plugin, which Terraform or OpenTofu starts when it needs the provider. For that, put a link \
                     named terraform-provider-{name} to gantry into a folder, and name the folder in dev_overrides of the \
                     CLI configuration file. To run it by hand, use gantry provider serve -debug {name}."
                ),
            ),
            ServeError::NoCommonVersion(offered) => (
                "No common version of the plugin protocol",
                format!(
                    "The program that started this plugin offers {offered:?}, and the provider {name} is served in version 6: use \
                     Terraform or OpenTofu from version 1.0 on."
                ),
            ),
            ServeError::Tls(error) => ("No secure connection", format!("{error}.")),
            ServeError::Io(error) => ("Cannot listen", format!("{error}.")),
        }
    }
}

fn serve(plugin: &Plugin, session: &mut Session) -> Result<(), ServeError> {
    let invitation = session.environment.plugin_invitation();
    let announce = |line: &Handshake| {
        session.ui.out.print(&format!("{line}\n"));
        Ok(())
    };
    block_on(plugin.serve(invitation, announce)).map_err(ServeError::Io)?
}

/// Returns the value of the variable by which Terraform finds a running provider.
fn reattach(source: &str, address: &Address) -> String {
    let entry = serde_json::json!({
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": std::process::id(),
        // It says: do not end the process.
        "Test": true,
        "Addr": {"Network": address.network(), "String": address.place()},
    });
    serde_json::json!({ source: entry }).to_string()
}
