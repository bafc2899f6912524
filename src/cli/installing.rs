//! Installing, as commands do it: settings, places, and a line that tells how far it is.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use addr::Provider;
use diag::{Diagnostics, Sources};
use install::providers::{Event, Installed, Network, Places, Trust, Way};
use install::settings::{Settings, Surroundings};

use crate::ui::Stream;
use crate::{Session, Ui};

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

    /// Returns the places that packages come from; folders named by the user take the place of all others.
    pub(crate) fn places(&self, folders: &[PathBuf]) -> Places {
        match folders {
            [] => Places::new(&self.settings, Path::new("."), &self.surroundings, &self.network),
            folders => Places::of_folders(folders, &self.settings, &self.network),
        }
    }
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
}

impl<'a> Ticker<'a> {
    /// Makes the line.
    pub(crate) fn new(ui: &'a mut Ui) -> Ticker<'a> {
        let shown = Shown { stream: &mut ui.err, running: BTreeMap::new(), is_there: false };
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
        match what {
            Some(what) => shown.running.insert(about, what),
            None => shown.running.remove(&about),
        };
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
