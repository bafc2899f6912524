//! `tobool`, `tolist`, `tomap`, `tonumber`, `toset`, `tostring`: explicit conversion.

use value::{Kind, Marks, Type, Value, convert, convertible};

use super::{Call, CallError, Code, Function, Outcome, Param, Returns, example, param, types};

pub(super) static TOBOOL: Function = Function {
    name: "tobool",
    summary: "Converts a value to a bool: only `\"true\"` and `\"false\"` convert.",
    params: &[V],
    rest: None,
    returns: Returns::Computed(|call| result_type(call, types::bool())),
    examples: &[
        example(r#"tobool("true")"#, "true"),
        example("tobool(null)", "tobool(null)"),
        example(r#"tobool("yes")"#, r#"error: "yes" is neither "true" nor "false""#),
        example("tobool(1)", "error: number does not convert to bool"),
    ],
    code: Code::Nullable(to),
};

pub(super) static TOLIST: Function = Function {
    name: "tolist",
    summary: "Converts a tuple or set to a list; its elements become the one type that they all convert to.",
    params: &[V],
    rest: None,
    returns: Returns::Computed(|call| result_type(call, types::list_any())),
    examples: &[
        example(r#"tolist(["a", 1])"#, "tolist([\n  \"a\",\n  \"1\",\n])"),
        example(r#"tolist(toset(["b", "a"]))"#, "tolist([\n  \"a\",\n  \"b\",\n])"),
        example("tolist([])", "tolist([])"),
        example(r#"tolist("a")"#, "error: string does not convert to list of any single type"),
    ],
    code: Code::Nullable(to),
};

pub(super) static TOMAP: Function = Function {
    name: "tomap",
    summary: "Converts an object to a map; its elements become the one type that they all convert to.",
    params: &[V],
    rest: None,
    returns: Returns::Computed(|call| result_type(call, types::map_any())),
    examples: &[
        example(r#"tomap({ a = 1, b = "c" })"#, "tomap({\n  \"a\" = \"1\"\n  \"b\" = \"c\"\n})"),
        example("tomap({})", "tomap({})"),
        example("tomap([1])", "error: tuple does not convert to map of any single type"),
    ],
    code: Code::Nullable(to),
};

pub(super) static TONUMBER: Function = Function {
    name: "tonumber",
    summary: "Converts a value to a number: only strings that are decimal numbers convert.",
    params: &[V],
    rest: None,
    returns: Returns::Computed(|call| result_type(call, types::number())),
    examples: &[
        example(r#"tonumber("1.5")"#, "1.5"),
        example(r#"tonumber("1e3")"#, "1000"),
        example("tonumber(null)", "tonumber(null)"),
        example(r#"tonumber("a")"#, r#"error: "a" is not a decimal number"#),
        example("tonumber(true)", "error: bool does not convert to number"),
    ],
    code: Code::Nullable(to),
};

pub(super) static TOSET: Function = Function {
    name: "toset",
    summary: "Converts a list or tuple to a set: without order and repetitions, and with elements of one type.",
    params: &[V],
    rest: None,
    returns: Returns::Computed(|call| result_type(call, types::set_any())),
    examples: &[
        example(r#"toset(["b", "a", "b"])"#, "toset([\n  \"a\",\n  \"b\",\n])"),
        example(r#"toset(["a", 1])"#, "toset([\n  \"1\",\n  \"a\",\n])"),
        example("toset({})", "error: object does not convert to set of any single type"),
    ],
    code: Code::Nullable(to),
};

pub(super) static TOSTRING: Function = Function {
    name: "tostring",
    summary: "Converts a number or bool to a string.",
    params: &[V],
    rest: None,
    returns: Returns::Computed(|call| result_type(call, types::string())),
    examples: &[
        example("tostring(1.50)", "\"1.5\""),
        example("tostring(true)", "\"true\""),
        example("tostring(null)", "tostring(null)"),
        example("tostring([])", "error: tuple does not convert to string"),
    ],
    code: Code::Nullable(to),
};

const V: Param = param("v", types::any).null().unknown().dynamic().marks();

fn result_type(call: &Call<'_>, wanted: Type) -> Result<Type, CallError> {
    let given = call.args[0].ty();
    if given != wanted && convertible(&given, &wanted).is_err() {
        return Err(refused(&given, &wanted));
    }
    Ok(wanted)
}

fn to(call: &Call<'_>) -> Outcome {
    let arg = &call.args[0];
    if !arg.is_known() {
        return Ok(Value::unknown(call.ty.clone()).with_marks(arg.marks()));
    }
    convert(arg, &call.ty).map_err(|_| {
        let given = arg.ty();
        if arg.marks_deep().contains(Marks::SENSITIVE) {
            let (given, wanted) = (given.friendly_name(), constraint_name(&call.ty));
            return CallError::argument(0, format!("this sensitive {given} does not convert to {wanted}"));
        }
        match (arg.kind(), &call.ty) {
            (Kind::String(text), Type::Bool) => CallError::argument(
                0,
                format!("{text:?} is neither \"true\" nor \"false\", which alone convert to bool"),
            ),
            (Kind::String(text), Type::Number) => {
                CallError::argument(0, format!("{text:?} is not a decimal number, which alone converts to number"))
            }
            _ => refused(&given, &call.ty),
        }
    })
}

fn refused(given: &Type, wanted: &Type) -> CallError {
    let message = format!("{} does not convert to {}", given.friendly_name(), constraint_name(wanted));
    CallError::argument(0, message)
}

/// Names a wanted type, where an open element type means any one type.
fn constraint_name(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "any type".into(),
        Type::List(e) if **e == Type::Dynamic => "list of any single type".into(),
        Type::Set(e) if **e == Type::Dynamic => "set of any single type".into(),
        Type::Map(e) if **e == Type::Dynamic => "map of any single type".into(),
        ty => ty.friendly_name(),
    }
}
