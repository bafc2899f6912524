//! From the arguments as typed to a command with its flags.
//!
//! Flags are written as Go programs have them, `-name`, `-name=value`, `-name value`, and with two dashes just as well.
//! They are put into the one form that clap reads, and what clap says is put back into the words the user typed.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::ArgMatches;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use diag::did_you_mean;

use crate::commands::{self, Command};
use crate::simulated::{self, Simulation};
use crate::{Exit, Session, environment, usage};

/// Finds the command, reads its flags and runs it.
pub(crate) fn dispatch(arguments: Vec<OsString>, session: &mut Session) -> Exit {
    let globals = match Globals::read(&arguments) {
        Ok(globals) => globals,
        Err((summary, detail)) => {
            session.problem(summary, detail);
            return Exit::FAILURE;
        }
    };
    if globals.no_colour {
        session.ui.disable_colour();
    }
    if globals.is_sandbox {
        session.environment.want_sandbox();
    }
    if let Some(directory) = &globals.directory
        && let Err(error) = environment::change_directory(Path::new(directory))
    {
        let detail = format!("-chdir={}: {error}.", directory.to_string_lossy());
        session.problem("Cannot change to the given directory", detail);
        return Exit::FAILURE;
    }
    let rest = &arguments[globals.count..];
    if globals.version {
        return commands::run_version(session);
    }
    if rest.is_empty() {
        session.ui.out.print(&usage::overview());
        return if globals.help { Exit::SUCCESS } else { Exit::NO_COMMAND };
    }
    match find(rest) {
        Found::Command(command, rest) if globals.help || asks_for_help(rest) => {
            session.ui.out.print(&usage::page(command));
            Exit::SUCCESS
        }
        Found::Command(command, rest) => run(command, rest, session),
        Found::Group(words, rest) => {
            session.ui.out.print(&usage::group(&words));
            if globals.help || asks_for_help(rest) { Exit::SUCCESS } else { Exit::FAILURE }
        }
        Found::Nothing(word) => {
            session.problem("Unknown command", unknown_command(&word));
            Exit::FAILURE
        }
    }
}

fn unknown_command(word: &str) -> String {
    let first_words = commands::names().map(|name| name.split(' ').next().unwrap_or(name));
    let hint = did_you_mean(word, first_words).map(|name| format!(" Did you mean \"{name}\"?")).unwrap_or_default();
    format!("Gantry has no command named \"{word}\".{hint}\n\nTo see all commands, run:\n  gantry -help")
}

/// The flags in front of the command.
#[derive(Default)]
struct Globals {
    directory: Option<OsString>,
    help: bool,
    version: bool,
    no_colour: bool,
    is_sandbox: bool,
    /// How many arguments they are.
    count: usize,
}

impl Globals {
    fn read(arguments: &[OsString]) -> Result<Globals, (&'static str, String)> {
        let mut globals = Globals::default();
        for argument in arguments.iter().take_while(|a| is_flag(a)) {
            globals.count += 1;
            let (name, value) = split_flag(argument);
            match name.as_str() {
                "chdir" => globals.directory = Some(value.filter(|v| !v.is_empty()).ok_or_else(chdir_without_value)?),
                "help" | "h" => globals.help = true,
                "version" | "v" => globals.version = true,
                "no-color" => globals.no_colour = true,
                "sandbox" => globals.is_sandbox = true,
                _ => return Err(unknown_global(argument, &name)),
            }
        }
        Ok(globals)
    }
}

fn chdir_without_value() -> (&'static str, String) {
    ("Invalid -chdir option", "It needs an equals sign and a directory: -chdir=DIR.".to_owned())
}

fn unknown_global(argument: &OsStr, name: &str) -> (&'static str, String) {
    let hint = match did_you_mean(name, ["chdir", "help", "no-color", "sandbox", "version"]) {
        Some(near) => format!(" Did you mean -{near}?"),
        None => String::new(),
    };
    let flag = argument.to_string_lossy();
    let detail = format!(
        "There is no flag {flag} in front of the command.{hint} Flags of a command go behind it: gantry COMMAND {flag}."
    );
    ("Unknown flag", detail)
}

enum Found<'a> {
    Command(&'static Command, &'a [OsString]),
    /// The first words of several commands: `metadata`.
    Group(Vec<&'a str>, &'a [OsString]),
    Nothing(String),
}

/// Finds the command of the most words that the arguments start with.
fn find(arguments: &[OsString]) -> Found<'_> {
    let words: Vec<&str> = arguments.iter().map_while(|a| a.to_str().filter(|_| !is_flag(a))).collect();
    for count in (1..=words.len()).rev() {
        let name = words[..count].join(" ");
        if let Some(command) = commands::COMMANDS.iter().find(|c| c.name == name) {
            return Found::Command(command, &arguments[count..]);
        }
        let mut group = commands::names().filter(|c| c.strip_prefix(&name).is_some_and(|rest| rest.starts_with(' ')));
        if group.next().is_some() {
            let unknown = words.get(count).map(|word| format!("{name} {word}"));
            return unknown.map_or(Found::Group(words[..count].to_vec(), &arguments[count..]), Found::Nothing);
        }
    }
    Found::Nothing(arguments[0].to_string_lossy().into_owned())
}

fn run(command: &Command, arguments: &[OsString], session: &mut Session) -> Exit {
    let mut all = Vec::new();
    for (variable, text) in session.environment.extra_arguments(command.name) {
        match shlex::split(text) {
            Some(extra) => all.extend(extra.into_iter().map(OsString::from)),
            None => {
                let detail = format!("The environment variable {variable} has a quote that is not closed.");
                session.problem("Invalid extra arguments", detail);
                return Exit::FAILURE;
            }
        }
    }
    all.extend_from_slice(arguments);
    let definition = command.definition();
    let normal = normalise(&all, &definition);
    let matches = definition.clone().try_get_matches_from(normal);
    match matches.and_then(|mut matches| run_where(command, &mut matches, session)) {
        Ok(exit) => exit,
        Err(error) => {
            let (summary, detail) = explain(&error, &all, &definition);
            let hint = format!("{detail}\n\nTo see the flags of this command, run:\n  gantry {} -help", command.name);
            session.problem(summary, hint);
            Exit::FAILURE
        }
    }
}

/// Runs a command with real clouds or in the sandbox, as the user wants it.
fn run_where(command: &Command, matches: &mut ArgMatches, session: &mut Session) -> Result<Exit, clap::Error> {
    if !command.calls_providers {
        return (command.run)(matches, session);
    }
    let is_said = matches.value_source(commands::SANDBOX) == Some(ValueSource::CommandLine);
    let is_flag = matches.get_flag(commands::SANDBOX);
    if !(if is_said { is_flag } else { session.environment.is_sandbox_wanted() }) {
        return match simulated::check_real(session) {
            Ok(()) => (command.run)(matches, session),
            Err(exit) => Ok(exit),
        };
    }
    let simulation = match Simulation::enter(session) {
        Ok(simulation) => simulation,
        Err(exit) => return Ok(exit),
    };
    if !matches!(matches.try_get_one::<bool>("json"), Ok(Some(true))) {
        simulation.announce(session);
    }
    let exit = (command.run)(matches, session)?;
    match simulation.leave(session) {
        Err(left) if exit == Exit::SUCCESS => Ok(left),
        _ => Ok(exit),
    }
}

/// Tells whether a help flag is among a command's arguments.
fn asks_for_help(arguments: &[OsString]) -> bool {
    let is_help = |a: &&OsString| matches!(a.to_str(), Some("-h" | "-help" | "--help"));
    arguments.iter().take_while(|a| *a != "--").any(|a| is_help(&a))
}

/// Tells whether an argument is a flag; a lone dash is a name for standard input.
fn is_flag(argument: &OsStr) -> bool {
    let bytes = argument.as_encoded_bytes();
    bytes.len() > 1 && bytes[0] == b'-' && bytes != b"--"
}

/// Splits `-name=value` and `--name=value`.
fn split_flag(argument: &OsStr) -> (String, Option<OsString>) {
    let Some(text) = argument.to_str() else {
        return split_foreign_flag(argument);
    };
    let text = text.trim_start_matches('-');
    match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.into())),
        None => (text.to_owned(), None),
    }
}

/// Splits a flag whose value is not UTF-8, as a path may be.
#[cfg(unix)]
fn split_foreign_flag(argument: &OsStr) -> (String, Option<OsString>) {
    use std::os::unix::ffi::OsStrExt;
    let bytes = argument.as_bytes();
    let name_end = bytes.iter().position(|b| *b == b'=').unwrap_or(bytes.len());
    let name = String::from_utf8_lossy(&bytes[..name_end]).trim_start_matches('-').to_owned();
    (name, bytes.get(name_end + 1..).map(|value| OsStr::from_bytes(value).to_owned()))
}

#[cfg(not(unix))]
fn split_foreign_flag(argument: &OsStr) -> (String, Option<OsString>) {
    (argument.to_string_lossy().trim_start_matches('-').to_owned(), None)
}

/// Puts flags into the form `--name=value`; what stands behind `--` stays as it is.
fn normalise(arguments: &[OsString], definition: &clap::Command) -> Vec<OsString> {
    let mut normal = Vec::with_capacity(arguments.len());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            normal.push(argument.clone());
            normal.extend(rest.by_ref().cloned());
        } else if is_flag(argument) {
            let (name, value) = split_flag(argument);
            let value = match value {
                None if takes_next(definition, &name) => rest.next().cloned(),
                value => value,
            };
            let mut flag = OsString::from(format!("--{name}"));
            if let Some(value) = value {
                flag.push("=");
                flag.push(value);
            }
            normal.push(flag);
        } else {
            normal.push(argument.clone());
        }
    }
    normal
}

/// Tells whether the argument behind a flag without `=` is its value: so for texts, not so for yes or no.
fn takes_next(definition: &clap::Command, name: &str) -> bool {
    let flag = definition.get_arguments().find(|a| a.get_long() == Some(name));
    flag.is_some_and(|a| a.get_action().takes_values() && !a.is_require_equals_set())
}

/// Reads yes and no in every way that Go programs do.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err("it must be true or false".to_owned()),
    }
}

/// Reads a duration: `90`, `90s`, `5m`, `1h30m`; a number alone is seconds.
pub(crate) fn duration(text: &str) -> Result<std::time::Duration, String> {
    let wrong = || "it must be a duration such as 30s or 5m".to_owned();
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(std::time::Duration::from_secs(seconds));
    }
    let (mut rest, mut total) = (text, std::time::Duration::ZERO);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u32 = rest[..end].parse().map_err(|_| wrong())?;
        let unit_end = rest[end..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| end + at);
        let unit = match &rest[end..unit_end] {
            "ms" => std::time::Duration::from_millis(1),
            "s" => std::time::Duration::from_secs(1),
            "m" => std::time::Duration::from_secs(60),
            "h" => std::time::Duration::from_secs(3600),
            _ => return Err(wrong()),
        };
        total = unit.checked_mul(number).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = &rest[unit_end..];
    }
    if text.is_empty() { Err(wrong()) } else { Ok(total) }
}

/// Says what is wrong with a command's arguments in the words they were typed in.
fn explain(error: &clap::Error, typed: &[OsString], definition: &clap::Command) -> (&'static str, String) {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    let flag = as_typed(&argument, typed);
    match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with("--") => {
            let name = flag_name(&argument);
            let known = definition.get_arguments().filter_map(clap::Arg::get_long);
            let hint = did_you_mean(name, known).map(|near| format!(" Did you mean -{near}?")).unwrap_or_default();
            ("Unknown flag", format!("This command has no flag {flag}.{hint}"))
        }
        ErrorKind::TooManyValues if argument.starts_with("--") => {
            ("Invalid value for a flag", format!("The flag {flag} takes no value."))
        }
        ErrorKind::UnknownArgument | ErrorKind::TooManyValues => {
            ("Too many arguments", format!("This command has no use for the argument \"{argument}\"."))
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let value = context(ContextKind::InvalidValue);
            let reason = std::error::Error::source(error).map(|e| format!(": {e}")).unwrap_or_default();
            match value.is_empty() {
                true => ("Missing value", format!("The flag {flag} needs a value.")),
                false => ("Invalid value for a flag", format!("The value \"{value}\" of {flag} is not right{reason}.")),
            }
        }
        ErrorKind::MissingRequiredArgument => ("Missing argument", format!("This command needs {flag}.")),
        ErrorKind::ArgumentConflict => {
            let other = as_typed(&context(ContextKind::PriorArg), typed);
            ("Conflicting flags", format!("The flags {flag} and {other} cannot be used together."))
        }
        _ => ("Invalid arguments", format!("The arguments of this command make no sense near \"{flag}\".")),
    }
}

/// Returns the name in clap's way of writing a flag: `--name[=<NAME>]`, `--name <NAME>`.
fn flag_name(flag: &str) -> &str {
    let name = flag.trim_start_matches('-');
    &name[..name.find([' ', '=', '[']).unwrap_or(name.len())]
}

/// Returns a flag with the dashes that the user gave it.
fn as_typed(flag: &str, typed: &[OsString]) -> String {
    if !flag.starts_with('-') {
        return flag.to_owned();
    }
    let name = flag_name(flag);
    let given = typed.iter().find(|a| is_flag(a) && split_flag(a).0 == name);
    match given.and_then(|a| a.to_str()) {
        Some(text) => text.split('=').next().unwrap_or(text).to_owned(),
        None => format!("-{name}"),
    }
}

#[cfg(test)]
mod tests;
