//! `completion`: what makes a shell complete the words of `gantry`.

use clap::ValueEnum;

use super::Run;
use crate::completion::{Paths, offer};
use crate::{Exit, Session};

/// Print what makes a shell complete commands, flags and addresses.
///
/// For bash, put this into ~/.bashrc: source <(gantry completion bash). What the script prints begins with a comment that says
/// where it belongs for the other shells. With words behind "--" it prints what can stand in the place of the last one, and
/// that is how the scripts ask.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// The shell: bash, zsh, fish or nushell.
    #[arg(value_name = "SHELL")]
    shell: Shell,

    /// The words that are typed so far.
    #[arg(value_name = "WORD", last = true)]
    words: Option<Vec<String>>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Nushell,
}

impl Run for Args {
    const NAME: &'static str = "completion";

    fn run(self, session: &mut Session) -> Exit {
        let text = match &self.words {
            None => self.shell.script().to_owned(),
            Some(words) => {
                let offer = offer(words, session);
                let paths = match offer.paths {
                    Paths::None => "",
                    Paths::Files => ":files\n",
                    Paths::Folders => ":folders\n",
                };
                let words = offer.words.iter().map(|(word, about)| format!("{word}\t{about}\n"));
                words.collect::<String>() + paths
            }
        };
        session.ui.out.print(&text);
        Exit::SUCCESS
    }
}

impl Shell {
    fn script(self) -> &'static str {
        match self {
            Shell::Bash => include_str!("../completion/gantry.bash"),
            Shell::Zsh => include_str!("../completion/gantry.zsh"),
            Shell::Fish => include_str!("../completion/gantry.fish"),
            Shell::Nushell => include_str!("../completion/gantry.nu"),
        }
    }
}
