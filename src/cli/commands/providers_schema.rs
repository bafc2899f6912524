//! `providers schema`: what the providers of the configuration say of themselves, for editors and generators.

use std::collections::BTreeSet;

use addr::Provider;
use serde_json::{Map, json};

use super::Run;
use crate::configuration::Configuration;
use crate::providers::{LinkedProviders, needed};
use crate::render::{json, schema_json};
use crate::{Exit, Session, stored};

/// Print the schemas of the providers that the configuration and the state need, as JSON.
///
/// For each provider it tells what its configuration, its resource types, its data sources and its functions look like, in the
/// format that tools know from Terraform.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Print as a JSON object; there is no other form.
    #[arg(long)]
    json: bool,
}

impl Run for Args {
    const NAME: &'static str = "providers schema";

    fn run(self, session: &mut Session) -> Exit {
        if !self.json {
            session.problem("Missing flag", "This command needs the flag -json: there is no form for people.");
            return Exit::FAILURE;
        }
        let read = match Configuration::to_look_at(session) {
            Ok(read) => read,
            Err(exit) => return exit,
        };
        let mut wanted: BTreeSet<Provider> = BTreeSet::new();
        read.root.visit(&mut |node| wanted.extend(needed(&node.module)));
        match stored::load(session) {
            Ok(state) => wanted.extend(state.resources().map(|(_, resource)| resource.provider.provider.clone())),
            Err(exit) => return exit,
        }
        let linked = LinkedProviders::to_describe(session, &read.root, &wanted);
        let mut schemas = Map::new();
        for provider in wanted {
            match linked.described(&provider) {
                Ok(found) => schemas.insert(provider.to_string(), schema_json::provider(found, provider.is_built_in())),
                Err(problem) => {
                    session.problem(problem.summary, problem.detail);
                    return Exit::FAILURE;
                }
            };
        }
        let mut report = json!({ "format_version": "1.0" });
        if !schemas.is_empty() {
            report["provider_schemas"] = schemas.into();
        }
        session.ui.out.print(&json::compact(&report));
        Exit::SUCCESS
    }
}
