//! Installing, as commands do it: settings, places, and a line that tells how far it is.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use addr::Provider;
use diag::{Diagnostic, Diagnostics, Sources};
use install::Platform;
use install::modules::{Installer, ModuleLine, State};
use install::providers::{Event, Installed, Network, Places, Trust, Way};
use install::settings::{Location, Settings, Surroundings};
use install::version::Requirement;
use lang::tree::{Modules, Node};

use crate::configuration::{Configuration, Purity};
use crate::ui::Stream;
use crate::{Exit, Session, Ui, requirements, stored, suite};

/// What there is to install with.
pub(crate) struct Means {
    pub(crate) settings: Settings,
    pub(crate) surroundings: Surroundings,
    pub(crate) network: Network,
}

impl Means {
    /// Reads the user's settings.
    pub(crate) fn of(session: &Session, sources: &mut Sources, diags: &mut Diagnostics) -> Means {
        let surroundings = session.environment.surroundings();
        let settings = Settings::load(&surroundings, sources, diags);
        let network = Network::new(&settings, &surroundings);
        Means { settings, surroundings, network }
    }

    /// Returns the one place that packages come from.
    pub(crate) fn place(&self, location: Location) -> Places {
        Places::of_one(location, &self.settings, &self.network)
    }

    /// Returns the places that packages come from; folders named by the user take the place of all others.
    pub(crate) fn places(&self, folders: &[PathBuf]) -> Places {
        match folders {
            [] => Places::new(&self.settings, Path::new("."), &self.surroundings, &self.network),
            folders => Places::of_folders(folders, &self.settings, &self.network),
        }
    }
}

/// Reads names of platforms; this machine's if there are none.
pub(crate) fn platforms(session: &mut Session, names: &[String]) -> Result<Vec<Platform>, Exit> {
    let mut platforms = Vec::new();
    for name in names {
        match Platform::parse(name) {
            Some(platform) => platforms.push(platform),
            None => {
                let detail = format!("{name:?} is not a system and a processor with _ between them.");
                return stored::fail(session, Diagnostic::error("Invalid platform", detail));
            }
        }
    }
    Ok(if platforms.is_empty() { vec![Platform::current()] } else { platforms })
}

/// Returns which providers the configuration needs that are not part of Gantry, or those of them that are named.
pub(crate) fn foreign_needs(session: &mut Session, names: &[String]) -> Result<BTreeMap<Provider, Requirement>, Exit> {
    let mut diags = Diagnostics::new();
    let read = Configuration::read(Path::new("."), Purity::Pure, session, &mut diags);
    let needs = requirements::of_configuration(&read.root, &mut diags);
    session.ui.diagnostics(&read.sources, &diags);
    if diags.has_errors() {
        return Err(Exit::FAILURE);
    }
    let (_, foreign) = requirements::parted(needs, session);
    let foreign = foreign.into_iter().map(|(provider, need)| (provider, need.requirement));
    let all: BTreeMap<Provider, Requirement> = foreign.collect();
    if names.is_empty() {
        return Ok(all);
    }
    let mut chosen = BTreeMap::new();
    for name in names {
        let named = Provider::parse(name).ok().and_then(|provider| all.get_key_value(&provider));
        let Some((provider, requirement)) = named else {
            let detail = format!("{name:?} is no provider that the configuration needs and that would be installed.");
            return stored::fail(session, Diagnostic::error("Invalid provider argument", detail));
        };
        chosen.insert(provider.clone(), requirement.clone());
    }
    Ok(chosen)
}

/// A line on the terminal that tells what is being fetched; nothing is written elsewhere.
pub(crate) struct Ticker<'a> {
    stream: Mutex<Shown<'a>>,
}

struct Shown<'a> {
    stream: &'a mut Stream,
    /// What goes on, by what it is about.
    running: BTreeMap<String, String>,
    /// Whether a line stands there.
    is_there: bool,
    /// When it was written.
    written: Option<Instant>,
}

/// No eye sees a line change more often.
const PAUSE: Duration = Duration::from_millis(80);

impl<'a> Ticker<'a> {
    /// Makes the line.
    pub(crate) fn new(ui: &'a mut Ui) -> Ticker<'a> {
        let shown = Shown { stream: &mut ui.err, running: BTreeMap::new(), is_there: false, written: None };
        Ticker { stream: Mutex::new(shown) }
    }

    /// Tells what happens to a provider.
    pub(crate) fn provider(&self, provider: &Provider, event: Event<'_>) {
        let name = provider.name.to_string();
        match event {
            Event::Finding => self.tell(name.clone(), Some(format!("{name}: looking for versions"))),
            Event::Installing(version) => self.tell(name.clone(), Some(format!("{name} v{version}: fetching"))),
            Event::Progress(done, total) => self.tell(name.clone(), Some(format!("{name}: {}", amount(done, total)))),
            Event::Done => self.tell(name, None),
        }
    }

    /// Tells what goes on; nothing for what is over.
    pub(crate) fn tell(&self, about: String, what: Option<String>) {
        const LINE: &str = "\r\x1b[K";
        let Ok(mut shown) = self.stream.lock() else { return };
        let is_news = match what {
            Some(what) => shown.running.insert(about, what).is_none(),
            None => shown.running.remove(&about).is_some(),
        };
        if !is_news && shown.written.is_some_and(|written| written.elapsed() < PAUSE) {
            return;
        }
        shown.written = Some(Instant::now());
        // Colour means that a terminal is there.
        let style = shown.stream.style();
        if !style.is_coloured {
            return;
        }
        let all: Vec<&str> = shown.running.values().map(String::as_str).collect();
        let line: String = all.join(" · ").chars().take(style.width.saturating_sub(1)).collect();
        let text = if line.is_empty() && !shown.is_there { String::new() } else { format!("{LINE}{line}") };
        shown.is_there = !line.is_empty();
        shown.stream.print(&text);
    }
}

fn amount(done: u64, total: Option<u64>) -> String {
    const MEGABYTE: f64 = 1e6;
    let megabytes = |bytes: u64| bytes as f64 / MEGABYTE;
    match total {
        Some(total) => format!("{:.1} of {:.1} MB", megabytes(done), megabytes(total)),
        None => format!("{:.1} MB", megabytes(done)),
    }
}

/// Whether modules are fetched, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetching {
    /// None: those that are there must do.
    Nothing,
    /// Those that are not there or not as the configuration wants them.
    Missing,
    /// All, in their newest versions.
    Everything,
}

/// What was read while modules were fetched.
pub(crate) struct Read {
    pub(crate) configuration: Configuration,
    /// Other modules that runs of tests name.
    pub(crate) of_tests: Vec<Arc<Node>>,
    /// A line for each module.
    pub(crate) text: String,
}

/// Reads the configuration and its tests, and fetches their modules; what became of each is a line of the text.
pub(crate) fn read_modules(
    session: &mut Session,
    means: &Means,
    fetching: Fetching,
    tests: &Path,
    diags: &mut Diagnostics,
) -> Read {
    let here = Path::new(".");
    if fetching == Fetching::Nothing {
        let configuration = Configuration::read(here, Purity::Pure, session, diags);
        return Read { configuration, of_tests: Vec::new(), text: String::new() };
    }
    let data_folder = session.environment.data_folder();
    let ticker = Ticker::new(&mut session.ui);
    let tell = |key: &str, what: Option<&str>| {
        ticker.tell(format!("module.{key}"), what.map(|what| format!("{key}: {what}")));
    };
    let mut installer = Installer::new(here, data_folder, fetching == Fetching::Everything, &means.network, &tell);
    let mut read = Configuration::read_with_modules(here, Purity::Pure, &session.environment, &mut installer, diags);
    let from = (&session.environment, &mut installer as &mut dyn Modules);
    let beside = suite::look((here, tests), &mut read.sources, &read.environment, from, diags);
    let of_tests = beside.into_iter().flat_map(|beside| beside.others).flatten().collect();
    let mut text = String::new();
    match installer.finish() {
        Ok(mut modules) => {
            modules.sort_by(|a, b| a.key.cmp(&b.key));
            modules.iter().for_each(|module| text.push_str(&module_line(module)));
        }
        Err(failure) => diags.push(failure.into()),
    }
    Read { configuration: read, of_tests, text }
}

/// Copies a module into the working folder.
pub(crate) fn copy_module(session: &mut Session, means: &Means, source: &str) -> Result<(), Diagnostic> {
    let data_folder = session.environment.data_folder();
    let ticker = Ticker::new(&mut session.ui);
    let tell = |_: &str, what: Option<&str>| ticker.tell(source.to_owned(), what.map(str::to_owned));
    Ok(Installer::new(Path::new("."), data_folder, false, &means.network, &tell).copy_here(source)?)
}

/// Returns a line on what became of a module.
fn module_line(module: &ModuleLine) -> String {
    let version = module.version.as_ref().map(|version| format!(" v{version}")).unwrap_or_default();
    let source = module.source.strip_prefix("registry.terraform.io/").unwrap_or(&module.source);
    let state = match module.state {
        State::Local => "",
        State::Present => ", fetched before",
        State::Fetched => ", fetched",
    };
    format!("- {}: {source}{version}{state}\n", module.key)
}

/// Returns a line on what became of a provider.
pub(crate) fn line(provider: &Provider, installed: &Installed) -> String {
    let mut text = format!("- {} v{}: ", provider.short(), installed.version);
    let chosen = if installed.was_locked { ", the version in the lock file" } else { "" };
    let way = match &installed.way {
        Way::Present => "installed before".to_owned(),
        Way::Cache => format!("from the plugin cache{chosen}"),
        Way::From(place, Trust::Unverified) => format!("installed from {place}{chosen}"),
        Way::From(place, Trust::Checksum) => format!("installed from {place}, checksum verified{chosen}"),
        Way::From(place, Trust::Unsigned) => format!("installed from {place}, not signed{chosen}"),
        Way::From(place, Trust::Signed(key)) => format!("installed from {place}, signed by key {key}{chosen}"),
    };
    _ = writeln!(text, "{way}");
    text
}
