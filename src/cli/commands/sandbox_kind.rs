//! `sandbox kind`: the program `kind`, whose clusters are in the sandbox.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use clap::error::{ContextKind, ErrorKind};
use install::Platform;
use sandbox::kind;
use sandbox::{Folder, Served};
use serde_json::{Value as Json, json};

use super::Run;
use crate::kubeconfig::{self, Entry};
use crate::sandboxes::{self, FolderArgs, Opened};
use crate::{Exit, Session, arguments};

/// Do what the program kind does, with clusters that are in the sandbox.
///
/// With -sandbox, providers and local commands find it as kind on their PATH; by hand it is gantry sandbox kind -- get clusters. It
/// knows create cluster, delete cluster, delete
/// clusters, export kubeconfig, get clusters, get kubeconfig, get nodes and version, with kind's flags; a kubeconfig is written
/// into the sandbox's folder unless --kubeconfig names one.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    folder: FolderArgs,

    /// What kind is to do, behind a double dash.
    #[arg(value_name = "ARGUMENTS", last = true)]
    arguments: Vec<String>,
}

impl Run for Args {
    const NAME: &'static str = "sandbox kind";

    fn run(self, session: &mut Session) -> Exit {
        let folder = self.folder.folder(session);
        let done = match Kind::try_parse_from(&self.arguments) {
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                session.ui.out.print(&error.to_string());
                return Exit::SUCCESS;
            }
            Err(error) => Err(misunderstood(&error)),
            Ok(asked) => Program { session: &mut *session, folder, is_quiet: asked.quiet }.run(asked.verb),
        };
        match done {
            Ok(()) => Exit::SUCCESS,
            Err(error) => {
                session.ui.err.print(&format!("ERROR: {error}\n"));
                Exit::FAILURE
            }
        }
    }
}

/// The command line of `kind`.
#[derive(clap::Parser)]
#[command(name = "kind", no_binary_name = true, disable_help_subcommand = true, version = kind::VERSION)]
struct Kind {
    /// Silence all stderr output.
    #[arg(short, long, global = true)]
    quiet: bool,

    /// Info log verbosity.
    #[arg(short = 'v', long, global = true, default_value_t = 0)]
    verbosity: i32,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Not emulated.
    Build(Rest),
    /// Not emulated.
    Completion(Rest),
    /// Creates a cluster.
    #[command(subcommand)]
    Create(Create),
    /// Deletes clusters.
    #[command(subcommand)]
    Delete(Delete),
    /// Exports a kubeconfig.
    #[command(subcommand)]
    Export(Export),
    /// Gets clusters, nodes, a kubeconfig.
    #[command(subcommand)]
    Get(Get),
    /// Not emulated.
    Load(Rest),
    /// Prints the version.
    Version,
}

/// Anything.
#[derive(clap::Args)]
struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _all: Vec<String>,
}

/// Which cluster.
#[derive(clap::Args)]
struct Named {
    /// The cluster's name.
    #[arg(short, long)]
    name: Option<String>,
}

impl Named {
    fn get(self) -> String {
        self.name.unwrap_or_else(|| DEFAULT_NAME.to_owned())
    }
}

#[derive(clap::Subcommand)]
enum Create {
    /// Creates a cluster.
    Cluster {
        #[command(flatten)]
        named: Named,
        /// The path to a config file; - for standard input.
        #[arg(long)]
        config: Option<PathBuf>,
        /// The image of all nodes.
        #[arg(long)]
        image: Option<String>,
        /// Retain nodes when cluster creation fails.
        #[arg(long)]
        retain: bool,
        /// How long to wait for the control plane to be ready.
        #[arg(long, value_parser = arguments::duration)]
        wait: Option<Duration>,
        /// The kubeconfig to write to.
        #[arg(long)]
        kubeconfig: Option<PathBuf>,
    },
}

#[derive(clap::Subcommand)]
enum Delete {
    /// Deletes a cluster.
    Cluster {
        #[command(flatten)]
        named: Named,
        /// The kubeconfig to take its context from.
        #[arg(long)]
        kubeconfig: Option<PathBuf>,
    },
    /// Deletes clusters.
    Clusters {
        /// Their names.
        names: Vec<String>,
        /// Delete all clusters.
        #[arg(short = 'A', long)]
        all: bool,
        /// The kubeconfig to take their contexts from.
        #[arg(long)]
        kubeconfig: Option<PathBuf>,
    },
}

#[derive(clap::Subcommand)]
enum Export {
    /// Writes a kubeconfig.
    Kubeconfig {
        #[command(flatten)]
        named: Named,
        /// Use the internal address.
        #[arg(long)]
        internal: bool,
        /// The kubeconfig to write to.
        #[arg(long)]
        kubeconfig: Option<PathBuf>,
    },
    /// Not emulated.
    Logs(Rest),
}

#[derive(clap::Subcommand)]
enum Get {
    /// Lists clusters.
    Clusters,
    /// Prints a kubeconfig.
    Kubeconfig {
        #[command(flatten)]
        named: Named,
        /// Use the internal address.
        #[arg(long)]
        internal: bool,
    },
    /// Lists nodes.
    Nodes {
        #[command(flatten)]
        named: Named,
        /// Those of all clusters.
        #[arg(short = 'A', long)]
        all_clusters: bool,
    },
}

/// The name of a cluster that is given none.
const DEFAULT_NAME: &str = "kind";

/// Says what is wrong with the arguments, as kind does.
fn misunderstood(error: &clap::Error) -> String {
    let said = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => format!("unknown flag: {}", said(ContextKind::InvalidArg)),
        ErrorKind::InvalidSubcommand => {
            format!("unknown command {:?} for \"kind\"", said(ContextKind::InvalidSubcommand))
        }
        _ => error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    }
}

/// The program while it runs.
struct Program<'s> {
    session: &'s mut Session,
    folder: Folder,
    is_quiet: bool,
}

impl Program<'_> {
    fn run(mut self, verb: Verb) -> Result<(), String> {
        match verb {
            Verb::Version => {
                let platform = Platform::current().to_string().replace('_', "/");
                let text = match self.is_quiet {
                    true => kind::VERSION.to_owned(),
                    false => format!("kind v{} go1.26.0 {platform}", kind::VERSION),
                };
                self.session.ui.out.print(&format!("{text}\n"));
                Ok(())
            }
            Verb::Get(Get::Clusters) => self.list("get clusters", &json!({}), "No kind clusters found."),
            Verb::Get(Get::Nodes { all_clusters: true, .. }) => {
                self.list("get nodes", &json!({}), "No kind nodes for any cluster.")
            }
            Verb::Get(Get::Nodes { named, .. }) => {
                let name = named.get();
                let none = format!("No kind nodes found for cluster {name:?}.");
                self.list("get nodes", &json!({"name": name}), &none)
            }
            Verb::Get(Get::Kubeconfig { named, internal }) => {
                let name = named.get();
                let reached = self.ask("get kubeconfig", &json!({"name": name, "is_internal": internal}))?;
                let text = kubeconfig::only(&context(&name), entry(reached)).map_err(|error| error.to_string())?;
                self.session.ui.out.print(&format!("{text}\n"));
                Ok(())
            }
            Verb::Export(Export::Kubeconfig { named, internal, kubeconfig }) => {
                let name = named.get();
                let reached = self.ask("get kubeconfig", &json!({"name": name, "is_internal": internal}))?;
                self.write(kubeconfig.as_deref(), &name, Some(reached))?;
                self.tell(&format!("Set kubectl context to \"{}\"\n", context(&name)));
                Ok(())
            }
            Verb::Create(create) => self.create(create),
            Verb::Delete(Delete::Cluster { named, kubeconfig }) => {
                let name = named.get();
                self.tell(&format!("Deleting cluster {name:?} ...\n"));
                self.delete(&name, kubeconfig.as_deref())
            }
            Verb::Delete(Delete::Clusters { mut names, all, kubeconfig }) => {
                if all {
                    names = strings(&self.ask("get clusters", &json!({}))?);
                } else if names.is_empty() {
                    return Err("no cluster names provided".to_owned());
                }
                names.iter().try_for_each(|name| self.delete(name, kubeconfig.as_deref()))?;
                self.tell(&format!("Deleted clusters: {}\n", listed(&names)));
                Ok(())
            }
            Verb::Build(_) => Err(refused("build")),
            Verb::Completion(_) => Err(refused("completion")),
            Verb::Export(Export::Logs(_)) => Err(refused("export logs")),
            Verb::Load(_) => {
                Err(format!("{}: its clusters have every image, as nothing of them is real", refused("load")))
            }
        }
    }

    fn tell(&mut self, text: &str) {
        if !self.is_quiet {
            self.session.ui.err.print(text);
        }
    }

    /// Has the sandbox do something.
    fn ask(&mut self, operation: &str, asked: &Json) -> Result<Json, String> {
        let opened = sandboxes::open(&self.folder, &self.session.environment);
        let Opened { server, served, .. } = opened.map_err(|error| unreachable(operation, &error))?;
        let answer = self.ask_at(&served, operation, asked);
        match server.map(sandbox::Sandbox::stop) {
            Some(Err(error)) => Err(unreachable(operation, &error.to_string())),
            _ => answer,
        }
    }

    fn ask_at(&mut self, served: &Served, operation: &str, asked: &Json) -> Result<Json, String> {
        match kind::ask(served, operation, asked, &mut |text| self.tell(text)) {
            Ok(answer) => answer.map_err(|refused| match operation {
                "create cluster" | "delete cluster" => format!("failed to {operation}: {refused}"),
                _ => refused,
            }),
            Err(error) => Err(unreachable(operation, &error.to_string())),
        }
    }

    fn list(&mut self, operation: &str, asked: &Json, none: &str) -> Result<(), String> {
        let found = strings(&self.ask(operation, asked)?);
        if found.is_empty() {
            self.tell(&format!("{none}\n"));
        }
        found.iter().for_each(|name| self.session.ui.out.print(&format!("{name}\n")));
        Ok(())
    }

    fn create(&mut self, create: Create) -> Result<(), String> {
        let Create::Cluster { named, config, image, retain, wait, kubeconfig } = create;
        let config = match config {
            Some(path) => self.config(&path).map_err(|error| format!("error reading config: {error}"))?,
            None => Json::Null,
        };
        let name = named.name.or_else(|| config["name"].as_str().map(str::to_owned));
        let name = name.unwrap_or_else(|| DEFAULT_NAME.to_owned());
        let wait = wait.unwrap_or_default().as_secs();
        let asked = json!({
            "name": name, "config": config, "image": image, "is_retained": retain, "wait_seconds": wait,
        });
        let reached = self.ask("create cluster", &asked)?;
        self.write(kubeconfig.as_deref(), &name, Some(reached))?;
        let context = context(&name);
        let file = kubeconfig.map(|path| format!(" --kubeconfig {}", path.display())).unwrap_or_default();
        self.tell(&format!(
            "Set kubectl context to \"{context}\"\nYou can now use your cluster with:\n\nkubectl cluster-info --context \
             {context}{file}\n\nHave a nice day! 👋\n"
        ));
        Ok(())
    }

    /// Reads what a cluster is made from, with the patches in it.
    fn config(&mut self, path: &Path) -> io::Result<Json> {
        let mut text = String::new();
        match path == Path::new("-") {
            true => _ = self.session.ui.input.read_to_string(&mut text)?,
            false => text = std::fs::read_to_string(path)?,
        }
        let mut config = kubeconfig::read(&text)?;
        patches(&mut config)?;
        config["nodes"].as_array_mut().into_iter().flatten().try_for_each(patches)?;
        Ok(config)
    }

    fn delete(&mut self, name: &str, kubeconfig: Option<&Path>) -> Result<(), String> {
        self.write(kubeconfig, name, None)?;
        let gone = strings(&self.ask("delete cluster", &json!({"name": name}))?);
        if !gone.is_empty() {
            self.tell(&format!("Deleted nodes: {}\n", listed(&gone)));
        }
        Ok(())
    }

    /// Puts the context of a cluster into a kubeconfig, or takes it away.
    fn write(&self, path: Option<&Path>, name: &str, reached: Option<Json>) -> Result<(), String> {
        let own = self.folder.own_kubeconfig();
        let path = path.unwrap_or(&own);
        let edited = kubeconfig::edit(path, &context(name), reached.map(entry));
        edited.map(drop).map_err(|error| format!("failed to update kubeconfig {}: {error}", path.display()))
    }
}

fn context(name: &str) -> String {
    format!("kind-{name}")
}

fn entry(mut reached: Json) -> Entry {
    Entry { cluster: reached["cluster"].take(), user: reached["user"].take(), is_selected: true }
}

/// Reads the patches of kubeadm's configuration, which are texts in the config.
fn patches(object: &mut Json) -> io::Result<()> {
    let patches = object.get_mut("kubeadmConfigPatches").and_then(Json::as_array_mut);
    patches.into_iter().flatten().try_for_each(|patch| {
        *patch = kubeconfig::read(patch.as_str().unwrap_or_default())?;
        Ok(())
    })
}

fn strings(list: &Json) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

/// Writes names as programs in Go do.
fn listed(names: &[String]) -> String {
    format!("[{}]", names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(" "))
}

fn refused(what: &str) -> String {
    format!("the sandbox's kind does not emulate \"kind {what}\"")
}

/// What containers are for the real program, the sandbox is for this one.
fn unreachable(operation: &str, error: &str) -> String {
    format!("failed to {operation}: the sandbox does not answer: {error}")
}
