//! Compares values by the schema that they are of.

use std::collections::{BTreeSet, HashSet};

use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock};
use value::{Kind, Marks, Path, PathStep, Type, Value};

use super::diff::{BlockDiff, Diff, Entry, Mark, Members, NestedDiff, Shape};
use super::sequence::{self, Pair};
use super::texts;

/// Attributes that tell people which object they look at.
const LANDMARKS: [&str; 3] = ["id", "name", "tags"];

/// Shorter texts are too common to be told apart from secrets by what they say.
const SECRET_BYTES_MIN: usize = 4;

/// Compares the values of one object.
pub(super) struct Comparer {
    /// Texts that are sensitive somewhere in the object: providers repeat them elsewhere, where nothing marks them.
    secrets: HashSet<String>,
}

/// What a value is made of, as far as it matters for its looks.
#[derive(Clone, Copy)]
pub(super) enum Shown<'s> {
    /// A value of a type that the schema says.
    Typed,
    /// A value of any type: maps cannot be told from objects.
    Dynamic,
    /// An attribute with attributes of its own.
    Nested(&'s [Attribute]),
}

/// The rest of the paths that force a replacement, seen from a value inside.
#[derive(Clone, Default)]
pub(super) struct Forcing<'p>(Vec<&'p [PathStep]>);

impl<'p> Forcing<'p> {
    pub(super) fn of(paths: &'p [Path]) -> Forcing<'p> {
        Forcing(paths.iter().map(|path| path.0.as_slice()).collect())
    }

    fn here(&self) -> bool {
        self.0.iter().any(|path| path.is_empty())
    }

    fn inside(&self, leads_there: impl Fn(&PathStep) -> bool) -> Forcing<'p> {
        let split = self.0.iter().filter_map(|path| path.split_first());
        Forcing(split.filter(|(step, _)| leads_there(step)).map(|(_, rest)| rest).collect())
    }

    fn name(&self, name: &str) -> Forcing<'p> {
        self.inside(|step| match step {
            PathStep::Attribute(attribute) => attribute == name,
            PathStep::Index(key) => key.as_str() == Some(name),
        })
    }

    fn place(&self, place: Option<usize>) -> Forcing<'p> {
        let Some(place) = place else { return Forcing::default() };
        let key = Value::number(place);
        self.inside(|step| matches!(step, PathStep::Index(index) if *index == key))
    }
}

impl Comparer {
    /// Prepares to compare these values.
    pub(super) fn of(values: &[&Value]) -> Comparer {
        let mut secrets = HashSet::new();
        for value in values.iter().filter(|value| value.marks_deep().contains(Marks::SENSITIVE)) {
            collect(value, false, &mut secrets);
        }
        Comparer { secrets }
    }

    /// Compares two blocks; nothing stands for one that is not there.
    pub(super) fn block(
        &self,
        schema: &Block,
        before: Option<&Value>,
        after: Option<&Value>,
        forcing: &Forcing<'_>,
    ) -> BlockDiff {
        let mut attributes: Vec<Entry> = Vec::new();
        for attribute in &schema.attributes {
            attributes.extend(self.attribute(attribute, before, after, &forcing.name(&attribute.name)));
        }
        attributes.sort_by(|a, b| a.key.cmp(&b.key));
        let mut blocks = Vec::new();
        let mut nested: Vec<&NestedBlock> = schema.blocks.iter().collect();
        nested.sort_by(|a, b| a.name.cmp(&b.name));
        for nested in nested {
            let (old, new) = (member(before, &nested.name), member(after, &nested.name));
            self.nested_blocks(nested, (old, new), &forcing.name(&nested.name), &mut blocks);
        }
        let parts = attributes.iter().map(|entry| entry.diff.mark).chain(blocks.iter().map(NestedDiff::mark));
        let mark = match (before, after) {
            (None, Some(_)) => Mark::Add,
            (Some(_), None) => Mark::Remove,
            _ => Mark::of_parts(parts),
        };
        BlockDiff { mark, forces: forcing.here(), attributes, blocks }
    }

    fn nested_blocks(
        &self,
        nested: &NestedBlock,
        (before, after): (Option<&Value>, Option<&Value>),
        forcing: &Forcing<'_>,
        out: &mut Vec<NestedDiff>,
    ) {
        if after.is_some_and(|after| !after.is_known()) {
            out.push(NestedDiff { header: nested.name.to_string(), block: None });
            return;
        }
        let mut push = |label: Option<&str>, old: Option<&Value>, new: Option<&Value>, forcing: &Forcing<'_>| {
            let label = label.map(|label| format!(" {}", lang::print::quote(label))).unwrap_or_default();
            let block = Some(self.block(&nested.block, old, new, forcing));
            out.push(NestedDiff { header: format!("{}{label}", nested.name), block });
        };
        match nested.nesting {
            BlockNesting::Single | BlockNesting::Group => {
                let (old, new) = (present(before), present(after));
                if old.is_some() || new.is_some() {
                    push(None, old, new, forcing);
                }
            }
            BlockNesting::List => {
                let (old, new) = (elements(before), elements(after));
                for Pair { before, after } in sequence::places(old.len(), new.len()) {
                    let inside = forcing.place(after.or(before));
                    push(None, before.map(|at| &old[at]), after.map(|at| &new[at]), &joined(forcing, inside));
                }
            }
            BlockNesting::Set => {
                let (old, new) = (elements(before), elements(after));
                for Pair { before, after } in sequence::set_pairs(old, new) {
                    push(None, before.map(|at| &old[at]), after.map(|at| &new[at]), forcing);
                }
            }
            BlockNesting::Map => {
                for name in names(before, after) {
                    let (old, new) = (member(before, name), member(after, name));
                    push(Some(name), old, new, &joined(forcing, forcing.name(name)));
                }
            }
        }
    }

    /// Compares an attribute of two objects; nothing if it is null in both.
    fn attribute(
        &self,
        attribute: &Attribute,
        before: Option<&Value>,
        after: Option<&Value>,
        forcing: &Forcing<'_>,
    ) -> Option<Entry> {
        if attribute.write_only {
            let mark = match (before, after) {
                (None, Some(_)) => Mark::Add,
                (Some(_), None) => Mark::Remove,
                _ => Mark::Same,
            };
            let diff = Diff::new(mark, Shape::WriteOnly);
            return Some(Entry { key: attribute.name.to_string(), diff, is_landmark: false });
        }
        let (before, after) = (present(member(before, &attribute.name)), present(member(after, &attribute.name)));
        if before.is_none() && after.is_none() {
            return None;
        }
        let diff = match &attribute.kind {
            AttributeKind::Type(Type::Dynamic) => self.value(before, after, Shown::Dynamic, forcing),
            AttributeKind::Type(_) => self.value(before, after, Shown::Typed, forcing),
            AttributeKind::Nested(nested) => self.value(before, after, Shown::Nested(&nested.attributes), forcing),
        };
        let is_landmark = LANDMARKS.contains(&attribute.name.as_str());
        Some(Entry { key: attribute.name.to_string(), diff, is_landmark })
    }

    /// Compares two values of which at least one is there.
    pub(super) fn value(
        &self,
        before: Option<&Value>,
        after: Option<&Value>,
        shown: Shown<'_>,
        forcing: &Forcing<'_>,
    ) -> Diff {
        let mut diff = self.bare_value(before, after, shown, forcing);
        diff.forces |= forcing.here() && diff.mark != Mark::Same;
        diff
    }

    fn bare_value(
        &self,
        before: Option<&Value>,
        after: Option<&Value>,
        shown: Shown<'_>,
        forcing: &Forcing<'_>,
    ) -> Diff {
        let hidden = |value: Option<&Value>| value.is_some_and(|value| self.is_hidden(value));
        let (hides_before, hides_after) = (hidden(before), hidden(after));
        if hides_before || hides_after {
            return hide(before, after);
        }
        if after.is_some_and(|after| !after.is_known()) {
            let before = before.filter(|before| !before.is_null());
            let old = before.map(|before| Box::new(self.value(Some(before), None, shown, &Forcing::default())));
            let mark = if old.is_some() { Mark::Change } else { Mark::Add };
            return Diff::new(mark, Shape::Unknown { before: old });
        }
        match (before, after) {
            (Some(old), Some(new)) => self.both(old, new, shown, forcing),
            (Some(only), None) | (None, Some(only)) => self.one(only, after.is_some(), shown),
            (None, None) => Diff::new(Mark::Same, plain(None, None)),
        }
    }

    fn is_hidden(&self, value: &Value) -> bool {
        !value.marks().is_empty()
            || !self.secrets.is_empty() && value.as_str().is_some_and(|text| self.secrets.contains(text))
    }

    /// A value that comes or goes.
    fn one(&self, only: &Value, comes: bool, shown: Shown<'_>) -> Diff {
        let mark = if comes { Mark::Add } else { Mark::Remove };
        let sides = |value| if comes { (None, Some(value)) } else { (Some(value), None) };
        let (before, after) = sides(only);
        if let Some(text) = only.as_str() {
            let (old, new) = if comes { (None, Some(text)) } else { (Some(text), None) };
            return self.texts(old, new);
        }
        if only.as_entries().is_some() {
            return Diff::new(mark, self.members(before, after, shown, &Forcing::default()).1);
        }
        match elements_of(only) {
            Some((_, has_order)) => {
                let elements = elements_of(only).map(|(elements, _)| elements).unwrap_or(&[]);
                let elements = elements.iter().map(|element| {
                    let (old, new) = sides(element);
                    self.value(old, new, shown, &Forcing::default())
                });
                Diff::new(mark, Shape::Elements { elements: elements.collect(), has_order })
            }
            None => {
                let text = lang::print::print_value(only);
                let text = if only.is_null() { "null".to_owned() } else { text };
                let (old, new) = if comes { (None, Some(text)) } else { (Some(text), None) };
                Diff::new(mark, plain(old, new))
            }
        }
    }

    fn both(&self, old: &Value, new: &Value, shown: Shown<'_>, forcing: &Forcing<'_>) -> Diff {
        if old.as_entries().is_some() && new.as_entries().is_some() {
            let (mark, shape) = self.members(Some(old), Some(new), shown, forcing);
            return Diff::new(mark, shape);
        }
        if let (Some(old), Some(new)) = (old.as_str(), new.as_str()) {
            return self.texts(Some(old), Some(new));
        }
        if let (Some((before, ordered)), Some((after, also_ordered))) = (elements_of(old), elements_of(new)) {
            let has_order = ordered || also_ordered;
            let is_nested = matches!(shown, Shown::Nested(_));
            let pairs = match has_order {
                true if is_nested => sequence::places(before.len(), after.len()),
                true => sequence::pairs(before, after),
                false => sequence::set_pairs(before, after),
            };
            let elements = pairs.into_iter().map(|pair| {
                let inside = if has_order { forcing.place(pair.after.or(pair.before)) } else { Forcing::default() };
                self.value(pair.before.map(|at| &before[at]), pair.after.map(|at| &after[at]), shown, &inside)
            });
            let elements: Vec<Diff> = elements.collect();
            let mark = Mark::of_parts(elements.iter().map(|element| element.mark));
            return Diff::new(mark, Shape::Elements { elements, has_order: has_order && !is_nested });
        }
        let (before, after) = (self.one(old, false, shown), self.one(new, true, shown));
        match (before.shape, after.shape) {
            (Shape::Plain { before, .. }, Shape::Plain { after, .. }) => {
                let mark = if before == after { Mark::Same } else { Mark::Change };
                Diff::new(mark, plain(before, after))
            }
            (old, new) => retyped(Diff::new(Mark::Remove, old), Diff::new(Mark::Add, new)),
        }
    }

    fn members(
        &self,
        before: Option<&Value>,
        after: Option<&Value>,
        shown: Shown<'_>,
        forcing: &Forcing<'_>,
    ) -> (Mark, Shape) {
        let is_map = [before, after].into_iter().flatten().any(|value| matches!(value.kind(), Kind::Map(_)));
        let mut entries = Vec::new();
        match shown {
            Shown::Nested(attributes) if !is_map => {
                for attribute in attributes {
                    entries.extend(self.attribute(attribute, before, after, &forcing.name(&attribute.name)));
                }
                entries.sort_by(|a, b| a.key.cmp(&b.key));
            }
            _ => {
                let is_typed_map = is_map && !matches!(shown, Shown::Dynamic);
                for name in names(before, after) {
                    let (old, new) = (member(before, name), member(after, name));
                    let (old, new) = match matches!(shown, Shown::Typed) {
                        true => (present(old), present(new)),
                        false => (old, new),
                    };
                    if old.is_none() && new.is_none() {
                        continue;
                    }
                    let key = if !is_typed_map && addr::is_identifier(name) {
                        name.to_owned()
                    } else {
                        lang::print::quote(name)
                    };
                    let is_landmark = !is_typed_map && LANDMARKS.contains(&name);
                    let diff = self.value(old, new, shown, &forcing.name(name));
                    entries.push(Entry { key, diff, is_landmark });
                }
            }
        }
        let mark = Mark::of_parts(entries.iter().map(|entry| entry.diff.mark));
        let noun = if is_map && !matches!(shown, Shown::Dynamic) { "element" } else { "attribute" };
        let is_nested = matches!(shown, Shown::Nested(_));
        let is_changed_map = matches!(shown, Shown::Typed) && is_map && before.is_some() && after.is_some();
        let (says_null, is_nested_map) = (is_nested && !is_map || is_changed_map, is_nested && is_map);
        (mark, Shape::Members(Members { entries, noun, says_null, is_nested_map }))
    }

    fn texts(&self, before: Option<&str>, after: Option<&str>) -> Diff {
        let mark = match (before, after) {
            (None, Some(_)) => Mark::Add,
            (Some(_), None) => Mark::Remove,
            (old, new) if old == new => Mark::Same,
            _ => Mark::Change,
        };
        if let Some((function, old, new)) = texts::structures(before, after) {
            let mut diff = Diff::new(mark, plain(None, None));
            let inner = self.value(old.as_ref(), new.as_ref(), Shown::Dynamic, &Forcing::default());
            if mark == Mark::Change && inner.mark == Mark::Same {
                diff.note = Some("Only the white space differs.");
            }
            diff.shape = Shape::Encoded { function, inner: Box::new(inner) };
            return diff;
        }
        if mark == Mark::Change && [before, after].into_iter().any(|text| texts::structures(text, None).is_some()) {
            return retyped(self.texts(before, None), self.texts(None, after));
        }
        let own = |text: Option<&str>| text.map(str::to_owned);
        if [before, after].into_iter().flatten().any(|text| text.contains('\n')) {
            let mut diff = Diff::new(mark, Shape::Text { before: own(before), after: own(after) });
            if mark == Mark::Change
                && before.map(str::lines).into_iter().flatten().eq(after.iter().flat_map(|a| a.lines()))
            {
                diff.note = Some("Only line breaks differ.");
            }
            return diff;
        }
        let quote = |text: Option<&str>| text.map(lang::print::quote);
        Diff::new(mark, plain(quote(before), quote(after)))
    }
}

fn joined<'p>(outer: &Forcing<'p>, mut inner: Forcing<'p>) -> Forcing<'p> {
    if outer.here() {
        inner.0.push(&[]);
    }
    inner
}

fn plain(before: Option<String>, after: Option<String>) -> Shape {
    Shape::Plain { before, after }
}

fn retyped(before: Diff, after: Diff) -> Diff {
    Diff::new(Mark::Change, Shape::Retyped { before: Box::new(before), after: Box::new(after) })
}

/// A difference of which nothing may be seen but that there is one.
fn hide(before: Option<&Value>, after: Option<&Value>) -> Diff {
    let bare = |value: &Value| value.clone().unmark_deep().0;
    let mark = match (before, after) {
        (None, Some(_)) => Mark::Add,
        (Some(_), None) => Mark::Remove,
        (Some(old), Some(new)) if new.is_known() && bare(old) == bare(new) => Mark::Same,
        (Some(_), Some(_)) => Mark::Change,
        (None, None) => Mark::Same,
    };
    let marked = |value: Option<&Value>| value.is_some_and(|value| value.marks().contains(Marks::SENSITIVE));
    let mut diff = Diff::new(mark, Shape::Sensitive);
    if let (Some(_), Some(_)) = (before, after) {
        match (marked(before), marked(after)) {
            (false, true) => diff.note = Some("The value is sensitive from now on and will not be shown any more."),
            (true, false) => diff.note = Some("The value is not sensitive any more and will be shown from now on."),
            _ => {}
        }
        if diff.note.is_some() {
            diff.mark = Mark::Change;
        }
    }
    diff
}

/// Finds the texts that are sensitive, at any depth.
fn collect(value: &Value, is_inside: bool, found: &mut HashSet<String>) {
    let is_sensitive = is_inside || value.marks().contains(Marks::SENSITIVE);
    if let Some(text) = value.as_str() {
        if is_sensitive && text.len() >= SECRET_BYTES_MIN {
            found.insert(text.to_owned());
        }
    } else if let Some(entries) = value.as_entries() {
        entries.iter().for_each(|(_, part)| collect(part, is_sensitive, found));
    } else if let Some((elements, _)) = elements_of(value) {
        elements.iter().for_each(|part| collect(part, is_sensitive, found));
    }
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// Returns the elements of a sequence or a set, and whether their order means something.
fn elements_of(value: &Value) -> Option<(&[Value], bool)> {
    match value.kind() {
        Kind::List(list) => Some((list.values(), true)),
        Kind::Tuple(tuple) => Some((tuple.values(), true)),
        Kind::Set(set) => Some((set.values(), false)),
        _ => None,
    }
}

fn elements(value: Option<&Value>) -> &[Value] {
    value.and_then(elements_of).map(|(elements, _)| elements).unwrap_or(&[])
}

fn member<'v>(value: Option<&'v Value>, name: &str) -> Option<&'v Value> {
    match value?.kind() {
        Kind::Object(object) => object.get(name),
        Kind::Map(map) => map.get(name),
        _ => None,
    }
}

/// Returns the names that either has, sorted.
fn names<'v>(before: Option<&'v Value>, after: Option<&'v Value>) -> BTreeSet<&'v str> {
    let names = |value: Option<&'v Value>| value.and_then(Value::as_entries).unwrap_or_default();
    names(before).into_iter().chain(names(after)).map(|(name, _)| name.as_str()).collect()
}
