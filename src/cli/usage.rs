//! Help pages, made from the commands' definitions.

use clap::Arg;

use crate::commands::{COMMANDS, Command};
use crate::render::wrap;

/// Columns of a help page: terminals have 80 and the last one stays free.
const WIDTH: usize = 78;

/// The flags in front of a command.
pub(crate) const GLOBALS: &[(&str, &str)] = &[
    ("-chdir=DIR", "Go to this directory before doing anything."),
    ("-help", "Show this page, or the page of the command that follows."),
    ("-no-color", "Print without colour."),
    ("-sandbox", "As the flag of that name behind commands that call providers."),
    ("-version", "Do what the command \"version\" does."),
];

/// Returns the page that lists all commands.
pub(crate) fn overview() -> String {
    let mut text = "Usage: gantry [global options] <command> [options] [arguments]\n\nCommands:\n".to_owned();
    text.push_str(&table(COMMANDS.iter().map(|c| (c.name.to_owned(), summary(c)))));
    text.push_str("\nGlobal options, in front of the command:\n");
    text.push_str(&table(GLOBALS.iter().map(|(flag, help)| ((*flag).to_owned(), (*help).to_owned()))));
    text.push_str("\nFlags may be written with one dash or two.\n");
    text
}

/// Returns the page that lists the commands whose names start with the given words.
pub(crate) fn group(words: &[&str]) -> String {
    let prefix = format!("{} ", words.join(" "));
    let mut text = format!("Usage: gantry [global options] {prefix}<command> [options] [arguments]\n\nCommands:\n");
    let members = COMMANDS.iter().filter(|c| c.name.starts_with(&prefix));
    text.push_str(&table(members.map(|c| (c.name[prefix.len()..].to_owned(), summary(c)))));
    text
}

/// Returns a command's description, a paragraph each, as sentences.
pub(crate) fn paragraphs(definition: &clap::Command) -> Vec<String> {
    let about = definition.get_long_about().or(definition.get_about()).map(ToString::to_string).unwrap_or_default();
    let sentence = |paragraph: &str| match paragraph.trim() {
        text if text.ends_with(['.', ':', '!']) => text.to_owned(),
        text => format!("{text}."),
    };
    about.split("\n\n").map(sentence).collect()
}

/// Returns how a command is called.
pub(crate) fn synopsis(command: &Command, definition: &clap::Command) -> String {
    let mut text = format!("gantry [global options] {} [options]", command.name);
    for positional in definition.get_positionals() {
        text.push_str(&format!(" {}", placeholder(positional)));
    }
    text
}

/// Returns the page of one command.
pub(crate) fn page(command: &Command) -> String {
    let definition = command.definition();
    let mut text = format!("Usage: {}\n", synopsis(command, &definition));
    for paragraph in paragraphs(&definition) {
        text.push_str(&format!("\n  {}\n", wrap(&paragraph, WIDTH - 2).replace('\n', "\n  ")));
    }
    let flags: Vec<_> = definition.get_opts().map(|arg| (flag(arg), help(arg))).collect();
    if !flags.is_empty() {
        text.push_str("\nOptions:\n\n");
        text.push_str(&table(flags));
    }
    text
}

pub(crate) fn summary(command: &Command) -> String {
    command.definition().get_about().map(ToString::to_string).unwrap_or_default()
}

pub(crate) fn help(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let help = help.replace("\n\n", " ");
    if help.ends_with('.') { help } else { format!("{help}.") }
}

/// Returns how to write a flag: as it is, with `=false` where it is on by itself, or with its value.
pub(crate) fn flag(arg: &Arg) -> String {
    let name = arg.get_long().unwrap_or_default();
    if arg.is_require_equals_set() {
        let is_on = arg.get_default_values().first().is_some_and(|value| value == "true");
        return if is_on { format!("-{name}=false") } else { format!("-{name}") };
    }
    let value = arg.get_value_names().and_then(|names| names.first()).map_or("VALUE", |name| name.as_str());
    format!("-{name}={value}")
}

pub(crate) fn placeholder(arg: &Arg) -> String {
    let name = arg.get_value_names().and_then(|names| names.first()).map_or("argument", |name| name.as_str());
    let name = name.to_lowercase();
    match (arg.is_required_set(), arg.get_action()) {
        (_, clap::ArgAction::Append) => format!("[{name}...]"),
        (true, _) => format!("<{name}>"),
        (false, _) => format!("[{name}]"),
    }
}

/// Sets names and texts in two columns.
pub(crate) fn table(rows: impl IntoIterator<Item = (String, String)>) -> String {
    let rows: Vec<_> = rows.into_iter().collect();
    let indent = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 4;
    let mut text = String::new();
    for (name, about) in rows {
        let about = wrap(&about, WIDTH - indent).replace('\n', &format!("\n{}", " ".repeat(indent)));
        text.push_str(&format!("  {name:<width$}{about}\n", width = indent - 2));
    }
    text
}
