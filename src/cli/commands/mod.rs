//! The list of commands. A new one is a file here and a line in [`COMMANDS`].

mod apply;
mod completion;
mod console;
mod destroy;
mod expand;
mod explain;
mod fmt;
mod force_unlock;
mod get;
mod graph;
mod import;
mod init;
mod kubeconfig;
mod man;
mod metadata_functions;
mod output;
mod plan;
mod provider_serve;
mod providers;
mod providers_lock;
mod providers_mirror;
mod providers_schema;
mod reference_commands;
mod reference_module;
mod reference_provider;
mod refresh;
mod sandbox_env;
mod sandbox_fault_add;
mod sandbox_fault_list;
mod sandbox_fault_remove;
mod sandbox_kind;
mod sandbox_log;
mod sandbox_reset;
mod sandbox_serve;
mod sandbox_status;
mod show;
mod state_list;
mod state_mv;
mod state_pull;
mod state_push;
mod state_repair;
mod state_replace_provider;
mod state_rm;
mod state_show;
mod state_status;
mod taint;
mod test;
mod token;
mod untaint;
mod validate;
mod version;
mod workspace_delete;
mod workspace_list;
mod workspace_new;
mod workspace_select;
mod workspace_show;

use std::any::TypeId;

use clap::{Arg, ArgAction, ArgMatches, CommandFactory, FromArgMatches};

use crate::{Exit, Session, arguments};
pub(crate) use show::shown_state;

/// Every command, sorted by name.
pub(crate) const COMMANDS: &[Command] = &[
    // sorted
    entry::<apply::Args>(),
    entry::<completion::Args>(),
    entry::<console::Args>(),
    entry::<destroy::Args>(),
    entry::<expand::Args>(),
    entry::<explain::Args>(),
    entry::<fmt::Args>(),
    entry::<force_unlock::Args>(),
    entry::<get::Args>(),
    entry::<graph::Args>(),
    entry::<import::Args>(),
    entry::<init::Args>(),
    entry::<kubeconfig::Args>(),
    entry::<man::Args>(),
    entry::<metadata_functions::Args>(),
    entry::<output::Args>(),
    entry::<plan::Args>(),
    entry::<provider_serve::Args>(),
    entry::<providers::Args>(),
    entry::<providers_lock::Args>(),
    entry::<providers_mirror::Args>(),
    entry::<providers_schema::Args>(),
    entry::<reference_commands::Args>(),
    entry::<reference_module::Args>(),
    entry::<reference_provider::Args>(),
    entry::<refresh::Args>(),
    entry::<sandbox_env::Args>(),
    entry::<sandbox_fault_add::Args>(),
    entry::<sandbox_fault_list::Args>(),
    entry::<sandbox_fault_remove::Args>(),
    entry::<sandbox_kind::Args>(),
    entry::<sandbox_log::Args>(),
    entry::<sandbox_reset::Args>(),
    entry::<sandbox_serve::Args>(),
    entry::<sandbox_status::Args>(),
    entry::<show::Args>(),
    entry::<state_list::Args>(),
    entry::<state_mv::Args>(),
    entry::<state_pull::Args>(),
    entry::<state_push::Args>(),
    entry::<state_repair::Args>(),
    entry::<state_replace_provider::Args>(),
    entry::<state_rm::Args>(),
    entry::<state_show::Args>(),
    entry::<taint::Args>(),
    entry::<test::Args>(),
    entry::<token::Args>(),
    entry::<untaint::Args>(),
    entry::<validate::Args>(),
    entry::<version::Args>(),
    entry::<workspace_delete::Args>(),
    entry::<workspace_list::Args>(),
    entry::<workspace_new::Args>(),
    entry::<workspace_select::Args>(),
    entry::<workspace_show::Args>(),
];

/// What a command's arguments can do; the doc comment of the type is the command's help.
trait Run: CommandFactory + FromArgMatches {
    /// The name as typed; words of a longer name are parted by spaces: `metadata functions`.
    const NAME: &'static str;
    /// Whether it calls providers for what is in clouds: it can do so in the sandbox.
    const CALLS_PROVIDERS: bool = false;

    /// Does the work.
    fn run(self, session: &mut Session) -> Exit;
}

/// A command as the list knows it.
pub(crate) struct Command {
    /// The name as typed.
    pub(crate) name: &'static str,
    /// Whether it calls providers for what is in clouds.
    pub(crate) calls_providers: bool,
    define: fn() -> clap::Command,
    /// Reads the arguments and does the work.
    pub(crate) run: fn(&mut ArgMatches, &mut Session) -> Result<Exit, clap::Error>,
}

impl Command {
    /// Returns the arguments the command takes.
    pub(crate) fn definition(&self) -> clap::Command {
        as_go_flags((self.define)().args(self.calls_providers.then(in_sandbox)))
    }
}

/// The flag of all commands that can work in the sandbox.
fn in_sandbox() -> Arg {
    let help = "Work with emulated clouds, whose world is in .gantry/sandbox, instead of real ones";
    Arg::new(SANDBOX).long(SANDBOX).action(ArgAction::SetTrue).help(help)
}

/// The name of that flag.
pub(crate) const SANDBOX: &str = "sandbox";

const fn entry<C: Run>() -> Command {
    Command {
        name: C::NAME,
        calls_providers: C::CALLS_PROVIDERS,
        define: C::command,
        run: |matches, session| C::from_arg_matches_mut(matches).map(|command| command.run(session)),
    }
}

/// Returns the names of all commands.
pub fn names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|command| command.name)
}

/// Runs `version` without flags, for `gantry -version`.
pub(crate) fn run_version(session: &mut Session) -> Exit {
    version::Args::default().run(session)
}

/// Makes flags behave as in Go programs: `-check`, `-check=false`, and the last one of several counts.
pub(crate) fn as_go_flags(command: clap::Command) -> clap::Command {
    let is_bool = |arg: &Arg| {
        matches!(arg.get_action(), ArgAction::SetTrue) || arg.get_value_parser().type_id() == TypeId::of::<bool>()
    };
    let as_go_flag = |arg: Arg| match arg.get_long().is_some() && is_bool(&arg) {
        true => {
            let default = arg.get_default_values().first().is_some_and(|value| value == "true");
            arg.action(ArgAction::Set)
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .default_value(if default { "true" } else { "false" })
                .value_parser(arguments::boolean)
        }
        false => arg,
    };
    command.no_binary_name(true).disable_help_flag(true).args_override_self(true).mut_args(as_go_flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_the_commands_sorted() {
        assert!(names().is_sorted());
    }

    #[test]
    fn defines_every_command_with_help_on_it_and_on_every_flag() {
        for command in COMMANDS {
            let definition = command.definition();
            definition.clone().debug_assert();
            assert!(definition.get_about().is_some(), "{} has no doc comment", command.name);
            for arg in definition.get_arguments() {
                assert!(arg.get_help().is_some(), "{}: {} has no doc comment", command.name, arg.get_id());
            }
        }
    }
}
