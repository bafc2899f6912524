//! What a shell offers behind the words that are typed so far.
//!
//! The scripts beside this file only ask and show: what there is, is known here. So completion knows the addresses in state,
//! and a newer Gantry needs no newer script.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Arg;
use clap::builder::PossibleValue;
use diag::Diagnostics;
use lang::functions::RealFiles;
use lang::module::list_files;
use lang::tree::Node;

use crate::commands::{COMMANDS, Command};
use crate::configuration::{Configuration, Purity};
use crate::reference::subject::Known;
use crate::{Session, stored, usage};

/// What can stand in the place of the word that is being typed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Words with what they mean.
    pub(crate) words: Vec<(String, String)>,
    /// Paths of the machine as well.
    pub(crate) paths: Paths,
}

/// Which paths can stand there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Paths {
    /// None.
    #[default]
    None,
    /// Files, and folders on the way to them.
    Files,
    /// Folders only.
    Folders,
}

/// Returns what can stand in the place of the last word; those before it are typed already.
pub(crate) fn offer(words: &[String], session: &Session) -> Offer {
    let (words, is_split) = joined(words);
    let (typed, before) = match words.split_last() {
        Some((typed, before)) => (typed.as_str(), before),
        None => ("", &[] as &[String]),
    };
    let mut offer = in_place(typed, before, session);
    offer.words.retain(|(word, _)| word.starts_with(typed));
    if let Some((flag, _)) = typed.split_once('=').filter(|_| is_split) {
        // The shell replaces what is behind the sign only.
        offer.words.iter_mut().for_each(|(word, _)| *word = word[flag.len() + 1..].to_owned());
    }
    offer
}

/// Puts `-flag`, `=` and `value` together again, as bash parts them; tells whether the last word came from that.
fn joined(words: &[String]) -> (Vec<String>, bool) {
    let mut whole: Vec<String> = Vec::new();
    let mut is_open = false;
    let mut is_split = false;
    for word in words {
        is_split = is_open;
        match whole.last_mut() {
            Some(last) if word == "=" && last.starts_with('-') => {
                last.push('=');
                (is_open, is_split) = (true, true);
            }
            Some(last) if is_open => {
                last.push_str(word);
                is_open = false;
            }
            _ => {
                whole.push(word.clone());
                is_open = false;
            }
        }
    }
    (whole, is_split)
}

fn in_place(typed: &str, before: &[String], session: &Session) -> Offer {
    let plain: Vec<&str> = before.iter().skip_while(|word| word.starts_with('-')).map(String::as_str).collect();
    let Some((command, rest)) = find(&plain) else {
        return match typed.starts_with('-') {
            true => Offer { words: globals(), ..Offer::default() },
            false => Offer { words: commands(&plain), ..Offer::default() },
        };
    };
    let definition = command.definition();
    let flag_of = |name: &str| definition.get_opts().find(|arg| arg.get_long() == Some(name));
    if let Some((name, _)) = typed.split_once('=').filter(|_| typed.starts_with('-')) {
        let mut offer =
            flag_of(name.trim_start_matches('-')).map(|arg| values(command, arg, session)).unwrap_or_default();
        offer.words.iter_mut().for_each(|(word, _)| *word = format!("{name}={word}"));
        return offer;
    }
    if typed.starts_with('-') {
        return Offer { words: flags(&definition, typed), ..Offer::default() };
    }
    // `-out FILE`: a flag that waits for its value.
    let waiting = rest.last().filter(|word| word.starts_with('-') && !word.contains('='));
    let waiting = waiting.and_then(|word| flag_of(word.trim_start_matches('-')));
    if let Some(arg) = waiting.filter(|arg| arg.get_action().takes_values() && !arg.is_require_equals_set()) {
        return values(command, arg, session);
    }
    let place = rest.iter().filter(|word| !word.starts_with('-')).count();
    let positionals: Vec<&Arg> = definition.get_positionals().collect();
    let repeated = positionals.last().filter(|arg| matches!(arg.get_action(), clap::ArgAction::Append));
    let mut offer = match positionals.get(place).or(repeated) {
        Some(arg) => values(command, arg, session),
        None => Offer::default(),
    };
    // Names of several words: `state` may be followed by `list`.
    offer.words.extend(commands(&plain));
    offer
}

/// Finds the command of the most words, and what is behind its name.
fn find<'a>(words: &'a [&'a str]) -> Option<(&'static Command, &'a [&'a str])> {
    (1..=words.len()).rev().find_map(|count| {
        let name = words[..count].join(" ");
        COMMANDS.iter().find(|command| command.name == name).map(|command| (command, &words[count..]))
    })
}

fn globals() -> Vec<(String, String)> {
    let bare = |flag: &str| flag.split_once('=').map_or(flag.to_owned(), |(name, _)| format!("{name}="));
    usage::GLOBALS.iter().map(|(flag, help)| (bare(flag), (*help).to_owned())).collect()
}

/// Returns the next words of all commands that begin with these.
fn commands(words: &[&str]) -> Vec<(String, String)> {
    let mut next: Vec<(String, String)> = Vec::new();
    for command in COMMANDS {
        let parts: Vec<&str> = command.name.split(' ').collect();
        let Some(word) = parts.get(words.len()).filter(|_| parts.starts_with(words)) else { continue };
        let is_whole = parts.len() == words.len() + 1;
        let about = if is_whole { usage::summary(command) } else { String::new() };
        match next.iter_mut().find(|(known, _)| known == word) {
            Some(known) if is_whole => known.1 = about,
            Some(_) => {}
            None => next.push(((*word).to_owned(), about)),
        }
    }
    next
}

/// Returns a command's flags, with as many dashes as are typed.
fn flags(definition: &clap::Command, typed: &str) -> Vec<(String, String)> {
    let dashes = if typed.starts_with("--") { "--" } else { "-" };
    let flag = |arg: &Arg| {
        let written = usage::flag(arg);
        let name = written.trim_start_matches('-');
        // What takes a value is offered up to the sign; what is on by itself can only be turned off.
        let name = match name.split_once('=') {
            Some((name, "false")) => format!("{name}=false"),
            Some((name, _)) => format!("{name}="),
            None => name.to_owned(),
        };
        (format!("{dashes}{name}"), usage::help(arg))
    };
    definition.get_opts().map(flag).collect()
}

/// Returns the values that an argument can have, as its name tells.
fn values(command: &Command, arg: &Arg, session: &Session) -> Offer {
    let named = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    let possible: Vec<PossibleValue> = arg.get_possible_values();
    if !possible.is_empty() {
        let word = |value: &PossibleValue| {
            (value.get_name().to_owned(), value.get_help().map(ToString::to_string).unwrap_or_default())
        };
        return Offer { words: possible.iter().map(word).collect(), ..Offer::default() };
    }
    let paths = match named {
        "FILE" | "PLAN" => Paths::Files,
        "DIR" => Paths::Folders,
        _ => Paths::None,
    };
    let words = match (command.name, named) {
        ("explain", "NAME") => Known::here(session).names(),
        ("man", "COMMAND") => commands(&[]).into_iter().map(|(word, _)| word).collect(),
        ("output", "NAME") => outputs(session),
        ("provider serve", "NAME") => session.providers.iter().map(|factory| factory().name().to_owned()).collect(),
        (name, "NAME") if name.starts_with("workspace ") && name != "workspace new" => {
            stored::store().workspaces().unwrap_or_default()
        }
        (name, "ADDRESS" | "SOURCE" | "TARGET" | "FROM") if name.starts_with("state ") || name == "untaint" => {
            stored_addresses(session)
        }
        (_, "ADDRESS" | "TARGET") if command.calls_providers || command.name == "taint" => {
            let configured = configuration(session).map(|node| configured_addresses(&node)).unwrap_or_default();
            stored_addresses(session).into_iter().chain(configured).collect::<BTreeSet<_>>().into_iter().collect()
        }
        (_, "NAME=VALUE") => {
            let variables = configuration(session).map(|root| {
                let names = root.module.variables.iter().map(|variable| format!("{}=", variable.name));
                names.collect::<Vec<_>>()
            });
            variables.unwrap_or_default()
        }
        _ => vec![],
    };
    Offer { words: words.into_iter().map(|word| (word, String::new())).collect(), paths }
}

/// Reads the configuration of this folder as far as it can be read; who wants to know what is wrong validates it.
fn configuration(session: &Session) -> Option<Node> {
    let here = Path::new(".");
    list_files(&RealFiles, here).ok().filter(|files| !files.is_empty())?;
    Some(Configuration::read(here, Purity::Pure, session, &mut Diagnostics::new()).root)
}

/// Returns the addresses of the root module's resources and calls.
fn configured_addresses(root: &Node) -> Vec<String> {
    let call = |name: &str| if name.contains('.') { name.to_owned() } else { format!("module.{name}") };
    let resources = root.module.resources.iter().map(|resource| resource.address.to_string());
    resources.chain(root.module.calls.iter().map(|known| call(&known.name))).collect()
}

fn stored_addresses(session: &Session) -> Vec<String> {
    let state = stored::peek(session);
    state.iter().flat_map(|state| state.objects()).map(|(target, ..)| target.address.to_string()).collect()
}

fn outputs(session: &Session) -> Vec<String> {
    let configured = configuration(session);
    configured.iter().flat_map(|root| &root.module.outputs).map(|output| output.name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str], expected: &[&str]) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let session = crate::Session {
            ui: crate::Ui::of_process(),
            environment: crate::Environment::default(),
            providers: &[],
            started_in: std::path::PathBuf::new(),
        };
        let offer = offer(&words, &session);
        let found: Vec<&str> = offer.words.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(found, expected, "{words:?}");
    }

    #[test]
    fn commands_are_offered_word_by_word() {
        check(&["pla"], &["plan"]);
        check(&["-chdir=x", "val"], &["validate"]);
        check(&["state", "re"], &["repair", "replace-provider"]);
        check(&["state", "list", "re"], &[]);
        check(&["providers", "loc"], &["lock"]);
        check(&["-cha"], &[]);
        check(&["-chd"], &["-chdir="]);
    }

    #[test]
    fn flags_are_offered_with_as_many_dashes_as_typed() {
        check(&["plan", "-det"], &["-detailed-exitcode"]);
        check(&["plan", "--det"], &["--detailed-exitcode"]);
        check(&["plan", "-lo"], &["-lock-timeout=", "-lock=false"]);
    }

    #[test]
    fn values_are_offered_whole_or_behind_the_sign() {
        check(&["sandbox", "env", "-shell=f"], &["-shell=fish"]);
        check(&["sandbox", "env", "-shell", "f"], &["fish"]);
        check(&["sandbox", "env", "-shell", "=", "f"], &["fish"]);
        check(&["sandbox", "env", "-shell", "="], &["sh", "fish", "powershell"]);
    }

    #[test]
    fn paths_are_offered_where_the_flag_takes_one() {
        let session_free = |words: &[&str]| {
            let (words, _) = joined(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
            words
        };
        assert_eq!(session_free(&["plan", "-out", "=", "x"]), ["plan", "-out=x"]);
        assert_eq!(session_free(&["plan", "=", "x"]), ["plan", "=", "x"]);
    }
}
