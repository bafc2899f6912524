//! Providers that are programs of their own: where they are, and what the environment says about running them.

use std::cell::OnceCell;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use addr::Provider;
use diag::{Diagnostics, Sources};
use host::{Catalogue, Level, Limits, Logging, Settings, Sink};
use install::installed;
use install::lock_file::Locks;
use lang::functions::Clock;
use sdk::Problem;

use crate::{Environment, Session, environment};

/// Returns the catalogue of a run.
pub(crate) fn catalogue(session: &Session) -> Catalogue {
    catalogue_in(&session.environment, session.providers)
}

/// The same, for providers that get these variables.
pub(crate) fn catalogue_in(environment: &Environment, linked: &'static [sdk::Factory]) -> Catalogue {
    let settings = Settings {
        cache_folder: environment.cache_directory(),
        reattach: environment.reattached_providers().map(str::to_owned),
        no_tls: environment.is_plugin_tls_off(),
        logging: logging(environment),
        now: environment::SystemClock.now(),
        limits: limits(environment),
        variables: environment.replaced_variables(),
    };
    let (surroundings, data_folder) = (environment.surroundings(), environment.data_folder().to_path_buf());
    let known: OnceCell<(Locks, install::settings::Settings)> = OnceCell::new();
    let find = move |provider: &Provider| {
        // Neither is read in a run that has no plugins; what is wrong with them, `init` says.
        let (locks, settings) = known.get_or_init(|| {
            let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
            let settings = install::settings::Settings::load(&surroundings, &mut sources, &mut diags);
            (Locks::read(Path::new("."), &mut sources, &mut diags), settings)
        });
        let found = installed::program(&data_folder, provider, locks, settings);
        found.map(|program| program.path).map_err(|problem| {
            let mut detail = problem.detail;
            if linked.iter().any(|make| Provider::implied(make().name()) == *provider) {
                let name = &provider.name;
                detail.push_str(&format!(
                    " Or take the provider {name} that is part of Gantry, in all modules: write\n\n  \
                     gantry {{\n    own_providers = [{name}]\n  }}\n\ninto a file gantry.gantry.hcl here."
                ));
            }
            Problem::error(problem.summary, detail)
        })
    };
    Catalogue::new(linked, settings, Box::new(find))
}

fn limits(environment: &Environment) -> Limits {
    let limits = Limits::default();
    match environment.plugin_timeout().map(Duration::from_secs) {
        None => limits,
        Some(limit) => {
            Limits { start: limit, connect: limit, schema: limit, computing: limit, health: limit, ..limits }
        }
    }
}

/// Returns the log that the user asked for.
fn logging(environment: &Environment) -> Option<Logging> {
    let level = environment.log_level()?;
    let is_json = level.eq_ignore_ascii_case("json");
    // Text that is no level means everything: whoever sets the variable wants to see something.
    let level =
        if level.eq_ignore_ascii_case("off") { return None } else { Level::parse(level).unwrap_or(Level::Trace) };
    let sink: Sink = match environment.log_path() {
        None => Arc::new(|line| {
            // Nobody can be told that the log cannot be written.
            let _ = writeln!(std::io::stderr(), "{line}");
        }),
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(path).ok().map(Mutex::new);
            Arc::new(move |line| {
                if let Some(file) = &file {
                    let _ = writeln!(file.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
                }
            })
        }
    };
    Some(Logging { level, is_json, sink })
}
