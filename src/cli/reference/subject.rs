//! What can be explained, found by its name.

use std::collections::BTreeSet;
use std::path::Path;

use addr::Provider;
use diag::{Diagnostics, Sources, did_you_mean};
use lang::functions::{FUNCTIONS, Files, Function, RealFiles};
use lang::module::{BUILT_IN, Module, list_files, read_module};
use schema::{Block, Schema};

use super::entry::{self, Entry};
use super::page::{self, Page};
use crate::Session;
use crate::built_in::{self, EmbeddedFiles};
use crate::configuration::{Configuration, Purity};
use crate::environment::{VARIABLES, Variable};
use crate::providers::{LinkedProviders, needed};

/// Something that can be explained.
pub(crate) enum Subject {
    /// A resource type, a data source, a provider's configuration and the like.
    Block(About),
    /// A module: its inputs, and then its outputs.
    Module(About, Vec<Entry>),
    /// A function.
    Function(&'static Function),
    /// An environment variable.
    Variable(&'static Variable),
}

/// What a page is about.
pub(crate) struct About {
    /// How to ask for it.
    pub(crate) name: String,
    /// What it is.
    pub(crate) title: String,
    /// What it is for.
    pub(crate) description: String,
    /// What it takes.
    pub(crate) entries: Vec<Entry>,
}

/// The providers whose types can be explained.
pub(crate) struct Known {
    linked: LinkedProviders,
    providers: BTreeSet<Provider>,
}

/// Why there is no page: a summary and a detail.
pub(crate) type Missing = (&'static str, String);

impl Known {
    /// Returns those that are part of the program, and those of the configuration in this folder as far as there is one.
    pub(crate) fn here(session: &Session) -> Known {
        let linked_in = session.providers.iter().filter_map(|factory| Provider::parse(factory().source()).ok());
        let mut providers: BTreeSet<Provider> = linked_in.collect();
        let here = Path::new(".");
        if list_files(&RealFiles, here).is_ok_and(|files| !files.is_empty()) {
            // What is wrong with it, other commands say.
            let mut diags = Diagnostics::new();
            let read = Configuration::read(here, Purity::Pure, session, &mut diags);
            read.root.visit(&mut |node| providers.extend(needed(&node.module)));
            let linked = LinkedProviders::to_describe(session, &read.root, &providers);
            return Known { linked, providers };
        }
        Known { linked: LinkedProviders::of(session), providers }
    }

    /// Returns the providers' names with what they say of themselves.
    pub(crate) fn providers(&self) -> impl Iterator<Item = (&Provider, &sdk::Schemas)> {
        self.providers.iter().filter_map(|provider| Some((provider, self.linked.described(provider).ok()?)))
    }

    /// Finds something by its name.
    pub(crate) fn find(&self, name: &str) -> Result<Found, Missing> {
        let (subject, path) = match name.strip_prefix(BUILT_IN).unwrap_or(name) {
            folder if folder.starts_with('.') || Path::new(folder).is_absolute() => (of_folder(folder)?, vec![]),
            name => {
                let steps: Vec<&str> = name.split('.').collect();
                let found = (1..=steps.len().min(2)).rev().find_map(|count| {
                    let (name, path) = steps.split_at(count);
                    Some((self.named(name)?, path.iter().map(|step| (*step).to_owned()).collect()))
                });
                found.ok_or_else(|| self.unknown(steps[0]))?
            }
        };
        Found::inside(subject, path)
    }

    fn named(&self, name: &[&str]) -> Option<Subject> {
        match name {
            ["resource", kind] => self.resource(kind),
            ["data", kind] => self.typed(kind, "data source", "data.", |schemas| &schemas.data_sources),
            ["ephemeral", kind] => {
                self.typed(kind, "ephemeral resource type", "ephemeral.", |schemas| &schemas.ephemerals)
            }
            ["provider", name] => self.provider(name),
            ["addon", kind] => of_built_in(&format!("addon/{kind}")),
            ["cluster"] => of_built_in("cluster/sandbox").map(|found| found.called("cluster \"NAME\" { }", "cluster")),
            [name] => self
                .resource(name)
                .or_else(|| self.named(&["data", name]))
                .or_else(|| self.named(&["ephemeral", name]))
                .or_else(|| of_built_in(name))
                .or_else(|| FUNCTIONS.iter().find(|function| function.name == *name).copied().map(Subject::Function))
                .or_else(|| VARIABLES.iter().find(|variable| variable.name == *name).map(Subject::Variable)),
            _ => None,
        }
    }

    fn resource(&self, kind: &str) -> Option<Subject> {
        self.typed(kind, "resource type", "", |schemas| &schemas.resources)
    }

    fn typed(
        &self,
        kind: &str,
        what: &str,
        prefix: &str,
        types: fn(&sdk::Schemas) -> &std::collections::BTreeMap<ecow::EcoString, Schema>,
    ) -> Option<Subject> {
        let (provider, schema) =
            self.providers().find_map(|(provider, schemas)| Some((provider, types(schemas).get(kind)?)))?;
        let title = format!("{kind}  ({what} of the provider {})", shown(provider));
        Some(Subject::Block(About::of_block(format!("{prefix}{kind}"), title, &schema.block)))
    }

    fn provider(&self, name: &str) -> Option<Subject> {
        let (provider, schemas) = self.providers().find(|(provider, _)| provider.name == name)?;
        let title = format!("provider \"{name}\"  ({})", shown(provider));
        Some(Subject::Block(About::of_block(format!("provider.{name}"), title, &schemas.provider.block)))
    }

    fn unknown(&self, name: &str) -> Missing {
        let names = self.names();
        let hint = match did_you_mean(name, names.iter().map(String::as_str)) {
            Some(near) => format!(" Did you mean {near}?"),
            None => String::new(),
        };
        let detail = format!(
            "There is no resource type, data source, module, function or environment variable {name:?} here.{hint}\n\nTo see \
             what there is, run:\n  gantry explain"
        );
        ("Nothing known of that name", detail)
    }

    /// Returns the page that lists everything.
    pub(crate) fn overview(&self) -> String {
        let mut page = Page::new("Explained by gantry explain NAME:", "");
        let blocks = built_in::names().filter_map(|name| {
            let kind = name.strip_prefix("addon/")?;
            Some((format!("addon.{kind}"), of_built_in(name)?.summary()))
        });
        let cluster = ("cluster".to_owned(), "What every platform takes.".to_owned());
        page.table("Clusters and add-ons", std::iter::once(cluster).chain(blocks));
        let summary = |block: &Block| first_sentence(&block.description);
        for (provider, schemas) in self.providers() {
            let configuration =
                (format!("provider.{}", provider.name), "How the provider itself is configured.".to_owned());
            let resources = schemas.resources.iter().map(|(kind, schema)| (kind.to_string(), summary(&schema.block)));
            let data =
                schemas.data_sources.iter().map(|(kind, schema)| (format!("data.{kind}"), summary(&schema.block)));
            let ephemerals =
                schemas.ephemerals.iter().map(|(kind, schema)| (format!("ephemeral.{kind}"), summary(&schema.block)));
            let rows = std::iter::once(configuration).chain(resources).chain(data).chain(ephemerals);
            page.table(&format!("Provider {}", shown(provider)), rows);
        }
        let functions: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
        page.verbatim("\nFunctions:\n");
        page.paragraphs(&functions.join(", "), 2);
        let variables: Vec<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
        page.verbatim("\nEnvironment variables:\n");
        page.paragraphs(&variables.join(", "), 2);
        page.into_text()
    }

    /// Returns the names of everything that can be explained, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: BTreeSet<String> = FUNCTIONS.iter().map(|function| function.name.to_owned()).collect();
        names.extend(built_in::names().map(str::to_owned));
        names.extend(VARIABLES.iter().map(|variable| variable.name.to_owned()));
        names.insert("cluster".to_owned());
        for (provider, schemas) in self.providers() {
            names.insert(format!("provider.{}", provider.name));
            names.extend(schemas.resources.keys().map(ToString::to_string));
            names.extend(schemas.data_sources.keys().map(|kind| format!("data.{kind}")));
            names.extend(schemas.ephemerals.keys().map(|kind| format!("ephemeral.{kind}")));
        }
        names.into_iter().collect()
    }
}

/// Something that was found, and perhaps a part of it.
pub(crate) struct Found {
    subject: Subject,
    part: Vec<String>,
}

impl Found {
    fn inside(subject: Subject, part: Vec<String>) -> Result<Found, Missing> {
        let found = Found { subject, part };
        found.part()?;
        Ok(found)
    }

    /// Returns the part that is meant; nothing means the whole.
    fn part(&self) -> Result<Option<&Entry>, Missing> {
        let (about, outputs): (&About, &[Entry]) = match &self.subject {
            Subject::Block(about) => (about, &[]),
            Subject::Module(about, outputs) => (about, outputs),
            Subject::Function(_) | Subject::Variable(_) if self.part.is_empty() => return Ok(None),
            Subject::Function(_) | Subject::Variable(_) => {
                return Err(("Nothing inside", "Functions and environment variables have no parts.".to_owned()));
            }
        };
        let (mut place, mut found) = (about.name.clone(), None);
        let mut inside: Vec<&Entry> = about.entries.iter().chain(outputs).collect();
        for step in &self.part {
            // A labelled block stands for one element of a map: `pool` of `pools`.
            let is_it = |entry: &&&Entry| entry.name == *step || entry.name.strip_suffix('s') == Some(step);
            let Some(entry) = inside.iter().find(is_it) else { return Err(no_part(&place, step, &inside)) };
            place = format!("{place}.{step}");
            found = Some(*entry);
            inside = entry.inner.iter().collect();
        }
        Ok(found)
    }

    /// Returns the page.
    pub(crate) fn page(&self, is_recursive: bool) -> String {
        if let Ok(Some(entry)) = self.part() {
            let about = match &self.subject {
                Subject::Block(about) | Subject::Module(about, _) => about.name.as_str(),
                Subject::Function(_) | Subject::Variable(_) => "",
            };
            return page::of_entry(&format!("{about}.{}", self.part.join(".")), entry, is_recursive);
        }
        match &self.subject {
            Subject::Block(about) => {
                let mut page = Page::new(&about.title, &about.description);
                page.entries(&about.entries, &about.name, is_recursive);
                page.into_text()
            }
            Subject::Module(about, outputs) => {
                let mut page = Page::new(&about.title, &about.description);
                page.section("Inputs", &about.entries.iter().collect::<Vec<_>>(), is_recursive);
                page.section("Outputs", &outputs.iter().collect::<Vec<_>>(), is_recursive);
                page.hint(&about.entries, &about.name, is_recursive);
                page.into_text()
            }
            Subject::Function(function) => of_function(function),
            Subject::Variable(variable) => {
                Page::new(&format!("{}  (environment variable)", variable.name), variable.effect).into_text()
            }
        }
    }
}

impl About {
    fn of_block(name: String, title: String, block: &Block) -> About {
        About { name, title, description: block.description.to_string(), entries: entry::of_block(block) }
    }
}

impl Subject {
    fn summary(&self) -> String {
        match self {
            Subject::Block(about) | Subject::Module(about, _) => first_sentence(&about.description),
            Subject::Function(function) => first_sentence(function.summary),
            Subject::Variable(variable) => first_sentence(variable.effect),
        }
    }

    /// The same, as something that is written and asked for in another way.
    fn called(self, title: &str, name: &str) -> Subject {
        match self {
            Subject::Module(about, outputs) => {
                Subject::Module(About { title: title.to_owned(), name: name.to_owned(), ..about }, outputs)
            }
            other => other,
        }
    }
}

fn shown(provider: &Provider) -> String {
    match provider.is_built_in() {
        true => provider.name.to_string(),
        false => provider.to_string(),
    }
}

fn no_part(place: &str, step: &str, inside: &[&Entry]) -> Missing {
    let names: Vec<&str> = inside.iter().map(|entry| entry.name.as_str()).collect();
    let detail = match did_you_mean(step, names.iter().copied()) {
        _ if names.is_empty() => format!("{place} has no parts."),
        Some(near) => format!("{place} has no part {step:?}. Did you mean {near:?}?"),
        None => format!("{place} has no part {step:?}. It has: {}.", names.join(", ")),
    };
    ("Nothing inside of that name", detail)
}

/// Reads a module that is part of the program.
pub(crate) fn of_built_in(name: &str) -> Option<Subject> {
    built_in::names().find(|known| *known == name)?;
    let module = read(Path::new(name), &EmbeddedFiles);
    let title = match name.split_once('/') {
        Some(("cluster", platform)) => {
            format!("cluster \"NAME\" {{ platform = {platform:?} }}  (module {BUILT_IN}{name})")
        }
        Some(("addon", kind)) => format!("addon {kind:?} \"NAME\" {{ }}  (module {BUILT_IN}{name})"),
        _ => format!("module {BUILT_IN}{name}"),
    };
    let readme = EmbeddedFiles.read(&Path::new(name).join("README.md")).unwrap_or_default();
    let mut subject = of_module(name, title, &module, &String::from_utf8_lossy(&readme));
    if let Subject::Module(about, _) = &mut subject {
        let label = about.entries.iter_mut().filter(|entry| entry.name == "name" && name.contains('/'));
        label.for_each(|entry| entry.notes.push("the block's label".to_owned()));
    }
    Some(subject)
}

fn of_folder(folder: &str) -> Result<Subject, Missing> {
    let path = Path::new(folder);
    match list_files(&RealFiles, path) {
        Ok(files) if !files.is_empty() => {
            let readme = RealFiles.read(&path.join("README.md")).unwrap_or_default();
            let module = read(path, &RealFiles);
            Ok(of_module(folder, format!("module {folder}"), &module, &String::from_utf8_lossy(&readme)))
        }
        Ok(_) => Err(("No module there", format!("{folder} holds no configuration."))),
        Err(error) => Err(("No module there", format!("{folder}: {error}."))),
    }
}

fn of_module(name: &str, title: String, module: &Module, readme: &str) -> Subject {
    let entries = entry::of_variables(&module.variables);
    let outputs = entry::of_outputs(&module.outputs);
    Subject::Module(About { name: name.to_owned(), title, description: introduction(readme), entries }, outputs)
}

/// Reads a module; `validate` says what is wrong with one.
pub(crate) fn read(folder: &Path, files: &dyn Files) -> Module {
    read_module(folder, files, &mut Sources::default()).0
}

/// Returns the paragraphs between a page's title and what else it has.
fn introduction(readme: &str) -> String {
    let lines = readme.lines().skip_while(|line| line.starts_with('#') || line.is_empty());
    let is_text = |line: &&str| !["#", "```", "|", "<!--"].iter().any(|sign| line.starts_with(sign));
    lines.take_while(is_text).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Returns a text up to its first full stop.
pub(crate) fn first_sentence(text: &str) -> String {
    let text = text.replace('\n', " ");
    let end = text.find(". ").map_or(text.len(), |place| place + 1);
    text[..end].to_owned()
}

fn of_function(function: &Function) -> String {
    let mut page = Page::new(&format!("{}  (function)", function.usage()), function.summary);
    let described = function.params.iter().chain(&function.rest).filter(|param| !param.summary.is_empty());
    for param in described {
        page.paragraphs(&format!("{}: {}", param.name, param.summary), 2);
    }
    page.verbatim("\nExamples:\n\n");
    for example in function.examples {
        page.verbatim(&format!("  > {}\n  {}\n", example.call, example.result.replace('\n', "\n  ")));
    }
    page.into_text()
}
