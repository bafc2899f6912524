//! `version`: which Gantry this is.

use std::env::consts;
use std::{fmt::Write, fs};

use serde_json::{Map, json};
use syntax::tree::{Body, ExprKind};

use super::Run;
use crate::render::json;
use crate::{Exit, Session};

/// The version of Terraform whose language and file formats this Gantry has.
const TERRAFORM_VERSION: &str = "1.11.4";

/// Where `init` writes down the providers it has chosen.
const LOCK_FILE: &str = ".terraform.lock.hcl";

/// Show the version of Gantry and of the installed providers.
///
/// The Terraform version is the one whose language Gantry reads; tools that ask for `terraform_version` get it.
#[derive(Default, clap::Parser)]
pub(super) struct Args {
    /// Print the versions as a JSON object.
    #[arg(long)]
    json: bool,
}

impl Run for Args {
    const NAME: &'static str = "version";

    fn run(self, session: &mut Session) -> Exit {
        let (version, platform) = (env!("CARGO_PKG_VERSION"), platform());
        let selections = selections();
        if self.json {
            let selections: Map<_, _> = selections.into_iter().map(|(k, v)| (k, v.into())).collect();
            let report = json!({
                "terraform_version": TERRAFORM_VERSION,
                "platform": platform,
                "provider_selections": selections,
                "terraform_outdated": false,
                "gantry_version": version,
            });
            session.ui.out.print(&json::pretty(&report));
        } else {
            let mut text = format!("Gantry v{version}\non {platform}\nlanguage of Terraform v{TERRAFORM_VERSION}\n");
            for (provider, version) in selections {
                _ = writeln!(text, "+ provider {provider} v{version}");
            }
            session.ui.out.print(&text);
        }
        Exit::SUCCESS
    }
}

/// Returns system and processor in the words that Terraform's registry uses.
fn platform() -> String {
    let system = match consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{system}_{processor}")
}

/// Returns the providers in the lock file with their versions, sorted; a file that cannot be read selects nothing.
///
/// This command must work in any folder, so a damaged lock file is for other commands to report.
fn selections() -> Vec<(String, String)> {
    fs::read(LOCK_FILE).map_or_else(|_| Vec::new(), |text| locked(&text))
}

fn locked(text: &[u8]) -> Vec<(String, String)> {
    let (file, _) = syntax::parse(diag::FileId(0), text);
    let Body::Native(body) = file.body else { return Vec::new() };
    let mut selections = Vec::new();
    for block in body.blocks.iter().filter(|b| b.kind.name == "provider") {
        let (Some(provider), Body::Native(inside)) = (block.labels.first(), &block.body) else { continue };
        let version = inside.attributes.iter().find(|a| a.name.name == "version").map(|a| &a.expr.kind);
        if let Some(ExprKind::String(version)) = version {
            selections.push((provider.name.to_string(), version.to_string()));
        }
    }
    selections.sort();
    selections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_providers_of_a_lock_file() {
        let text = b"provider \"registry.terraform.io/b/b\" {\n  version = \"2.0.0\"\n  hashes = []\n}\n\
                     provider \"registry.terraform.io/a/a\" {\n  version = \"1.0.0\"\n}\n";
        let expected = [("registry.terraform.io/a/a", "1.0.0"), ("registry.terraform.io/b/b", "2.0.0")];
        assert_eq!(locked(text), expected.map(|(p, v)| (p.to_owned(), v.to_owned())));
    }
}
