//! `sandbox env`: the variables that point clients at the sandbox.

use std::time::Duration;

use clap::ValueEnum;
use sandbox::{Folder, Holder, Served, emulator};
use serde_json::{Map, Value as Json};

use super::Run;
use crate::sandboxes::{self, Asked, FolderArgs};
use crate::{Exit, Session};

/// How long it is waited for a server that was started just before.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Print the variables that point clients at the sandbox, for a shell to read.
///
/// Use it while the sandbox is served: eval "$(gantry sandbox env)". It also writes the kubeconfig with all clusters that there
/// are by now.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    folder: FolderArgs,

    /// The shell that reads it.
    #[arg(long, value_name = "SHELL", default_value = "sh")]
    shell: Shell,

    /// Print an object of JSON; variables to be removed are null.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    Sh,
    Fish,
    Powershell,
}

impl Run for Args {
    const NAME: &'static str = "sandbox env";

    fn run(self, session: &mut Session) -> Exit {
        self.print(session).unwrap_or_else(|exit| exit)
    }
}

impl Args {
    fn print(&self, session: &mut Session) -> Result<Exit, Exit> {
        let folder = self.folder.folder(session);
        let Some(served) = find(&folder) else {
            let detail = format!(
                "Nobody serves the sandbox in {}. Start it in another terminal, and leave it running:\n  gantry sandbox serve",
                folder.path().display()
            );
            session.problem("The sandbox is not served", detail);
            return Err(Exit::FAILURE);
        };
        let asked = Asked::Server(served.clone());
        asked.perform(session, ("POST", "kubeconfig"), &Json::Null)?;
        let set = sandboxes::variables(&served, &folder, &session.environment)
            .map_err(|error| sandboxes::fail(session, &folder, &error.to_string()))?;
        let removed: Vec<String> = session
            .environment
            .foreign_variables(emulator::FOREIGN_VARIABLES)
            .filter(|name| set.iter().all(|(own, _)| own != name))
            .map(str::to_owned)
            .collect();
        let text = match self.json {
            true => {
                let set = set.into_iter().map(|(name, value)| (name.to_owned(), Json::String(value)));
                let object: Map<String, Json> = set.chain(removed.into_iter().map(|name| (name, Json::Null))).collect();
                format!("{:#}\n", Json::Object(object))
            }
            false => {
                let removed = removed.iter().map(|name| self.shell.remove(name));
                removed.chain(set.iter().map(|(name, value)| self.shell.set(name, value))).collect()
            }
        };
        session.ui.out.print(&text);
        Ok(Exit::SUCCESS)
    }
}

/// Returns who serves the sandbox; a server may have been started just before this.
fn find(folder: &Folder) -> Option<Served> {
    let mut waited = Duration::ZERO;
    loop {
        // The right to it is given back at once.
        if let Ok(Holder::Server(served)) = folder.take() {
            return Some(served);
        }
        if waited >= PATIENCE {
            return None;
        }
        std::thread::sleep(LOOK_EVERY);
        waited += LOOK_EVERY;
    }
}

impl Shell {
    fn set(self, name: &str, value: &str) -> String {
        match self {
            Shell::Sh => format!("export {name}='{}'\n", value.replace('\'', r"'\''")),
            Shell::Fish => format!("set -gx {name} '{}'\n", value.replace('\\', r"\\").replace('\'', r"\'")),
            Shell::Powershell => format!("$Env:{name} = '{}'\n", value.replace('\'', "''")),
        }
    }

    fn remove(self, name: &str) -> String {
        match self {
            Shell::Sh => format!("unset {name}\n"),
            Shell::Fish => format!("set -e {name}\n"),
            Shell::Powershell => format!("Remove-Item Env:{name}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shell;

    #[test]
    fn shells_read_quotes_as_they_were() {
        assert_eq!(Shell::Sh.set("A", "it's"), "export A='it'\\''s'\n");
        assert_eq!(Shell::Fish.set("A", r"it's \"), "set -gx A 'it\\'s \\\\'\n");
        assert_eq!(Shell::Powershell.set("A", "it's"), "$Env:A = 'it''s'\n");
    }
}
