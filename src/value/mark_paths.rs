//! Marks by path: where inside a value they are, and how they get back there.

use std::collections::BTreeMap;

use crate::{Kind, Marks, Number, Path, PathStep, Value};

impl Value {
    /// Takes all marks off and returns where they were; see [`Value::mark_paths`] for the way back.
    pub fn unmark_paths(self) -> (Value, Vec<(Path, Marks)>) {
        let mut found = Vec::new();
        collect(&self, &mut Path::default(), &mut found);
        (self.unmark_deep().0, found)
    }

    /// Puts marks back at the paths; a path that leads nowhere marks the deepest value that is there.
    #[must_use]
    pub fn mark_paths(self, paths: &[(Path, Marks)]) -> Value {
        let paths = paths.iter().map(|(path, marks)| (path.0.as_slice(), *marks)).collect();
        apply(self, paths)
    }
}

fn collect(value: &Value, path: &mut Path, found: &mut Vec<(Path, Marks)>) {
    if value.marks_deep().is_empty() {
        return;
    }
    if !value.marks().is_empty() {
        found.push((path.clone(), value.marks()));
    }
    let mut inside = |step: PathStep, part: &Value| {
        if !part.marks_deep().is_empty() {
            path.0.push(step);
            collect(part, path, found);
            path.0.pop();
        }
    };
    match value.kind() {
        Kind::List(_) | Kind::Tuple(_) => {
            for (index, part) in value.as_sequence().unwrap_or(&[]).iter().enumerate() {
                inside(PathStep::Index(Value::number(index)), part);
            }
        }
        Kind::Map(map) => {
            for (key, part) in map.entries() {
                inside(PathStep::Index(Value::from(key.clone())), part);
            }
        }
        Kind::Object(object) => {
            for (name, part) in object.iter() {
                inside(PathStep::Attribute(name.clone()), part);
            }
        }
        _ => {}
    }
}

/// Marks a value and its parts; the paths are split by their first step, so each part is rebuilt once.
fn apply(value: Value, paths: Vec<(&[PathStep], Marks)>) -> Value {
    let mut own = Marks::NONE;
    let mut inside: BTreeMap<usize, Vec<(&[PathStep], Marks)>> = BTreeMap::new();
    for (path, marks) in paths {
        match path.split_first().and_then(|(step, rest)| Some((position(&value, step)?, rest))) {
            Some((position, rest)) => inside.entry(position).or_default().push((rest, marks)),
            None => own |= marks,
        }
    }
    if inside.is_empty() {
        return value.with_marks(own);
    }
    let (bare, old) = value.unmark();
    let mut position = 0;
    let marked = bare.map_parts(&mut |part| {
        let here = inside.remove(&position);
        position += 1;
        match here {
            Some(paths) => apply(part, paths),
            None => part,
        }
    });
    marked.with_marks(own | old)
}

/// Returns which part, in the value's own order, a step leads to.
fn position(value: &Value, step: &PathStep) -> Option<usize> {
    let sequence = |values: &[Value], key: &Value| {
        let index = usize::try_from(key.as_number().and_then(Number::to_i64)?).ok()?;
        (index < values.len()).then_some(index)
    };
    match (value.kind(), step) {
        (Kind::List(list), PathStep::Index(key)) => sequence(list.values(), key),
        (Kind::Tuple(tuple), PathStep::Index(key)) => sequence(tuple.values(), key),
        (Kind::Map(map), PathStep::Index(key)) => {
            let key = key.as_str()?;
            map.entries().binary_search_by(|(name, _)| name.as_str().cmp(key)).ok()
        }
        (Kind::Map(map), PathStep::Attribute(key)) => map.entries().binary_search_by(|(name, _)| name.cmp(key)).ok(),
        (Kind::Object(object), PathStep::Attribute(name)) => object.names().binary_search(name).ok(),
        (Kind::Object(object), PathStep::Index(key)) => {
            let key = key.as_str()?;
            object.names().binary_search_by(|name| name.as_str().cmp(key)).ok()
        }
        _ => None,
    }
}
