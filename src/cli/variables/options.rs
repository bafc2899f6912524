//! The options `-var` and `-var-file`, in the order they were typed: the later wins, whichever it is.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};

/// One of the options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VariableOption {
    /// `-var=NAME=VALUE`
    Value(String),
    /// `-var-file=PATH`
    File(PathBuf),
}

/// All of them, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct VariableOptions(pub(super) Vec<VariableOption>);

const VALUE: &str = "var";
const FILE: &str = "var-file";

impl Args for VariableOptions {
    fn augment_args(command: Command) -> Command {
        let value = Arg::new(VALUE)
            .long(VALUE)
            .value_name("NAME=VALUE")
            .action(ArgAction::Append)
            .help("Set a variable of the root module; may be given many times.");
        let file = Arg::new(FILE)
            .long(FILE)
            .value_name("FILE")
            .action(ArgAction::Append)
            .value_parser(value_parser!(PathBuf))
            .help(
                "Set variables from a file; may be given many times. The files terraform.tfvars, gantry.tfvars and \
                 *.auto.tfvars (each also with .json) are read by themselves.",
            );
        command.arg(value).arg(file)
    }

    fn augment_args_for_update(command: Command) -> Command {
        VariableOptions::augment_args(command)
    }
}

impl FromArgMatches for VariableOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<VariableOptions, Error> {
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let values = matches.get_many::<String>(VALUE).into_iter().flatten().cloned().map(VariableOption::Value);
        let files = matches.get_many::<PathBuf>(FILE).into_iter().flatten().cloned().map(VariableOption::File);
        let mut all: Vec<(usize, VariableOption)> = places(VALUE).zip(values).chain(places(FILE).zip(files)).collect();
        all.sort_by_key(|(place, _)| *place);
        Ok(VariableOptions(all.into_iter().map(|(_, option)| option).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = VariableOptions::from_arg_matches(matches)?;
        Ok(())
    }
}
