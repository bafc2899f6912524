//! All environment variables that Gantry reads, and the one place that reads them.
#![allow(clippy::disallowed_methods, reason = "the one place that may ask the process for its surroundings")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{env, io};

use engine::RealRuntime;
use sandbox::Clock;
use sdk::Runtime;
use wire::handshake::{
    CLIENT_CERTIFICATE_VARIABLE, COOKIE_VARIABLE, PORT_VARIABLES, SOCKET_DIRECTORY_VARIABLE, VERSIONS_VARIABLE,
};
use wire::plugin::Invitation;

use crate::simulated::SimulatedRuntime;

/// An environment variable with what it does.
pub struct Variable {
    /// Its name; a trailing `*` stands for any further text.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub effect: &'static str,
}

/// Every variable that has an effect, sorted. `TF_` names are read so that a Terraform set-up works unchanged.
pub const VARIABLES: &[Variable] = &[
    Variable { name: "ALL_PROXY", effect: "The proxy for requests to registries; in small letters, too." },
    Variable { name: "GANTRY_CLI_ARGS", effect: "Flags to put before the command's own, split as a shell would." },
    Variable { name: "GANTRY_CLI_ARGS_*", effect: "The same for one command: `GANTRY_CLI_ARGS_fmt`." },
    Variable {
        name: "GANTRY_CLI_CONFIG_FILE",
        effect: "The file with settings of providers' installation, in place of `~/.terraformrc` and `~/.gantryrc`.",
    },
    Variable {
        name: "GANTRY_DATA_DIR",
        effect: "The folder for what belongs to one working copy, in place of `.gantry`.",
    },
    Variable {
        name: "GANTRY_DEFAULT_REGISTRY",
        effect: "The host that providers and modules of the default registry come from.",
    },
    Variable { name: "GANTRY_INPUT", effect: "With `false` or `0`: never ask for the values of variables." },
    Variable { name: "GANTRY_IN_AUTOMATION", effect: "With any value: no advice on what to run next." },
    Variable {
        name: "GANTRY_LOG",
        effect: "What of the plugins' logs is shown: `error`, `warn`, `info`, `debug`, `trace`, `json`, `off`.",
    },
    Variable { name: "GANTRY_LOG_PATH", effect: "The file that the log is appended to, in place of standard error." },
    Variable { name: "GANTRY_LOG_PROVIDER", effect: "As `GANTRY_LOG`, for the logs of providers only." },
    Variable {
        name: "GANTRY_PLUGIN_CACHE_DIR",
        effect: "A folder of providers' packages that configurations share; wins over `TF_PLUGIN_CACHE_DIR`.",
    },
    Variable {
        name: "GANTRY_PLUGIN_TIMEOUT",
        effect: "How many seconds a plugin may take to start, and for what needs nobody else; 60 and 120 unless set.",
    },
    Variable { name: "GANTRY_PRICES", effect: "As the flag `-prices`: a price list before that of the program." },
    Variable {
        name: "GANTRY_SANDBOX",
        effect: "With any value but `false` or `0`: commands that call providers do so in the sandbox.",
    },
    Variable { name: "GANTRY_VAR_*", effect: "The value of an input variable; wins over `TF_VAR_*`." },
    Variable { name: "GANTRY_WORKSPACE", effect: "The name of the workspace; wins over `TF_WORKSPACE`." },
    Variable { name: "HOME", effect: "What `~` means." },
    Variable { name: "HOSTNAME", effect: "The machine's name, for the lock of the state." },
    Variable { name: "HTTPS_PROXY", effect: "The same." },
    Variable { name: "HTTP_PROXY", effect: "The same." },
    Variable {
        name: "KUBECONFIG",
        effect: "For `kubeconfig`: the files of kubectl, of which the first is written to. Providers never look at it.",
    },
    Variable { name: "NO_COLOR", effect: "With any value: no colour." },
    Variable { name: "NO_PROXY", effect: "Hosts to which requests go without the proxy; in small letters, too." },
    Variable { name: "PATH", effect: "Where programs are found that providers start; in the sandbox, behind its own." },
    Variable {
        name: "PLUGIN_CLIENT_CERT",
        effect: "For `provider serve`: the certificate of the program that started it.",
    },
    Variable { name: "PLUGIN_MAX_PORT", effect: "For `provider serve`: the last port that it may listen at." },
    Variable { name: "PLUGIN_MIN_PORT", effect: "For `provider serve`: the first port that it may listen at." },
    Variable {
        name: "PLUGIN_PROTOCOL_VERSIONS",
        effect: "For `provider serve`: the versions of the protocol to choose from.",
    },
    Variable { name: "PLUGIN_UNIX_SOCKET_DIR", effect: "For `provider serve`: the folder for its socket." },
    Variable {
        name: "SSL_CERT_DIR",
        effect: "A folder with the authorities that registries' certificates may be from, in place of the machine's.",
    },
    Variable {
        name: "SSL_CERT_FILE",
        effect: "A file with the authorities that registries' certificates may be from, in place of the machine's.",
    },
    Variable { name: "TF_CLI_ARGS", effect: "As `GANTRY_CLI_ARGS`, which wins." },
    Variable { name: "TF_CLI_ARGS_*", effect: "As `GANTRY_CLI_ARGS_*`, which wins." },
    Variable { name: "TF_CLI_CONFIG_FILE", effect: "As `GANTRY_CLI_CONFIG_FILE`, which wins." },
    Variable { name: "TF_DATA_DIR", effect: "As `GANTRY_DATA_DIR`, which wins." },
    Variable { name: "TF_DISABLE_PLUGIN_TLS", effect: "With any value: plugins are talked with in the clear." },
    Variable { name: "TF_INPUT", effect: "As `GANTRY_INPUT`, which wins." },
    Variable { name: "TF_IN_AUTOMATION", effect: "As `GANTRY_IN_AUTOMATION`." },
    Variable { name: "TF_LOG", effect: "As `GANTRY_LOG`, which wins." },
    Variable { name: "TF_LOG_PATH", effect: "As `GANTRY_LOG_PATH`, which wins." },
    Variable { name: "TF_LOG_PROVIDER", effect: "As `GANTRY_LOG_PROVIDER`, which wins." },
    Variable { name: "TF_PLUGIN_CACHE_DIR", effect: "As `GANTRY_PLUGIN_CACHE_DIR`, which wins." },
    Variable { name: "TF_PLUGIN_MAGIC_COOKIE", effect: "For `provider serve`: says that Terraform has started it." },
    Variable {
        name: "TF_REATTACH_PROVIDERS",
        effect: "Providers that run already, in a debugger, in Terraform's form.",
    },
    Variable { name: "TF_REGISTRY_CLIENT_TIMEOUT", effect: "Seconds that a registry has for its answer." },
    Variable { name: "TF_REGISTRY_DISCOVERY_RETRY", effect: "How often a request to a registry is tried again." },
    Variable { name: "TF_TOKEN_*", effect: "The token for a host: `TF_TOKEN_app_example_com`." },
    Variable { name: "TF_VAR_*", effect: "The value of an input variable." },
    Variable { name: "TF_WORKSPACE", effect: "The name of the workspace." },
    Variable { name: "USER", effect: "The user's name, for the lock of the state." },
    Variable { name: "XDG_CACHE_HOME", effect: "Where schemas of plugins are kept between runs." },
    Variable { name: "XDG_DATA_DIRS", effect: "Where providers may lie that all users share." },
    Variable { name: "XDG_DATA_HOME", effect: "Where the user's own providers may lie." },
];

/// Where what belongs to one working copy is, unless the environment says otherwise.
const DATA_FOLDER: &str = ".gantry";

/// The variables of one run.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// The time of the sandbox, if providers get that.
    simulated: Option<Arc<Clock>>,
}

impl Environment {
    /// Reads the process's variables; those that are not text have no meaning here and are left out.
    pub fn of_process() -> Environment {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Environment { variables: env::vars_os().filter_map(text).collect(), simulated: None }
    }

    /// Makes an environment of the given variables.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Environment {
        let variables = variables.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        Environment { variables, simulated: None }
    }

    /// Returns the file that `kubectl` would write to.
    pub(crate) fn kubeconfig(&self) -> Option<PathBuf> {
        let named = self.get("KUBECONFIG").and_then(|files| files.split(':').find(|file| !file.is_empty()));
        named.map(PathBuf::from).or_else(|| Some(self.home_directory()?.join(".kube/config")))
    }

    /// Returns the folders that programs are looked for in.
    pub(crate) fn path(&self) -> &str {
        self.get("PATH").unwrap_or_default()
    }

    /// Returns the price list that comes before that of the program.
    pub(crate) fn prices(&self) -> Option<&Path> {
        self.get("GANTRY_PRICES").filter(|path| !path.is_empty()).map(Path::new)
    }

    /// Tells whether commands that call providers are to do so in the sandbox.
    pub fn is_sandbox_wanted(&self) -> bool {
        self.get("GANTRY_SANDBOX").is_some_and(|text| !matches!(crate::arguments::boolean(text), Ok(false)))
    }

    /// Does what the variable does, for `gantry -sandbox COMMAND`.
    pub(crate) fn want_sandbox(&mut self) {
        self.variables.insert("GANTRY_SANDBOX".to_owned(), "1".to_owned());
    }

    /// Tells whether requests over TLS go through a proxy of the user's.
    pub(crate) fn has_proxy(&self) -> bool {
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].iter().any(|name| self.get(name).is_some())
    }

    /// Gives providers other variables in place of all that begin in one of these ways, and another time.
    pub(crate) fn simulate<'a>(
        &mut self,
        foreign: &[&str],
        variables: impl IntoIterator<Item = (&'a str, String)>,
        clock: Arc<Clock>,
    ) {
        self.hide(foreign);
        self.variables.extend(variables.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self.simulated = Some(clock);
    }

    /// Takes all variables away that begin in one of these ways.
    pub(crate) fn hide(&mut self, foreign: &[&str]) {
        self.variables.retain(|name, _| !foreign.iter().any(|beginning| name.starts_with(beginning)));
    }

    /// Returns the time of the sandbox, if providers get that.
    pub(crate) fn simulated(&self) -> Option<&Arc<Clock>> {
        self.simulated.as_ref()
    }

    /// Returns all variables that other programs are to get; those of this process unless there are.
    pub(crate) fn replaced_variables(&self) -> Option<BTreeMap<String, String>> {
        self.simulated.as_ref().map(|_| self.variables.clone())
    }

    /// Returns the time by which durations of providers are told.
    pub(crate) fn time(&self) -> Time {
        Time(self.simulated.clone())
    }

    /// Tells whether the user wants no colour.
    pub fn no_colour(&self) -> bool {
        self.get("NO_COLOR").is_some()
    }

    /// Returns the names and texts of the variables with extra flags for a command, the weakest first.
    ///
    /// The flags for all commands come behind those for one and so win over them: Terraform has it this way.
    pub fn extra_arguments(&self, command: &str) -> Vec<(String, &str)> {
        let suffix = command.replace([' ', '-'], "_");
        ["TF_CLI_ARGS", "GANTRY_CLI_ARGS"]
            .iter()
            .flat_map(|name| [format!("{name}_{suffix}"), (*name).to_owned()])
            .filter_map(|name| self.get(&name).map(|value| (name.clone(), value)))
            .collect()
    }

    /// Returns the input variables given by the environment, by name, with the environment variable each came from.
    pub fn input_variables(&self) -> BTreeMap<&str, (&str, &str)> {
        let of = |prefix: &'static str| {
            self.variables.iter().filter_map(move |(variable, value)| {
                let name = variable.strip_prefix(prefix).filter(|n| !n.is_empty())?;
                Some((name, (variable.as_str(), value.as_str())))
            })
        };
        of("TF_VAR_").chain(of("GANTRY_VAR_")).collect()
    }

    /// Returns the name of the workspace, if the environment says one.
    pub fn workspace_by_environment(&self) -> Option<&str> {
        self.get("GANTRY_WORKSPACE").or_else(|| self.get("TF_WORKSPACE"))
    }

    /// Returns the folder for what belongs to one working copy and to nobody else.
    pub fn data_folder(&self) -> &Path {
        Path::new(self.get("GANTRY_DATA_DIR").or_else(|| self.get("TF_DATA_DIR")).unwrap_or(DATA_FOLDER))
    }

    /// Returns the user's own folder.
    pub fn home_directory(&self) -> Option<PathBuf> {
        self.get("HOME").map(PathBuf::from)
    }

    /// Returns who the user is.
    pub fn user(&self) -> &str {
        self.get("USER").unwrap_or("somebody")
    }

    /// Returns what the machine is called.
    pub fn host(&self) -> &str {
        self.get("HOSTNAME").unwrap_or("this machine")
    }

    /// Tells whether the user does not want to be asked for values.
    pub fn is_input_off(&self) -> bool {
        let text = self.get("GANTRY_INPUT").or_else(|| self.get("TF_INPUT"));
        text.is_some_and(|text| matches!(crate::arguments::boolean(text), Ok(false)))
    }

    /// Tells whether a program runs this one, which knows itself what to run next.
    pub fn is_automated(&self) -> bool {
        self.get("GANTRY_IN_AUTOMATION").or_else(|| self.get("TF_IN_AUTOMATION")).is_some()
    }

    /// Returns what the installation of providers and modules may know.
    pub fn surroundings(&self) -> install::settings::Surroundings {
        install::settings::Surroundings { home: self.home_directory(), variables: self.variables.clone() }
    }

    /// Returns the folder for what can be made again: schemas of plugins.
    pub fn cache_directory(&self) -> Option<PathBuf> {
        let base = self.get("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let base = base.or_else(|| self.home_directory().map(|home| home.join(".cache")))?;
        Some(base.join("gantry"))
    }

    /// Returns which providers run already, if the environment says so.
    pub fn reattached_providers(&self) -> Option<&str> {
        self.get("TF_REATTACH_PROVIDERS")
    }

    /// Tells whether plugins are to be talked with in the clear.
    pub fn is_plugin_tls_off(&self) -> bool {
        self.get("TF_DISABLE_PLUGIN_TLS").is_some()
    }

    /// Returns how many seconds a plugin may take for what needs nobody else, if the user has said.
    pub fn plugin_timeout(&self) -> Option<u64> {
        self.get("GANTRY_PLUGIN_TIMEOUT")?.parse().ok().filter(|seconds| *seconds > 0)
    }

    /// Returns the level of the log that the user wants, as text.
    pub fn log_level(&self) -> Option<&str> {
        ["GANTRY_LOG_PROVIDER", "GANTRY_LOG", "TF_LOG_PROVIDER", "TF_LOG"].iter().find_map(|name| self.get(name))
    }

    /// Returns the file that the log goes to; standard error if there is none.
    pub fn log_path(&self) -> Option<&str> {
        self.get("GANTRY_LOG_PATH").or_else(|| self.get("TF_LOG_PATH"))
    }

    /// Returns what a program that starts us as a plugin says to us.
    pub(crate) fn plugin_invitation(&self) -> Invitation {
        let text = |name| self.get(name).map(str::to_owned);
        let [first, last] = PORT_VARIABLES.map(|name| self.get(name).and_then(|text| text.parse().ok()));
        Invitation {
            cookie: text(COOKIE_VARIABLE),
            versions: text(VERSIONS_VARIABLE),
            certificate: text(CLIENT_CERTIFICATE_VARIABLE),
            socket_directory: self.get(SOCKET_DIRECTORY_VARIABLE).map(PathBuf::from),
            ports: first.zip(last),
        }
    }

    /// Returns what providers get: the machine's clock and chance, and these variables.
    pub fn runtime(&self) -> Arc<dyn Runtime> {
        let inner = Arc::new(RealRuntime::new(fill_random, self.variables.clone()));
        match &self.simulated {
            None => inner,
            Some(clock) => {
                let (clock, variables) = (clock.clone(), self.variables.clone());
                Arc::new(SimulatedRuntime { inner, clock, variables })
            }
        }
    }

    /// Returns the names of the user's variables that begin in one of these ways.
    pub fn foreign_variables<'e>(&'e self, beginnings: &'e [&str]) -> impl Iterator<Item = &'e str> {
        let is_foreign = |name: &&str| beginnings.iter().any(|beginning| name.starts_with(beginning));
        self.variables.keys().map(String::as_str).filter(is_foreign)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The time by which durations are told: the machine's, or the sandbox's.
pub(crate) struct Time(Option<Arc<Clock>>);

impl Time {
    /// Returns the time, since 1970.
    pub(crate) fn now(&self) -> Duration {
        self.0.as_ref().map_or_else(|| lang::functions::Clock::now(&SystemClock), |clock| clock.now())
    }
}

/// The time of the machine.
pub(crate) struct SystemClock;

impl lang::functions::Clock for SystemClock {
    fn now(&self) -> Duration {
        // A clock that stands before 1970 counts as 1970.
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}

/// Fills a buffer with the system's randomness.
pub(crate) fn fill_random(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("the system has a source of randomness");
}

/// Returns the arguments of the process, the program's name left out.
pub(crate) fn arguments() -> Vec<std::ffi::OsString> {
    env::args_os().skip(1).collect()
}

/// Returns the name of the program as it was called, without its folder.
pub(crate) fn program_name() -> Option<String> {
    let program = PathBuf::from(env::args_os().next()?);
    Some(program.file_name()?.to_str()?.to_owned())
}

/// Returns the file of this program.
pub(crate) fn program() -> io::Result<PathBuf> {
    env::current_exe()
}

/// Goes to another folder, for `-chdir`.
pub(crate) fn change_directory(path: &Path) -> io::Result<()> {
    env::set_current_dir(path)
}

/// Returns the folder the command runs in.
pub(crate) fn current_directory() -> io::Result<std::path::PathBuf> {
    env::current_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_the_variables_sorted() {
        assert!(VARIABLES.is_sorted_by_key(|v| v.name));
    }

    #[test]
    fn lets_our_variables_win() {
        let environment =
            Environment::of([("TF_VAR_a", "1"), ("GANTRY_VAR_a", "2"), ("TF_VAR_b", "3"), ("TF_VAR_", "4")]);
        let expected = [("a", ("GANTRY_VAR_a", "2")), ("b", ("TF_VAR_b", "3"))];
        assert_eq!(environment.input_variables(), expected.into());
    }

    #[test]
    fn puts_general_flags_behind_those_of_the_command() {
        let variables = [("TF_CLI_ARGS", "-a"), ("TF_CLI_ARGS_metadata_functions", "-b"), ("TF_CLI_ARGS_fmt", "-c")];
        let environment = Environment::of(variables);
        let expected = [("TF_CLI_ARGS_metadata_functions".to_owned(), "-b"), ("TF_CLI_ARGS".to_owned(), "-a")];
        assert_eq!(environment.extra_arguments("metadata functions"), expected);
    }

    #[test]
    fn takes_an_empty_variable_as_none() {
        assert!(!Environment::of([("NO_COLOR", "")]).no_colour());
        assert!(Environment::of([("NO_COLOR", "0")]).no_colour());
    }
}
