//! `init`: fetches the modules and providers that the configuration needs.

use std::path::{Path, PathBuf};

use addr::Provider;
use diag::{Diagnostic, Diagnostics, Sources};
use install::lock_file::{Locks, Written};
use install::providers::{self, Job, Outcome};

use super::Run;
use crate::configuration::Configuration;
use crate::installing::{self, Fetching, Means, Read, Ticker};
use crate::progress::{self, Voice};
use crate::render::stream;
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

    /// Accepted for scripts: a setting of the local backend, or a file with such. They have no effect.
    #[arg(long, value_name = "SETTING")]
    backend_config: Vec<String>,

    /// Accepted for scripts where the configuration names no backend: no state moves.
    #[arg(long)]
    migrate_state: bool,

    /// The same, without asking.
    #[arg(long)]
    force_copy: bool,

    /// Print lines of JSON.
    #[arg(long)]
    json: bool,

    /// Accepted for scripts: the state is not changed, so it is not locked.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    lock: bool,

    /// Accepted for scripts.
    #[arg(long, value_name = "DURATION")]
    lock_timeout: Option<String>,

    /// The directory of tests, whose runs may name modules, too.
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
        let voice = if self.json { Voice::Json } else { Voice::Text };
        let mut report = Report { voice, text: String::new() };
        if self.json {
            progress::say(session, [stream::version()]);
        }
        let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
        diags.append(self.conflicts());
        let means = Means::of(session, &mut sources, &mut diags);
        let before = Locks::read(Path::new("."), &mut sources, &mut diags);
        voice.diagnostics(session, &sources, &diags);
        if diags.has_errors() {
            return Exit::FAILURE;
        }
        if let Some(source) = &self.from_module
            && let Err(problem) = copy_module(session, &means, source, voice)
        {
            voice.diagnostics(session, &Sources::default(), &problem.into());
            return Exit::FAILURE;
        }
        match self.install(session, &means, &before, &mut report) {
            Ok(()) => {
                session.ui.out.print(&report.text);
                Exit::SUCCESS
            }
            Err(exit) => exit,
        }
    }
}

impl Args {
    /// Returns what is wrong with the flags beside each other.
    fn conflicts(&self) -> Diagnostics {
        let mut diags = Diagnostics::new();
        if self.upgrade && self.lockfile.is_some() {
            let detail = "-upgrade chooses versions anew, and -lockfile=readonly keeps those that were chosen: give one of them.";
            let summary = "The -upgrade flag conflicts with -lockfile=readonly.";
            diags.push(Diagnostic::error(summary, detail));
        }
        if self.migrate_state && self.json {
            let detail = "Moving state may take an answer, and with -json nobody can be asked.";
            diags.push(Diagnostic::error("The -migrate-state and -json options are mutually-exclusive", detail));
        } else if self.migrate_state && self.reconfigure {
            let detail = "-migrate-state keeps what there is, and -reconfigure forgets it: give one of them.";
            diags.push(Diagnostic::error("Invalid init options", detail));
        }
        diags
    }

    /// Does all of it; what there is to say is in the report.
    fn install(&self, session: &mut Session, means: &Means, before: &Locks, report: &mut Report) -> Result<(), Exit> {
        let voice = report.voice;
        if self.backend {
            report.stage(session, "initializing_backend_message", "Looking at where state is kept...");
        }
        let mut diags = Diagnostics::new();
        let fetching = match (self.get, self.upgrade) {
            (false, _) => Fetching::Nothing,
            (true, false) => Fetching::Missing,
            (true, true) => Fetching::Everything,
        };
        let Read { configuration: mut read, of_tests, text: modules } =
            installing::read_modules(session, means, fetching, &self.test_directory, &mut diags);
        let mut needs = requirements::of_configuration(&read.root, &mut diags);
        of_tests.iter().for_each(|root| requirements::add_configuration(root, &mut needs, &mut diags));
        self.check_backend(&mut read, &mut diags);
        read.root.visit(&mut |node| {
            let checked = node.module.settings.required_versions.iter().map(lang::version::check_required);
            diags.append(checked.filter_map(|result| result.err().map(|problem| *problem)).collect());
        });
        voice.diagnostics(session, &read.sources, &diags);
        if diags.has_errors() {
            return Err(Exit::FAILURE);
        }
        if self.backend {
            for (_, resource) in stored::load_in(session, voice)?.resources() {
                needs.entry(resource.provider.provider.clone()).or_default();
            }
        }
        if !modules.is_empty() {
            let code = if self.upgrade { "upgrading_modules_message" } else { "initializing_modules_message" };
            report.stage(session, code, "Fetching modules...");
            report.list(session, "Modules", &modules);
            if voice == Voice::Text {
                report.text.push('\n');
            }
        }
        report.stage(session, "initializing_provider_plugin_message", "Fetching providers...");
        let (own, foreign) = requirements::parted(needs, session);
        let outcome = self.install_providers(session, means, before, &foreign);
        let part = own.keys().map(|provider| format!("- {}: part of Gantry\n", provider.short()));
        let installed = outcome.installed.iter().map(|(provider, installed)| installing::line(provider, installed));
        let built = overridden(&foreign, means)
            .map(|(provider, path)| format!("- {}: the development build in {}\n", provider.short(), path.display()));
        let lines: String = part.chain(installed).chain(built).collect();
        if !lines.is_empty() {
            report.list(session, "Providers", &lines);
        }
        if !outcome.failures.is_empty() {
            session.ui.out.print(&report.text);
            let problem = |(provider, failure): (Provider, install::Failure)| {
                let mut diagnostic = Diagnostic::from(failure);
                diagnostic.detail.push_str(&requirements::hint(&provider, &foreign));
                match foreign.get(&provider).and_then(|need| need.span) {
                    Some(span) => diagnostic.at(span),
                    None => diagnostic,
                }
            };
            let problems: Diagnostics = outcome.failures.into_iter().map(problem).collect();
            voice.diagnostics(session, &read.sources, &problems);
            return Err(Exit::FAILURE);
        }
        self.lock(session, before, &outcome, report)?;
        closing(session, report);
        Ok(())
    }

    fn check_backend(&self, read: &mut Configuration, diags: &mut Diagnostics) {
        if !self.backend {
            return;
        }
        let settings = &read.root.module.settings;
        let had_errors = diags.has_errors();
        backend::check(settings, diags);
        if let (Some(backend), [_, ..]) = (&settings.backend, &self.backend_config[..])
            && (had_errors || !diags.has_errors())
        {
            backend::check_given(&self.backend_config, backend.header, &mut read.sources, diags);
        }
        let moves = [("-migrate-state", self.migrate_state), ("-force-copy", self.force_copy)];
        let moves = moves.into_iter().find(|(_, is_given)| *is_given);
        match (&settings.backend, moves) {
            (None, _) if settings.cloud.is_none() && !self.backend_config.is_empty() => {
                let detail = "-backend-config has no effect: the configuration has no \"backend\" block that it could complete, \
                              and state is kept in the folder of the configuration.";
                diags.push(Diagnostic::warning("Missing backend configuration", detail));
            }
            (Some(backend), Some((flag, _))) if had_errors || !diags.has_errors() => {
                let detail = format!(
                    "{flag} is for state that is kept elsewhere. Gantry keeps it in \"gantry.state\" in the folder of the \
                     configuration, whatever the settings of the backend are, and moves none: \"gantry state push FILE\" \
                     takes over a state that there is."
                );
                diags.push(Diagnostic::error("Flag without a use for the backend", detail).at(backend.header));
            }
            _ => {}
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
            folder: &install::installed::providers_folder(session.environment.data_folder()),
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

    /// Writes the lock file.
    fn lock(&self, session: &mut Session, before: &Locks, outcome: &Outcome, report: &mut Report) -> Result<(), Exit> {
        let fail = |session: &mut Session, problem: Diagnostic| {
            report.voice.diagnostics(session, &Sources::default(), &problem.into());
            Err(Exit::FAILURE)
        };
        if self.lockfile.is_some() {
            if outcome.locks == *before {
                return Ok(());
            }
            let detail = "The lock file would have to change, and -lockfile=readonly forbids it. Run \"gantry init\" without \
                          that option and keep the file that it writes.";
            return fail(session, Diagnostic::error("Provider dependency changes detected", detail));
        }
        let written = match outcome.locks.write(Path::new(".")) {
            Ok(written) => written,
            Err(failure) => return fail(session, failure.into()),
        };
        let name = install::lock_file::NAME;
        let (code, mut text) = match written {
            Written::Created => {
                let text = format!(
                    "The versions chosen are in {name}. Keep that file with the\nconfiguration: it makes sure that \
                     everybody gets the same.\n"
                );
                ("lock_info", text)
            }
            Written::Changed => {
                let text = format!("The lock file {name} has changed. Keep it with the configuration.\n");
                ("dependencies_lock_changes_info", text)
            }
            Written::Unchanged => return Ok(()),
        };
        if !outcome.incomplete.is_empty() {
            let names: Vec<String> = outcome.incomplete.iter().map(Provider::short).collect();
            text.push_str(&format!(
                "For {} it has checksums of packages for {} only. Others are added by\n  gantry providers lock \
                 -platform=SYSTEM_PROCESSOR\n",
                names.join(", "),
                install::Platform::current()
            ));
        }
        report.paragraph(session, code, &text);
        Ok(())
    }
}

/// What there is to say: text is kept until the end, lines of JSON are printed as they come.
struct Report {
    voice: Voice,
    text: String,
}

impl Report {
    /// Tells what begins; text says only what came of it.
    fn stage(&self, session: &mut Session, code: &str, message: &str) {
        if self.voice == Voice::Json {
            progress::say(session, [stream::init(code, message)]);
        }
    }

    /// Tells of several things, each a line with a dash.
    fn list(&mut self, session: &mut Session, heading: &str, lines: &str) {
        match self.voice {
            Voice::Text => self.text.push_str(&format!("{heading}:\n{lines}")),
            Voice::Json => progress::say(session, lines.lines().map(|line| stream::log(line.to_owned()))),
        }
    }

    fn paragraph(&mut self, session: &mut Session, code: &str, text: &str) {
        match self.voice {
            Voice::Text => self.text.push_str(&format!("\n{text}")),
            Voice::Json => progress::say(session, [stream::init(code, text.trim_end())]),
        }
    }
}

/// Copies a module into the folder.
fn copy_module(session: &mut Session, means: &Means, source: &str, voice: Voice) -> Result<(), Diagnostic> {
    let here = Path::new(".");
    let files = lang::module::list_files(&lang::functions::RealFiles, here).unwrap_or_default();
    if !files.is_empty() {
        let detail =
            "The folder has a configuration already, and what -from-module copies must not overwrite any of it.";
        return Err(Diagnostic::error("Can't populate non-empty directory", detail));
    }
    installing::copy_module(session, means, source)?;
    let text = format!("Copied the module from {source}.");
    match voice {
        Voice::Text => session.ui.out.print(&format!("{text}\n\n")),
        Voice::Json => progress::say(session, [stream::init("copying_configuration_message", text)]),
    }
    Ok(())
}

/// Returns the providers whose packages the user builds, with the folders.
fn overridden<'a>(needs: &'a Needs, means: &'a Means) -> impl Iterator<Item = (&'a Provider, &'a PathBuf)> {
    needs.keys().filter_map(|provider| Some((provider, means.settings.dev_overrides.get(provider)?)))
}

/// Says what there is to say at the end.
fn closing(session: &mut Session, report: &mut Report) {
    let workspace = stored::workspace(session);
    let mut notes = Vec::new();
    if workspace != state::stores::DEFAULT_WORKSPACE {
        notes.push(format!("The workspace is \"{workspace}\".\n"));
    }
    if Path::new(TERRAFORM_STATE).exists() && !Path::new("gantry.state").exists() {
        notes.push(format!(
            "There is a state of Terraform in this folder. It is not used: to take it over, run\n  gantry state push \
             {TERRAFORM_STATE}\n"
        ));
    }
    for note in notes {
        match report.voice {
            Voice::Text => report.text.push_str(&format!("\n{note}")),
            Voice::Json => progress::say(session, [stream::log(note.trim_end().to_owned())]),
        }
    }
    let ready = "Ready: \"gantry plan\" shows what there is to do.\n";
    report.paragraph(session, "output_init_success_message", ready);
}
