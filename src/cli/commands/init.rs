//! `init`: checks that everything is there to work with.

use std::path::Path;

use diag::{Diagnostic, Diagnostics};
use lang::validate::Providers;

use super::Run;
use crate::configuration::{Configuration, Purity};
use crate::providers::LinkedProviders;
use crate::{Exit, Session, backend, stored};

/// The state file that Terraform leaves in a folder.
const TERRAFORM_STATE: &str = "terraform.tfstate";

/// Check that everything is there to work with.
///
/// Looks whether the configuration can be read, with the modules it calls, and whether its providers are part of this
/// Gantry. There is nothing to install yet, so nothing is written; no command needs "init" to have run.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Look at where state is kept; with -backend=false not.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    backend: bool,

    /// Accepted for scripts: nobody is asked.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    input: bool,

    /// Accepted for scripts: there is nothing to bring up to date.
    #[arg(long)]
    upgrade: bool,

    /// Accepted for scripts: no settings of earlier runs are kept.
    #[arg(long)]
    reconfigure: bool,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,
}

impl Run for Args {
    const NAME: &'static str = "init";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        let mut diags = Diagnostics::new();
        let read = Configuration::read(Path::new("."), Purity::Pure, session, &mut diags);
        let linked = LinkedProviders::new(session.providers);
        let mut providers = std::collections::BTreeSet::new();
        let mut modules = 0;
        read.root.visit(&mut |node| {
            modules += usize::from(!node.path.is_root());
            let required = node.module.settings.required_providers.iter().map(|required| required.provider.clone());
            let used = node.module.resources.iter().map(|resource| {
                let name = resource.provider.as_ref().map(|reference| reference.local.name.clone());
                node.module.provider_of(&name.unwrap_or_else(|| resource.address.implied_provider().into()))
            });
            providers.extend(required.chain(used));
        });
        for provider in &providers {
            if let Err(detail) = linked.available(provider) {
                diags.push(Diagnostic::error("Provider not available", detail));
            }
        }
        if self.backend {
            backend::check(&read.root.module.settings, &mut diags);
        }
        session.ui.diagnostics(&read.sources, &diags);
        if diags.has_errors() {
            return Exit::FAILURE;
        }
        let count = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let mut text = format!("Read the configuration: {}.\n", count(modules, "called module"));
        for provider in &providers {
            text.push_str(&format!("- {provider} is part of Gantry\n"));
        }
        text.push_str(&format!("The workspace is \"{}\".\n", stored::workspace(session)));
        if Path::new(TERRAFORM_STATE).exists() && !Path::new("gantry.state").exists() {
            text.push_str(&format!(
                "There is a state of Terraform in this folder. It is not used: to take it over, run\n  gantry state push \
                 {TERRAFORM_STATE}\n"
            ));
        }
        text.push_str("\nEverything is there to work with. Nothing had to be installed.\n");
        session.ui.out.print(&text);
        Exit::SUCCESS
    }
}
