//! A plan as people read it.

mod compare;
mod deferred;
mod diff;
mod palette;
mod sequence;
mod texts;
mod write;

use std::collections::HashMap;
use std::fmt::Write;

use addr::{AbsInstance, Key, Mode};
use plan::{Action, Change, Drift, Importing, OutputChange, Plan, Reason};
use schema::Block;
use sdk::ImportTarget;
use value::{Kind, Value};

use self::compare::{Comparer, Forcing, Shown};
use self::diff::{Diff, Entry, Mark, Shape};
pub(crate) use self::palette::Palette;
use self::write::Writer;

/// Finds the schema of an object of a plan or a state.
pub(crate) trait Schemas {
    /// Returns the schema of a resource type.
    fn block(&self, provider: &addr::Provider, mode: Mode, kind: &str) -> Option<&Block>;
}

/// Returns the text of a plan.
pub(crate) fn text(plan: &Plan, schemas: &dyn Schemas, palette: Palette) -> String {
    let mut writer = Writer::new(palette);
    drift(plan, schemas, &mut writer);
    let moves = Moves::of(plan);
    let has_changes = moves.shown(plan).next().is_some();
    if has_changes {
        legend(plan, &mut writer);
        for change in moves.shown(plan) {
            one(change, moves.from(change), schemas, &mut writer);
        }
    }
    deferred::section(plan, schemas, &mut writer);
    if has_changes || !plan.deferred.is_empty() {
        let counts = plan.counts();
        let (bold, reset) = (palette.bold, palette.reset);
        let _ = writeln!(writer.out, "{bold}Plan:{reset} {counts}{}.", deferred::count(plan));
    } else if plan.is_refresh_only && plan.drift.iter().any(Drift::is_visible) {
        writer.out.push_str("Nothing but the state is brought up to date by this plan.\n");
    } else if plan.is_empty() {
        let (bold, green, reset) = (palette.bold, palette.green, palette.reset);
        let what = if plan.is_refresh_only {
            "Your infrastructure still matches the state."
        } else {
            "Your infrastructure matches the configuration."
        };
        let _ = writeln!(writer.out, "{bold}{green}No changes.{reset}{bold} {what}{reset}");
    }
    outputs(&plan.outputs, &mut writer);
    writer.out
}

/// Returns the text of each change by itself, without colour, and of each object that has changed outside.
pub(crate) fn each(plan: &Plan, schemas: &dyn Schemas) -> Vec<report::Shown> {
    let moves = Moves::of(plan);
    let shown = |address: String, action: Option<Action>, write: &dyn Fn(&mut Writer)| {
        let mut writer = Writer::new(Palette::PLAIN);
        write(&mut writer);
        report::Shown { address, action, text: writer.out }
    };
    let mut texts: Vec<report::Shown> = moves
        .shown(plan)
        .map(|change| {
            let write = |writer: &mut Writer| one(change, moves.from(change), schemas, writer);
            shown(shown_address(change), Some(change.action), &write)
        })
        .collect();
    texts.extend(plan.deferred.iter().map(|waiting| {
        let write = |writer: &mut Writer| deferred::one(waiting, schemas, writer);
        shown(waiting.pattern.to_string(), Some(waiting.change.action), &write)
    }));
    texts.extend(plan.drift.iter().filter(|drift| drift.is_told).map(|drift| {
        let write = |writer: &mut Writer| drifted(drift, schemas, writer);
        shown(drift.address.to_string(), None, &write)
    }));
    texts
}

/// Returns the address of a change as it is shown.
pub(crate) fn shown_address(change: &Change) -> String {
    format!("{}{}", change.address, deposed(change))
}

fn deposed(change: &Change) -> String {
    change.deposed.map(|key| format!(" (deposed object {key})")).unwrap_or_default()
}

/// Where objects were before, by where they are.
struct Moves<'a>(HashMap<&'a AbsInstance, &'a AbsInstance>);

impl<'a> Moves<'a> {
    fn of(plan: &'a Plan) -> Moves<'a> {
        Moves(plan.moves.iter().map(|moved| (&moved.to, &moved.from)).collect())
    }

    fn from(&self, change: &Change) -> Option<&'a AbsInstance> {
        self.0.get(&change.address).copied().filter(|_| change.deposed.is_none())
    }

    /// Returns the changes that are told of: mere moves are among them.
    fn shown<'s>(&'s self, plan: &'s Plan) -> impl Iterator<Item = &'s Change> {
        plan.changes.iter().filter(|change| !change.is_nothing() || self.from(change).is_some())
    }
}

/// Returns the text of what happens to outputs, without colour.
pub(crate) fn outputs_text(plan: &Plan) -> String {
    let mut writer = Writer::new(Palette::PLAIN);
    outputs(&plan.outputs, &mut writer);
    writer.out
}

fn legend(plan: &Plan, writer: &mut Writer) {
    let Palette { red, green, yellow, cyan, reset, .. } = writer.palette;
    let signs = [
        (Action::Create, format!("{green}  +{reset}"), "create"),
        (Action::Update, format!("{yellow}  ~{reset}"), "update in-place"),
        (Action::Delete, format!("{red}  -{reset}"), "destroy"),
        (Action::DeleteThenCreate, format!("{red}-{reset}/{green}+{reset}"), "destroy and then create replacement"),
        (Action::CreateThenDelete, format!("{green}+{reset}/{red}-{reset}"), "create replacement and then destroy"),
        (Action::Read, format!("{cyan} <={reset}"), "read (data resources)"),
        (Action::Forget, format!("{yellow}  .{reset}"), "forget, and leave as it is"),
    ];
    if plan.changes.iter().all(|change| change.action == Action::NoOp) {
        let is_import = plan.changes.iter().any(|change| !change.is_nothing());
        let text = if is_import { "" } else { "The plan changes nothing but addresses:\n\n" };
        return writer.out.push_str(text);
    }
    writer.out.push_str("The plan, with these signs for what is done to an object:\n");
    for (action, sign, what) in &signs {
        if plan.changes.iter().any(|change| change.action == *action) {
            let _ = writeln!(writer.out, "{sign} {what}");
        }
    }
    writer.out.push('\n');
}

fn one(change: &Change, moved_from: Option<&AbsInstance>, schemas: &dyn Schemas, writer: &mut Writer) {
    object(change, Heading { address: change.address.to_string(), remark: None, moved_from }, schemas, writer);
}

/// What stands above an object.
struct Heading<'a> {
    address: String,
    /// What else there is to say of it.
    remark: Option<String>,
    moved_from: Option<&'a AbsInstance>,
}

/// Writes what happens to an object.
fn object(change: &Change, heading: Heading<'_>, schemas: &dyn Schemas, writer: &mut Writer) {
    let Heading { address, remark, moved_from } = heading;
    let Palette { bold, red, green, yellow, cyan, reset, .. } = writer.palette;
    let destroyed = format!("{bold}{red}destroyed{reset}");
    let replaced = match change.reason {
        Reason::Tainted => format!("is tainted, so must be {bold}{red}replaced{reset}"),
        Reason::Triggered => format!("will be {bold}{red}replaced{reset} due to changes in replace_triggered_by"),
        Reason::Requested => format!("will be {bold}{red}replaced{reset}, as requested"),
        _ => format!("must be {bold}{red}replaced{reset}"),
    };
    let (phrase, sign) = match change.action {
        Action::NoOp => match moved_from {
            None => ("will be imported".to_owned(), "   ".to_owned()),
            Some(_) => (format!("has moved to {bold}{}{reset}", change.address), "   ".to_owned()),
        },
        Action::Create => ("will be created".to_owned(), format!("{green}  +{reset}")),
        Action::Update => ("will be updated in-place".to_owned(), format!("{yellow}  ~{reset}")),
        Action::DeleteThenCreate => (replaced, format!("{red}-{reset}/{green}+{reset}")),
        Action::CreateThenDelete => (replaced, format!("{green}+{reset}/{red}-{reset}")),
        Action::Delete => (format!("will be {destroyed}"), format!("{red}  -{reset}")),
        Action::Read => ("will be read during apply".to_owned(), format!("{cyan} <={reset}")),
        Action::Forget => {
            ("will no longer be managed by Gantry, and will not be destroyed".to_owned(), format!("{yellow}  .{reset}"))
        }
    };
    let deposed = deposed(change);
    let subject = match moved_from {
        Some(from) if change.action == Action::NoOp => from.to_string(),
        _ => address,
    };
    let _ = writeln!(writer.out, "{bold}  # {subject}{deposed}{reset} {phrase}");
    if let Some(reason) = remark.or_else(|| reason(change, moved_from)) {
        let _ = writeln!(writer.out, "  # ({reason})");
    }
    if let Some(from) = moved_from.filter(|_| change.action != Action::NoOp) {
        let _ = writeln!(writer.out, "  # (moved from {from})");
    }
    change.importing.iter().for_each(|importing| imported(change, importing, writer));
    // What is stored knows where it is sensitive, even where the plan did not need to know.
    let stored = change.prior.iter().flat_map(|object| object.sensitive.iter());
    let marks: Vec<_> = stored.map(|path| (path.clone(), value::Marks::SENSITIVE)).collect();
    let before = &change.before.clone().mark_paths(&marks);
    let comparer = Comparer::of(&[before, &change.after]);
    let forcing = Forcing::of(&change.replaces);
    let after = if change.action == Action::Forget { before } else { &change.after };
    let block = schemas.block(
        &change.provider.provider,
        change.address.resource.resource.mode,
        &change.address.resource.resource.kind,
    );
    // Of a type that its provider no longer has, the stored attributes are all there is to see.
    let bare = if block.is_none() { bare_block(before) } else { Block::default() };
    let block = block.unwrap_or(&bare);
    let mut compared = comparer.block(block, some(before), some(after), &forcing);
    if change.action == Action::NoOp && moved_from.is_some() {
        // The object is shown so that one sees which it is, not to be read in full.
        compared.mark = Mark::Change;
    }
    // Nobody has seen an object yet that is imported.
    writer.shows_all = change.importing.is_some();
    body(&change.address, &sign, writer, |writer| writer.block(&compared, 8));
    writer.shows_all = false;
}

/// Says where an object comes from, as far as the phrase before does not.
fn imported(change: &Change, importing: &Importing, writer: &mut Writer) {
    if importing.is_generated && change.action == Action::NoOp {
        writer.out.push_str("  # (config will be generated)\n");
    }
    let from = match (&importing.target, importing.shown()) {
        (None, _) => return,
        (_, None) => "imported from a sensitive value".to_owned(),
        (Some(ImportTarget::Id(id)), _) => format!("imported from {}", lang::print::quote(id)),
        (Some(ImportTarget::Identity(_)), Some(identity)) => format!("imported by its identity: {identity}"),
    };
    if change.action != Action::NoOp {
        let _ = writeln!(writer.out, "  # ({from})");
    }
    if matches!(change.action, Action::DeleteThenCreate | Action::CreateThenDelete) {
        let Palette { yellow, reset, .. } = writer.palette;
        let _ = writeln!(writer.out, "  # {yellow}Warning: this will destroy the imported resource{reset}");
    }
}

fn body(address: &AbsInstance, sign: &str, writer: &mut Writer, inside: impl FnOnce(&mut Writer)) {
    let resource = &address.resource.resource;
    let _ = writeln!(writer.out, "{sign} {} \"{}\" \"{}\" {{", resource.mode.block(), resource.kind, resource.name);
    inside(writer);
    writer.out.push_str("    }\n\n");
}

fn some(value: &Value) -> Option<&Value> {
    (!value.is_null()).then_some(value)
}

/// Returns a schema that has an attribute of any type for each that the value has.
pub(crate) fn bare_block(value: &Value) -> Block {
    let names = value.as_entries().unwrap_or_default();
    let attributes = names.iter().map(|(name, _)| schema::Attribute::new((*name).clone(), value::Type::Dynamic));
    Block { attributes: attributes.collect(), ..Block::default() }
}

/// Says why an object is deleted or read so late, where the action does not say it.
fn reason(change: &Change, moved_from: Option<&AbsInstance>) -> Option<String> {
    let address = &change.address;
    if let Some(container) = change.goes_with() {
        return Some(format!("goes with {container}, which it is in"));
    }
    match (change.action, change.reason) {
        (Action::Read, Reason::ConfigUnknown) => Some("config refers to values not yet known".to_owned()),
        (Action::Read, Reason::DependencyPending) => {
            Some("depends on a resource or a module with changes pending".to_owned())
        }
        (Action::Delete, Reason::NoResource) => {
            Some(format!("because {} is not in configuration", address.resource.resource))
        }
        (Action::Delete, Reason::NoMoveTarget) => {
            let from = moved_from?;
            Some(format!("because {from} was moved to {address}, which is not in configuration"))
        }
        (Action::Delete, Reason::NoModule) => {
            Some(format!("because {} is not in configuration", address.resource.module))
        }
        (Action::Delete, Reason::NoKey) => Some(match &address.key {
            Some(Key::Number(number)) => format!("because index [{number}] is out of range for count"),
            Some(Key::Name(name)) => {
                format!("because key [{}] is not in for_each map", lang::print::quote(name))
            }
            None => return None,
        }),
        (Action::Delete, Reason::WrongRepetition) => Some(match &address.key {
            Some(Key::Number(_)) => "because resource does not use count".to_owned(),
            Some(Key::Name(_)) => "because resource does not use for_each".to_owned(),
            None => "because resource uses count or for_each".to_owned(),
        }),
        (Action::Delete, _) if change.deposed.is_some() => {
            Some("it was replaced, and its deletion is still to be done".to_owned())
        }
        _ => None,
    }
}

fn drift(plan: &Plan, schemas: &dyn Schemas, writer: &mut Writer) {
    if !plan.drift.iter().any(|drift| drift.is_told) {
        return;
    }
    let Palette { bold, cyan, reset, .. } = writer.palette;
    let _ = writeln!(writer.out, "{bold}{cyan}Note:{reset}{bold} Objects have changed outside of Gantry{reset}\n");
    writer.out.push_str("Since the last apply these have changed, which the plan takes into account:\n\n");
    for drift in plan.drift.iter().filter(|drift| drift.is_told) {
        drifted(drift, schemas, writer);
    }
}

fn drifted(Drift { address, before, after, provider, .. }: &Drift, schemas: &dyn Schemas, writer: &mut Writer) {
    let Palette { bold, red, yellow, reset, .. } = writer.palette;
    let is_gone = after.is_null();
    let phrase = if is_gone { "has been deleted" } else { "has changed" };
    let _ = writeln!(writer.out, "{bold}  # {address}{reset} {phrase}");
    let sign = if is_gone { format!("{red}  -{reset}") } else { format!("{yellow}  ~{reset}") };
    let resource = &address.resource.resource;
    let comparer = Comparer::of(&[before, after]);
    let bare;
    let block = match schemas.block(&provider.provider, resource.mode, &resource.kind) {
        Some(block) => block,
        None => {
            bare = bare_block(before);
            &bare
        }
    };
    let compared = comparer.block(block, some(before), some(after), &Forcing::default());
    body(address, &sign, writer, |writer| writer.block(&compared, 8));
}

fn outputs(outputs: &[OutputChange], writer: &mut Writer) {
    let mut entries = Vec::new();
    for output in outputs {
        let null = |value: &Option<Value>| value.clone().filter(|value| !value.is_null());
        let (before, after) = (null(&output.before), null(&output.after));
        if before.is_none() && after.is_none() {
            continue;
        }
        let diff = output_diff(before.as_ref(), after.as_ref(), output.is_sensitive);
        entries.push(Entry { key: output.name.to_string(), diff, is_landmark: false });
    }
    entries.retain(|entry| entry.diff.mark != Mark::Same);
    if !entries.is_empty() {
        let (bold, reset) = (writer.palette.bold, writer.palette.reset);
        let _ = writeln!(writer.out, "\n{bold}Changes to Outputs:{reset}");
        writer.outputs(&entries);
    }
}

fn output_diff(before: Option<&Value>, after: Option<&Value>, is_sensitive: bool) -> Diff {
    let bare = |value: Option<&Value>| value.map(|value| value.clone().unmark_deep().0);
    if is_sensitive {
        let (old, new) = (bare(before), bare(after));
        let mark = match (&old, &new) {
            (None, _) => Mark::Add,
            (_, None) => Mark::Remove,
            (old, new) if old == new => Mark::Same,
            _ => Mark::Change,
        };
        return Diff::new(mark, Shape::Sensitive);
    }
    let values: Vec<&Value> = before.into_iter().chain(after).collect();
    Comparer::of(&values).value(before, after, Shown::Dynamic, &Forcing::default())
}

/// Writes an object of the state as a block, as `state show` and `show` have it.
pub(crate) fn stored(address: &AbsInstance, value: &Value, block: &Block, remark: &str) -> String {
    let mut writer = Writer::new(Palette::PLAIN);
    let resource = &address.resource.resource;
    let _ = writeln!(writer.out, "# {address}:{remark}");
    let _ = writeln!(writer.out, "{} \"{}\" \"{}\" {{", resource.mode.block(), resource.kind, resource.name);
    let compared = Comparer::of(&[value]).block(block, some(value), some(value), &Forcing::default());
    writer.block(&compared, 4);
    writer.out.push_str("}\n");
    writer.out
}

/// Returns the `id` of an object, if it has one that may be shown.
pub(crate) fn id(value: &Value) -> Option<String> {
    match value.kind() {
        Kind::Object(object) => {
            let id = object.get("id")?;
            id.marks().is_empty().then(|| id.as_str().map(str::to_owned)).flatten()
        }
        _ => None,
    }
}
