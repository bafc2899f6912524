//! `sensitive`, `nonsensitive`, `issensitive`, `ephemeralasnull`: marks put on, taken off and asked for.

use value::{Kind, Marks, Type, Value};

use super::{
    Call, CallError, Code, Function, Outcome, Param, Returns, example, param,
    parts::{bare, deep},
    types,
};

pub(super) static SENSITIVE: Function = Function {
    name: "sensitive",
    summary: "Returns the value marked as sensitive: it is not shown to people.",
    params: &[VALUE],
    rest: None,
    returns: Returns::Computed(same_type),
    examples: &[example("sensitive(1)", "(sensitive value)"), example("issensitive(sensitive(null))", "true")],
    code: Code::Nullable(|call| Ok(call.args[0].clone().with_marks(Marks::SENSITIVE))),
};

pub(super) static NONSENSITIVE: Function = Function {
    name: "nonsensitive",
    summary: "Returns the value without the mark that says it is sensitive; parts of the value keep theirs.",
    params: &[VALUE],
    rest: None,
    returns: Returns::Computed(same_type),
    examples: &[
        example("nonsensitive(sensitive(1))", "1"),
        example("nonsensitive(1)", "1"),
        example("nonsensitive([sensitive(1)])", "[\n  (sensitive value),\n]"),
    ],
    code: Code::Nullable(nonsensitive),
};

pub(super) static ISSENSITIVE: Function = Function {
    name: "issensitive",
    summary: "Tells whether the value is marked as sensitive; marks on its parts do not count.",
    params: &[VALUE],
    rest: None,
    returns: Returns::Fixed(types::bool),
    examples: &[
        example("issensitive(sensitive(1))", "true"),
        example("issensitive(1)", "false"),
        example("issensitive([sensitive(1)])", "false"),
    ],
    code: Code::Nullable(issensitive),
};

pub(super) static EPHEMERALASNULL: Function = Function {
    name: "ephemeralasnull",
    summary: "Returns the value with null in place of everything ephemeral in it.",
    params: &[VALUE],
    rest: None,
    returns: Returns::Computed(same_type),
    examples: &[
        example("ephemeralasnull(1)", "1"),
        example(r#"ephemeralasnull(["a", null])"#, "[\n  \"a\",\n  null,\n]"),
        example("ephemeralasnull(null)", "null"),
    ],
    code: Code::Nullable(|call| Ok(without_ephemeral(&call.args[0]))),
};

const VALUE: Param = param("value", types::any).null().unknown().dynamic().marks();

fn same_type(call: &Call<'_>) -> Result<Type, CallError> {
    Ok(call.args[0].ty())
}

fn nonsensitive(call: &Call<'_>) -> Outcome {
    let (value, marks) = bare(&call.args[0]);
    Ok(value.with_marks(marks.without(Marks::SENSITIVE)))
}

fn issensitive(call: &Call<'_>) -> Outcome {
    let value = &call.args[0];
    Ok(match value.marks().contains(Marks::SENSITIVE) {
        true => Value::TRUE,
        // The mark may still come with the value.
        false if !value.is_known() => Value::unknown(Type::Bool),
        false => Value::FALSE,
    })
}

fn without_ephemeral(value: &Value) -> Value {
    if !value.marks_deep().contains(Marks::EPHEMERAL) {
        return value.clone();
    }
    deep(|| replace_ephemeral(value))
}

fn replace_ephemeral(value: &Value) -> Value {
    let marks = value.marks();
    if marks.contains(Marks::EPHEMERAL) {
        // An unknown value stays unknown, as its type may become more precise than that of a null here; what was
        // known about it no longer holds.
        let replaced = if value.is_known() { Value::null(value.ty()) } else { Value::unknown(value.ty()) };
        return replaced.with_marks(marks.without(Marks::EPHEMERAL));
    }
    let changed = match value.kind() {
        Kind::List(list) => Value::list(list.element_type().clone(), list.values().iter().map(without_ephemeral)),
        Kind::Map(map) => {
            let entries = map.entries().iter().map(|(key, value)| (key.clone(), without_ephemeral(value)));
            Value::map(map.element_type().clone(), entries)
        }
        Kind::Tuple(tuple) => Value::tuple(tuple.values().iter().map(without_ephemeral)),
        Kind::Object(object) => {
            let values = object.values().iter().map(without_ephemeral).collect();
            Value::object_of_shape(object.names().clone(), values)
        }
        // Nothing else has marked parts: those of a set's elements are on the set.
        _ => return value.clone(),
    };
    changed.with_marks(marks)
}
