//! Pages for a repository: of commands, of providers, and the part of a module's README that its files tell.

use schema::{Block, Schema};

use super::entry::{self, Demand, Entry};
use super::subject::{first_sentence, read};
use crate::commands::COMMANDS;
use crate::environment::VARIABLES;
use crate::usage;

/// Where the part of a README that is made begins, and where it ends.
const BEGIN: &str = "<!-- made by: gantry reference module -->";
const END: &str = "<!-- end of what is made -->";

/// Returns the page of all commands.
pub(crate) fn of_commands() -> String {
    let mut page =
        "# The command line\n\nMade from the commands' own help: `gantry reference commands`.\n\n".to_owned();
    let summary = |command: &&crate::commands::Command| {
        format!("| [{}](#{}) | {} |\n", command.name, anchor(command.name), cell(&usage::summary(command)))
    };
    page.push_str("| command | what it does |\n|---|---|\n");
    page.extend(COMMANDS.iter().map(|command| summary(&command)));
    page.push_str("\nIn front of a command:\n\n| flag | what it does |\n|---|---|\n");
    page.extend(usage::GLOBALS.iter().map(|(flag, help)| format!("| `{flag}` | {} |\n", cell(help))));
    for command in COMMANDS {
        let definition = command.definition();
        page.push_str(&format!("\n## {}\n\n```sh\n{}\n```\n", command.name, usage::synopsis(command, &definition)));
        for paragraph in usage::paragraphs(&definition) {
            page.push_str(&format!("\n{paragraph}\n"));
        }
        let flags: Vec<_> = definition.get_opts().collect();
        if !flags.is_empty() {
            page.push_str("\n| flag | what it does |\n|---|---|\n");
            page.extend(flags.iter().map(|arg| format!("| `{}` | {} |\n", usage::flag(arg), cell(&usage::help(arg)))));
        }
    }
    page.push_str("\n## Environment variables\n\n| variable | what it does |\n|---|---|\n");
    page.extend(VARIABLES.iter().map(|variable| format!("| `{}` | {} |\n", variable.name, cell(variable.effect))));
    page
}

/// Returns the pages of a provider: names of files with their texts.
pub(crate) fn of_provider(source: &str, name: &str, schemas: &sdk::Schemas) -> Vec<(String, String)> {
    let kinds: [(&str, &str, &std::collections::BTreeMap<ecow::EcoString, Schema>); 3] = [
        ("Resource types", "", &schemas.resources),
        ("Data sources", "data.", &schemas.data_sources),
        ("Ephemeral resource types", "ephemeral.", &schemas.ephemerals),
    ];
    let mut index =
        format!("# The provider {name}\n\nMade from its schemas: `gantry reference provider {name}`.\n\n`{source}`\n");
    let configuration = &schemas.provider.block;
    index.push_str(&section("Configuration", &configuration.description, &entry::of_block(configuration)));
    let mut pages = Vec::new();
    for (heading, prefix, types) in kinds {
        if types.is_empty() {
            continue;
        }
        index.push_str(&format!("\n## {heading}\n\n| type | what it is |\n|---|---|\n"));
        for (kind, schema) in types {
            let file = format!("{prefix}{kind}.md");
            let about = cell(&first_sentence(&schema.block.description));
            index.push_str(&format!("| [{kind}]({file}) | {about} |\n"));
            pages.push((file, of_type(&format!("{prefix}{kind}"), &schema.block)));
        }
    }
    if !schemas.functions.is_empty() {
        index.push_str("\n## Functions\n\n| function | what it does |\n|---|---|\n");
        for (function, signature) in &schemas.functions {
            let parameters: Vec<String> =
                signature.parameters.iter().map(|parameter| format!("{}: {}", parameter.name, parameter.ty)).collect();
            let call = format!("provider::{name}::{function}({})", parameters.join(", "));
            index.push_str(&format!("| `{call}` | {} |\n", cell(&signature.summary)));
        }
    }
    pages.push(("README.md".to_owned(), index));
    pages
}

fn of_type(name: &str, block: &Block) -> String {
    let entries = entry::of_block(block);
    let mut page = format!("# {name}\n");
    if !block.description.is_empty() {
        page.push_str(&format!("\n{}\n", block.description));
    }
    let (settable, read): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| entry.is_settable());
    let mut inner = Vec::new();
    page.push_str(&table("Arguments", &settable, name, &mut inner));
    page.push_str(&table("Attributes that the provider sets", &read, name, &mut inner));
    // Parts of parts follow, each under its path.
    while !inner.is_empty() {
        for (path, entry) in std::mem::take(&mut inner) {
            let mut further = Vec::new();
            let parts: Vec<&Entry> = entry.inner.iter().collect();
            page.push_str(&table(&path, &parts, &path, &mut further));
            inner.extend(further);
        }
    }
    page
}

fn section(heading: &str, description: &str, entries: &[Entry]) -> String {
    let about = if description.is_empty() { String::new() } else { format!("\n{description}\n") };
    let mut inner = Vec::new();
    let mut text = table(heading, &entries.iter().collect::<Vec<_>>(), "provider", &mut inner) + &about;
    for (path, entry) in inner {
        text.push_str(&table(&path, &entry.inner.iter().collect::<Vec<_>>(), &path, &mut Vec::new()));
    }
    text
}

/// Writes a table of entries; those with parts are put off to tables of their own.
fn table<'a>(heading: &str, entries: &[&'a Entry], place: &str, inner: &mut Vec<(String, &'a Entry)>) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let mut text = format!("\n## {heading}\n\n| name | type | |\n|---|---|---|\n");
    for entry in entries {
        let place = if place.contains(' ') { entry.name.clone() } else { format!("{place}.{}", entry.name) };
        let name = match entry.inner.is_empty() {
            true => format!("`{}`", entry.name),
            false => format!("[`{}`](#{})", entry.name, anchor(&place)),
        };
        text.push_str(&format!("| {name} | {} | {} |\n", facts(entry), cell(&entry.description)));
        if !entry.inner.is_empty() {
            inner.push((place, entry));
        }
    }
    text
}

fn facts(entry: &Entry) -> String {
    let demand = if entry.demand == Demand::Required { ", **required**" } else { "" };
    let notes: String = entry.notes.iter().map(|note| format!(", {}", cell(note))).collect();
    format!("{}{demand}{notes}", entry.ty)
}

/// Returns a module's README with its inputs and outputs as the files in the folder say.
pub(crate) fn of_module(folder: &std::path::Path, readme: &str) -> String {
    let module = read(folder, &lang::functions::RealFiles);
    let mut made = String::new();
    let inputs = entry::of_variables(&module.variables);
    let outputs = entry::of_outputs(&module.outputs);
    for (what, entries) in [("input", &inputs), ("output", &outputs)] {
        if entries.is_empty() {
            continue;
        }
        made.push_str(&format!("\n| {what} | type | |\n|---|---|---|\n"));
        for entry in entries {
            made.push_str(&format!("| `{}` | {} | {} |\n", entry.name, facts(entry), cell(&entry.description)));
        }
    }
    let made = format!("{BEGIN}\n{made}\n{END}");
    match (readme.find(BEGIN), readme.find(END)) {
        (Some(begin), Some(end)) if begin < end => {
            format!("{}{made}{}", &readme[..begin], &readme[end + END.len()..])
        }
        _ => format!("{}\n\n{made}\n", readme.trim_end()).trim_start().to_owned(),
    }
}

/// Writes text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Returns the name by which a heading is linked to.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || ['-', '_'].contains(c)).collect()
}
