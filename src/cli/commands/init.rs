//! `init`: fetches the modules and providers that the configuration needs.

use std::path::{Path, PathBuf};

use addr::Provider;
use diag::{Diagnostic, Diagnostics, Sources};
use install::lock_file::{Locks, Written};
use install::providers::{self, Job, Outcome};

use super::Run;
use crate::configuration::Configuration;
use crate::installing::{self, Fetching, Means, Ticker};
use crate::requirements::{self, Needs};
use crate::{Exit, Session, backend, stored};

/// The state file that Terraform leaves in a folder.
const TERRAFORM_STATE: &str = "terraform.tfstate";

/// Fetch the modules and providers that the configuration needs.
///
/// Modules go to ".gantry/modules", providers to ".gantry/providers". Which versions of providers were chosen, and the
/// checksums of their packages, is written to ".terraform.lock.hcl": keep that file with the configuration. Providers
/// that are part of Gantry need no installation. It is safe to run this again at any time.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Look at where state is kept; with -backend=false not.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    backend: bool,

    /// Fetch modules; with -get=false use those that are there.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    get: bool,

    /// Accepted for scripts: nobody is asked.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    input: bool,

    /// Begin with a copy of the module at this source; the folder must hold no configuration yet.
    #[arg(long, value_name = "SOURCE")]
    from_module: Option<String>,

    /// Choose the newest versions that will do, whatever the lock file says, and fetch modules again.
    #[arg(long)]
    upgrade: bool,

    /// With -lockfile=readonly, fail if the lock file would have to change.
    #[arg(long, value_name = "MODE", value_parser = ["readonly"])]
    lockfile: Option<String>,

    /// Install providers from this folder only, as from a mirror. May be given several times.
    #[arg(long, value_name = "DIR")]
    plugin_dir: Vec<PathBuf>,

    /// Accepted for scripts: no settings of earlier runs are kept.
    #[arg(long)]
    reconfigure: bool,

    /// Accepted for scripts: the state is not changed, so it is not locked.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    lock: bool,

    /// Accepted for scripts.
    #[arg(long, value_name = "DURATION")]
    lock_timeout: Option<String>,

    /// Accepted for scripts: the directory of tests.
    #[arg(long, value_name = "DIR", default_value = "tests")]
    test_directory: PathBuf,

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
        let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
        let means = Means::of(session, &mut sources, &mut diags);
        let before = Locks::read(Path::new("."), &mut sources, &mut diags);
        session.ui.diagnostics(&sources, &diags);
        if diags.has_errors() {
            return Exit::FAILURE;
        }
        if let Some(source) = &self.from_module
            && let Err(problem) = copy_module(session, &means, source)
        {
            session.ui.diagnostics(&Sources::default(), &problem.into());
            return Exit::FAILURE;
        }
        match self.install(session, &means, &before) {
            Ok(text) => {
                session.ui.out.print(&text);
                Exit::SUCCESS
            }
            Err(exit) => exit,
        }
    }
}

impl Args {
    /// Does all of it and returns what there is to say.
    fn install(&self, session: &mut Session, means: &Means, before: &Locks) -> Result<String, Exit> {
        let mut diags = Diagnostics::new();
        let fetching = match (self.get, self.upgrade) {
            (false, _) => Fetching::Nothing,
            (true, false) => Fetching::Missing,
            (true, true) => Fetching::Everything,
        };
        let (read, modules) = installing::read_modules(session, means, fetching, &mut diags);
        let mut needs = requirements::of_configuration(&read.root, &mut diags);
        self.check_backend(&read, &mut diags);
        read.root.visit(&mut |node| {
            let checked = node.module.settings.required_versions.iter().map(lang::version::check_required);
            diags.append(checked.filter_map(|result| result.err().map(|problem| *problem)).collect());
        });
        session.ui.diagnostics(&read.sources, &diags);
        if diags.has_errors() {
            return Err(Exit::FAILURE);
        }
        if self.backend {
            for (_, resource) in stored::load(session)?.resources() {
                needs.entry(resource.provider.provider.clone()).or_default();
            }
        }
        let mut text = if modules.is_empty() { modules } else { format!("Modules:\n{modules}\n") };
        let (own, foreign) = requirements::parted(needs, session);
        let outcome = self.install_providers(session, means, before, &foreign);
        let part = own.keys().map(|provider| format!("- {}: part of Gantry\n", provider.short()));
        let installed = outcome.installed.iter().map(|(provider, installed)| installing::line(provider, installed));
        let built = overridden(&foreign, means)
            .map(|(provider, path)| format!("- {}: the development build in {}\n", provider.short(), path.display()));
        let lines: String = part.chain(installed).chain(built).collect();
        if !lines.is_empty() {
            text.push_str(&format!("Providers:\n{lines}"));
        }
        if !outcome.failures.is_empty() {
            session.ui.out.print(&text);
            let problem = |(provider, failure): (Provider, install::Failure)| {
                let mut diagnostic = Diagnostic::from(failure);
                diagnostic.detail.push_str(&requirements::hint(&provider, &foreign));
                match foreign.get(&provider).and_then(|need| need.span) {
                    Some(span) => diagnostic.at(span),
                    None => diagnostic,
                }
            };
            let problems: Diagnostics = outcome.failures.into_iter().map(problem).collect();
            session.ui.diagnostics(&read.sources, &problems);
            return Err(Exit::FAILURE);
        }
        text.push_str(&self.lock(session, before, &outcome)?);
        text.push_str(&closing(session));
        Ok(text)
    }

    fn check_backend(&self, read: &Configuration, diags: &mut Diagnostics) {
        if self.backend {
            backend::check(&read.root.module.settings, diags);
        }
    }

    fn install_providers(&self, session: &mut Session, means: &Means, before: &Locks, needs: &Needs) -> Outcome {
        let wanted = needs.iter().filter(|(provider, _)| !means.settings.dev_overrides.contains_key(provider));
        let requirements = wanted.map(|(provider, need)| (provider.clone(), need.requirement.clone())).collect();
        let places = means.places(&self.plugin_dir);
        let job = Job {
            requirements: &requirements,
            locks: before,
            upgrade: self.upgrade,
            folder: &install::installed::providers_folder(Path::new(".")),
            cache: means.settings.plugin_cache.as_deref(),
            places: &places,
        };
        let ticker = Ticker::new(&mut session.ui);
        let mut outcome = providers::install(&job, &|provider, event| ticker.provider(provider, event));
        // What was locked stays locked while a development build takes its place.
        for (provider, _) in overridden(needs, means) {
            if let Some(lock) = before.get(provider) {
                outcome.locks.set(provider.clone(), lock.clone());
            }
        }
        outcome
    }

    /// Writes the lock file and returns what there is to say about it.
    fn lock(&self, session: &mut Session, before: &Locks, outcome: &Outcome) -> Result<String, Exit> {
        if self.lockfile.is_some() {
            if outcome.locks == *before {
                return Ok(String::new());
            }
            let detail = "The lock file would have to change, and -lockfile=readonly forbids it. Run \"gantry init\" without \
                          that option and keep the file that it writes.";
            return stored::fail(session, Diagnostic::error("Provider dependency changes detected", detail));
        }
        let written = match outcome.locks.write(Path::new(".")) {
            Ok(written) => written,
            Err(failure) => return stored::fail(session, failure.into()),
        };
        let name = install::lock_file::NAME;
        let mut text = match written {
            Written::Created => format!(
                "\nThe versions chosen are in {name}. Keep that file with the\nconfiguration: it makes sure that \
                 everybody gets the same.\n"
            ),
            Written::Changed => format!("\nThe lock file {name} has changed. Keep it with the configuration.\n"),
            Written::Unchanged => String::new(),
        };
        if written != Written::Unchanged && !outcome.incomplete.is_empty() {
            let names: Vec<String> = outcome.incomplete.iter().map(Provider::short).collect();
            text.push_str(&format!(
                "For {} it has checksums of packages for {} only. Others are added by\n  gantry providers lock \
                 -platform=SYSTEM_PROCESSOR\n",
                names.join(", "),
                install::Platform::current()
            ));
        }
        Ok(text)
    }
}

/// Copies a module into the folder.
fn copy_module(session: &mut Session, means: &Means, source: &str) -> Result<(), Diagnostic> {
    let here = Path::new(".");
    let files = lang::module::list_files(&lang::functions::RealFiles, here).unwrap_or_default();
    if !files.is_empty() {
        let detail =
            "The folder has a configuration already, and what -from-module copies must not overwrite any of it.";
        return Err(Diagnostic::error("Can't populate non-empty directory", detail));
    }
    installing::copy_module(session, means, source)?;
    session.ui.out.print(&format!("Copied the module from {source}.\n\n"));
    Ok(())
}

/// Returns the providers whose packages the user builds, with the folders.
fn overridden<'a>(needs: &'a Needs, means: &'a Means) -> impl Iterator<Item = (&'a Provider, &'a PathBuf)> {
    needs.keys().filter_map(|provider| Some((provider, means.settings.dev_overrides.get(provider)?)))
}

/// Returns what to say at the end.
fn closing(session: &Session) -> String {
    let mut text = String::new();
    let workspace = stored::workspace(session);
    if workspace != state::stores::DEFAULT_WORKSPACE {
        text.push_str(&format!("\nThe workspace is \"{workspace}\".\n"));
    }
    if Path::new(TERRAFORM_STATE).exists() && !Path::new("gantry.state").exists() {
        text.push_str(&format!(
            "\nThere is a state of Terraform in this folder. It is not used: to take it over, run\n  gantry state push \
             {TERRAFORM_STATE}\n"
        ));
    }
    text.push_str("\nReady: \"gantry plan\" shows what there is to do.\n");
    text
}
