//! The providers that a run can have, by their addresses.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use addr::Provider;
use futures_util::future::join_all;
use sdk::{Call, Factory, Problem};

use crate::cache::Cache;
use crate::executor::Executor;
use crate::guard::Guard;
use crate::log::Log;
use crate::plugin::{Origin, Plugin};
use crate::process::{Process, Surroundings};
use crate::provider::PluginProvider;
use crate::reattach;
use crate::secrecy::Secrecy;
use crate::settings::Settings;

/// Returns the program of a provider; the error says in sentences why there is none and what to do.
pub type Find = Box<dyn Fn(&Provider) -> Result<PathBuf, Problem>>;

/// The providers that a run can have: those that are part of the program, and plugins.
///
/// A provider that is part of the program stands for the one of its name in the default namespace as well, unless the
/// configuration says by `source` that it means that one.
pub struct Catalogue {
    linked: Vec<(Provider, Factory)>,
    find: Find,
    settings: Settings,
    /// Providers that modules name by `source`.
    named: RefCell<BTreeSet<Provider>>,
    entries: Entries,
    running: OnceCell<Result<BTreeMap<Provider, Origin>, Problem>>,
    /// What plugins need; made for the first of them.
    ground: OnceCell<Result<Ground, Problem>>,
}

/// What plugins need.
struct Ground {
    executor: Arc<Executor>,
    around: Arc<Surroundings>,
    cache: Arc<Cache>,
}

/// What is known of an address.
enum Entry {
    Linked(Factory, Arc<dyn sdk::Provider>),
    Plugin(Arc<Plugin>, Arc<dyn sdk::Provider>),
    Absent(Problem),
}

impl Catalogue {
    /// Makes a catalogue; nothing is looked for or started before it is asked for.
    pub fn new(linked: &[Factory], settings: Settings, find: Find) -> Catalogue {
        let linked = linked.iter().filter_map(|make| Some((Provider::parse(make().source()).ok()?, *make)));
        Catalogue {
            linked: linked.collect(),
            find,
            settings,
            named: RefCell::default(),
            entries: Entries::default(),
            running: OnceCell::new(),
            ground: OnceCell::new(),
        }
    }

    /// Makes a catalogue of nothing but what is part of the program.
    pub fn of_linked(linked: &[Factory]) -> Catalogue {
        let find = |provider: &Provider| {
            let detail = format!("The provider {provider} is not part of this Gantry.");
            Err(Problem::error("Provider not available", detail))
        };
        Catalogue::new(linked, Settings::default(), Box::new(find))
    }

    /// Takes note of the providers that modules name by `source`. It counts for what is asked for afterwards.
    pub fn name(&self, sources: impl IntoIterator<Item = Provider>) {
        self.named.borrow_mut().extend(sources);
    }

    /// Gets plugins ready that will be asked for, all at the same time; those that will be called are started.
    pub fn prepare(&self, wanted: &BTreeSet<Provider>, called: &BTreeSet<Provider>) {
        let found: Vec<(&Provider, Result<Arc<Plugin>, Problem>)> = wanted
            .iter()
            .filter(|provider| self.linked(provider).is_none() && self.entries.get(provider).is_none())
            .map(|provider| (provider, self.plugin(provider)))
            .collect();
        let Some(Ok(ground)) = self.ground.get() else { return };
        for (provider, plugin) in &found {
            if let Ok(plugin) = plugin
                && called.contains(*provider)
            {
                let plugin = plugin.clone();
                // Whoever calls it gets the error.
                ground.executor.spawn(async move { drop(plugin.any().await) });
            }
        }
        let cache = ground.cache.clone();
        let plugins: Vec<_> = found.iter().filter_map(|(_, plugin)| plugin.as_ref().ok().cloned()).collect();
        let loads = plugins.into_iter().map(move |plugin| plugin.load(cache.clone()));
        let loaded = ground.executor.wait(async move { Ok(join_all(loads).await) });
        let mut loaded = loaded.unwrap_or_default().into_iter();
        for (provider, plugin) in found {
            let entry = match plugin {
                Err(problem) => Entry::Absent(problem),
                Ok(plugin) => match loaded.next() {
                    Some(Err(problem)) => Entry::Absent(problem),
                    _ => self.ready(plugin),
                },
            };
            self.entries.add(provider.clone(), entry);
        }
    }

    /// Returns a provider for what needs no configuration.
    pub fn get(&self, provider: &Provider) -> Result<&Arc<dyn sdk::Provider>, &Problem> {
        match self.entry(provider) {
            Entry::Linked(_, made) | Entry::Plugin(_, made) => Ok(made),
            Entry::Absent(problem) => Err(problem),
        }
    }

    /// Makes a provider that will get a configuration.
    pub fn make(&self, provider: &Provider) -> Result<Arc<dyn sdk::Provider>, Problem> {
        match self.entry(provider) {
            Entry::Linked(make, _) => Ok(Arc::from(make())),
            Entry::Plugin(plugin, _) => {
                let Some(Ok(ground)) = self.ground.get() else { return Err(unavailable(provider)) };
                Ok(Arc::new(PluginProvider::new(plugin.clone(), ground.executor.clone())))
            }
            Entry::Absent(problem) => Err(problem.clone()),
        }
    }

    /// Tells all plugins that the user wants to stop: what is under way ends as soon as nothing is lost by it.
    pub fn stop(&self) -> Call<'static, ()> {
        let Some(Ok(ground)) = self.ground.get() else { return sdk::answer(()) };
        let processes = self.processes();
        let work = ground.executor.call(async move {
            join_all(processes.iter().map(|process| process.stop())).await;
            Ok(())
        });
        Box::pin(async move { drop(work.await) })
    }

    /// Returns the processes that were started.
    fn processes(&self) -> Vec<Arc<Process>> {
        let plugins = self.entries.iter().filter_map(|entry| match entry {
            Entry::Plugin(plugin, _) => Some(plugin.started()),
            Entry::Linked(..) | Entry::Absent(_) => None,
        });
        plugins.flatten().collect()
    }

    /// Tells whether a provider is part of the program.
    pub fn is_linked(&self, provider: &Provider) -> bool {
        self.linked(provider).is_some()
    }

    /// Returns the file of a provider's program, if it is not part of this one and is there.
    pub fn program(&self, provider: &Provider) -> Option<PathBuf> {
        if self.is_linked(provider) { None } else { (self.find)(provider).ok() }
    }

    fn entry(&self, provider: &Provider) -> &Entry {
        if let Some(known) = self.entries.get(provider) {
            return known;
        }
        let entry = match self.linked(provider) {
            Some(make) => Entry::Linked(make, Arc::from(make())),
            None => match self.load(provider) {
                Ok(plugin) => self.ready(plugin),
                Err(problem) => Entry::Absent(problem),
            },
        };
        self.entries.add(provider.clone(), entry)
    }

    /// Tells whether a provider that is part of the program stands for one of a registry.
    pub fn stands_in(&self, provider: &Provider) -> bool {
        self.linked.iter().all(|(source, _)| source != provider) && self.linked(provider).is_some()
    }

    fn linked(&self, provider: &Provider) -> Option<Factory> {
        let exact = self.linked.iter().find(|(source, _)| source == provider);
        let by_name = || match self.named.borrow().contains(provider) {
            true => None,
            false => self.linked.iter().find(|(source, _)| Provider::implied(&source.name) == *provider),
        };
        exact.or_else(by_name).map(|(_, make)| *make)
    }

    fn load(&self, provider: &Provider) -> Result<Arc<Plugin>, Problem> {
        let plugin = self.plugin(provider)?;
        let Some(Ok(ground)) = self.ground.get() else { return Err(unavailable(provider)) };
        ground.executor.wait(plugin.clone().load(ground.cache.clone()))?;
        Ok(plugin)
    }

    fn ready(&self, plugin: Arc<Plugin>) -> Entry {
        match self.ground.get() {
            Some(Ok(ground)) => {
                let sample = PluginProvider::new(plugin.clone(), ground.executor.clone());
                Entry::Plugin(plugin, Arc::new(sample))
            }
            Some(Err(problem)) => Entry::Absent(problem.clone()),
            None => Entry::Absent(Problem::error("Provider not available", "Plugins cannot be run.")),
        }
    }

    /// Finds a plugin, without starting it.
    fn plugin(&self, provider: &Provider) -> Result<Arc<Plugin>, Problem> {
        let running = self.running.get_or_init(|| running(&self.settings)).as_ref().map_err(Clone::clone)?;
        let origin = match running.get(provider) {
            Some(origin) => origin.clone(),
            None => Origin::Program((self.find)(provider)?),
        };
        let ground = self.ground.get_or_init(|| ground(&self.settings)).as_ref().map_err(Clone::clone)?;
        let program = match &origin {
            Origin::Program(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Origin::Running(..) => provider.name.to_string(),
        };
        let log = Arc::new(Log::new(program, self.settings.logging.clone()));
        Ok(Arc::new(Plugin::new(provider.to_string(), origin, log, ground.around.clone())))
    }
}

impl Drop for Catalogue {
    fn drop(&mut self) {
        let Some(Ok(ground)) = self.ground.get() else { return };
        let processes = self.processes();
        // Whatever is left is killed by the guard.
        let _ = ground.executor.wait(async move {
            join_all(processes.iter().map(|process| process.end())).await;
            Ok(())
        });
    }
}

fn unavailable(provider: &Provider) -> Problem {
    Problem::error("Provider not available", format!("The provider {provider} cannot be run."))
}

fn running(settings: &Settings) -> Result<BTreeMap<Provider, Origin>, Problem> {
    let Some(text) = &settings.reattach else { return Ok(BTreeMap::new()) };
    reattach::parse(text).map_err(|what| {
        Problem::error("Invalid TF_REATTACH_PROVIDERS", format!("The environment variable cannot be read: {what}."))
    })
}

fn ground(settings: &Settings) -> Result<Ground, Problem> {
    let failed = |what: String| Problem::error("Plugins cannot be run", format!("{what}."));
    let executor = Executor::start().map_err(|error| failed(format!("No thread could be started: {error}")))?;
    let around = Surroundings {
        guard: Guard::default(),
        limits: settings.limits,
        secrecy: Secrecy::new(settings.no_tls, settings.now),
        log_level: settings.logging.as_ref().map(|logging| logging.level.name()),
        variables: settings.variables.clone(),
    };
    let cache = Cache::new(settings.cache_folder.clone());
    Ok(Ground { executor: Arc::new(executor), around: Arc::new(around), cache: Arc::new(cache) })
}

/// Entries by address, which are added and never changed: they can be lent while others are added. A run has few.
#[derive(Default)]
struct Entries(OnceCell<Box<Node>>);

struct Node {
    provider: Provider,
    entry: Entry,
    next: Entries,
}

impl Entries {
    fn get(&self, provider: &Provider) -> Option<&Entry> {
        let mut list = self;
        while let Some(node) = list.0.get() {
            if node.provider == *provider {
                return Some(&node.entry);
            }
            list = &node.next;
        }
        None
    }

    fn add(&self, provider: Provider, entry: Entry) -> &Entry {
        let mut list = self;
        while let Some(node) = list.0.get() {
            list = &node.next;
        }
        &list.0.get_or_init(|| Box::new(Node { provider, entry, next: Entries::default() })).entry
    }

    fn iter(&self) -> impl Iterator<Item = &Entry> {
        let mut list = self;
        std::iter::from_fn(move || {
            let node = list.0.get()?;
            list = &node.next;
            Some(&node.entry)
        })
    }
}
