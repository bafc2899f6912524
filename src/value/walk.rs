//! Walks over a value and all its parts.

use crate::{Kind, Path, PathStep, Value};

impl Value {
    /// Visits the value and its parts, each before its own parts, which are left out if `visit` says `false`.
    pub fn walk(&self, mut visit: impl FnMut(&Path, &Value) -> bool) {
        walk_at(self, &mut Path::default(), &mut visit);
    }

    /// Rebuilds the value from its parts, each changed after its own parts were.
    ///
    /// Element types of collections stay as they are: `change` must return values that still belong there.
    #[must_use]
    pub fn transform(self, mut change: impl FnMut(&Path, Value) -> Value) -> Value {
        transform_at(self, &mut Path::default(), &mut change)
    }
}

fn walk_at(value: &Value, path: &mut Path, visit: &mut impl FnMut(&Path, &Value) -> bool) {
    if !visit(path, value) {
        return;
    }
    let mut inside = |step: PathStep, part: &Value| {
        path.0.push(step);
        walk_at(part, path, visit);
        path.0.pop();
    };
    for_each_part(value, &mut inside);
}

/// Calls with the step to each part and the part, in the value's own order; a set's element is its own key.
fn for_each_part(value: &Value, inside: &mut impl FnMut(PathStep, &Value)) {
    match value.kind() {
        Kind::List(_) | Kind::Tuple(_) => {
            for (index, part) in value.as_sequence().unwrap_or(&[]).iter().enumerate() {
                inside(PathStep::Index(Value::number(index)), part);
            }
        }
        Kind::Set(set) => set.values().iter().for_each(|part| inside(PathStep::Index(part.clone()), part)),
        Kind::Map(map) => {
            map.entries().iter().for_each(|(key, part)| inside(PathStep::Index(Value::from(key.clone())), part));
        }
        Kind::Object(object) => {
            object.iter().for_each(|(name, part)| inside(PathStep::Attribute(name.clone()), part));
        }
        _ => {}
    }
}

fn transform_at(value: Value, path: &mut Path, change: &mut impl FnMut(&Path, Value) -> Value) -> Value {
    if value.element_count().is_none_or(|count| count == 0) {
        return change(path, value);
    }
    let mut parts = Vec::new();
    for_each_part(&value, &mut |step, part| {
        path.0.push(step);
        parts.push(transform_at(part.clone(), path, change));
        path.0.pop();
    });
    let (bare, marks) = value.unmark();
    let mut parts = parts.into_iter();
    let rebuilt = bare.map_parts(&mut |part| parts.next().unwrap_or(part)).with_marks(marks);
    change(path, rebuilt)
}
