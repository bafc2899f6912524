//! `providers`: which providers the configuration and the state need.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lang::tree::Node;

use super::{Run, validate};
use crate::configuration::Configuration;
use crate::{Exit, Session, stored};

/// Show which providers the configuration and the state need.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Print without colour.
    #[arg(long)]
    no_color: bool,

    /// The directory with test files, besides those beside the configuration.
    #[arg(long, value_name = "DIR", default_value = "tests")]
    test_directory: PathBuf,
}

impl Run for Args {
    const NAME: &'static str = "providers";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        let read = match Configuration::to_look_at(session) {
            Ok(read) => read,
            Err(exit) => return exit,
        };
        let state = match stored::load(session) {
            Ok(state) => state,
            Err(exit) => return exit,
        };
        let mut text = String::from("\nProviders required by configuration:\n.\n");
        tree(&read.root, &self.tests(), "", &mut text);
        let stored: BTreeSet<String> =
            state.resources().map(|(_, resource)| resource.provider.provider.to_string()).collect();
        if !stored.is_empty() {
            text.push_str("\nProviders required by state:\n\n");
            stored.iter().for_each(|provider| text.push_str(&format!("    provider[{provider}]\n\n")));
        }
        session.ui.out.print(&text);
        Exit::SUCCESS
    }
}

impl Args {
    /// Returns what the tree calls the test files: `test.tests.NAME`.
    fn tests(&self) -> Vec<String> {
        let files = [Path::new("."), &self.test_directory].into_iter().flat_map(validate::test_files);
        let name = |path: PathBuf| {
            let path = path.strip_prefix(".").unwrap_or(&path).to_string_lossy().replace(['/', '\\'], ".");
            let end = path.rfind(".tftest.").unwrap_or(path.len());
            format!("test.{}", &path[..end])
        };
        files.map(name).collect()
    }
}

/// Writes a module's providers, the tests of the root module and the modules below it as a tree.
fn tree(node: &Node, tests: &[String], indent: &str, text: &mut String) {
    let module = &node.module;
    let mut providers: BTreeSet<String> = module
        .settings
        .required_providers
        .iter()
        .map(|required| {
            let constraint = required.version.as_ref().map(|(text, _)| format!(" {text}")).unwrap_or_default();
            format!("provider[{}]{constraint}", required.provider)
        })
        .collect();
    for provider in crate::providers::needed(module) {
        let provider = format!("provider[{provider}]");
        if !providers.iter().any(|known| known.starts_with(&provider)) {
            providers.insert(provider);
        }
    }
    let children: Vec<&Node> = node.children.iter().flatten().map(|child| &**child).collect();
    let last = providers.len() + tests.len() + children.len();
    let branch = |at: usize| if at == last { ("└── ", "    ") } else { ("├── ", "│   ") };
    for (at, name) in providers.iter().chain(tests).enumerate() {
        text.push_str(&format!("{indent}{}{name}\n", branch(at + 1).0));
    }
    for (at, child) in children.iter().enumerate() {
        let (sign, deeper) = branch(providers.len() + tests.len() + at + 1);
        let name = child.path.0.last().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("{indent}{sign}module.{name}\n"));
        tree(child, &[], &format!("{indent}{deeper}"), text);
    }
}
