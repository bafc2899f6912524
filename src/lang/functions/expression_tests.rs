//! Functions tested through expressions: their examples, and unknown values as Terraform treats them.

use diag::{Diagnostic, Diagnostics, FileId, Span};
use value::{Marks, Type, Value};

use super::{Environment, FUNCTIONS, find, types};
use crate::expr::{Evaluator, Names, ReferenceContext, Scope, Subject, compile};
use crate::print::print_value;

/// Evaluates an expression that refers to no more than [`VARIABLES`]; gives what the console prints, or the first error.
pub(super) fn evaluate(text: &str) -> Result<String, String> {
    let (tree, mut diags) = syntax::parse_expression(FileId(0), text.as_bytes(), 0);
    let expr = compile(&tree, &Unknowns, &mut diags);
    let env = Environment::for_tests("/");
    let mut evaluator = Evaluator::new(&Unknowns, &env);
    let value = if diags.has_errors() { Value::NULL } else { evaluator.eval(&expr) };
    diags.append(evaluator.diags);
    match diags.iter().find(|d| d.is_error()) {
        Some(error) => Err(format!("{}: {}", error.summary, error.detail)),
        None => Ok(print_value(&value)),
    }
}

/// Name, marks and type.
type Variable = (&'static str, Marks, fn() -> Type);

/// The unknown values that expressions of tests may use: `var.NAME`.
static VARIABLES: &[Variable] = &[
    ("b", Marks::NONE, types::bool),
    ("d", Marks::NONE, types::any),
    ("e", Marks::EPHEMERAL, types::string),
    ("l", Marks::NONE, types::list_string),
    ("lb", Marks::NONE, types::list_bool),
    ("ln", Marks::NONE, || Type::list(Type::Number)),
    ("m", Marks::NONE, || Type::map(Type::String)),
    ("ml", Marks::NONE, types::map_list_string),
    ("mn", Marks::NONE, || Type::map(Type::Number)),
    ("n", Marks::NONE, types::number),
    ("o", Marks::NONE, || Type::object([("a", Type::String), ("b", Type::Number)])),
    ("s", Marks::NONE, types::string),
    ("st", Marks::NONE, types::set_string),
    ("t", Marks::NONE, || Type::tuple([Type::String, Type::Number])),
    ("x", Marks::SENSITIVE, types::list_string),
    ("y", Marks::SENSITIVE, types::string),
];

struct Unknowns;

impl Names for Unknowns {
    fn is_console(&self) -> bool {
        true
    }

    fn resolve(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        let name = reference.attributes.first().map_or("", |(name, _)| name);
        match VARIABLES.iter().position(|(variable, ..)| *variable == name) {
            Some(place) => Ok((Subject::Variable(place as u32), 1)),
            None => Err(Diagnostic::error("Invalid reference", "There is no such variable.")),
        }
    }
}

impl Scope for Unknowns {
    fn value(&self, subject: &Subject, _: Span, _: &mut Diagnostics) -> Value {
        let Subject::Variable(place) = subject else { return Value::dynamic() };
        let (_, marks, ty) = VARIABLES[*place as usize];
        Value::unknown(ty()).with_marks(marks)
    }
}

#[test]
fn examples_give_what_they_say() {
    let mut wrong = Vec::new();
    for example in FUNCTIONS.iter().flat_map(|function| function.examples) {
        let result = evaluate(example.call);
        let as_said = match (&result, example.result.strip_prefix("error: ")) {
            (Err(error), Some(part)) => error.contains(part),
            (Ok(text), None) => text == example.result,
            _ => false,
        };
        if !as_said {
            wrong.push(format!("{} gives {result:?}, not {:?}", example.call, example.result));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each line: an expression, what the console prints for it, for its type, for `== null` and for `issensitive` of it, white
/// space run together. Recorded from Terraform 1.11.4 with the variables declared and not set; `!` is an error.
static RECORDED: &str = include_str!("expression_tests.txt");

#[test]
fn unknown_parts_make_as_much_unknown_as_in_terraform() {
    let shown = |text: String| match evaluate(&text) {
        Ok(result) => result.split_whitespace().collect::<Vec<_>>().join(" "),
        Err(_) => "!".into(),
    };
    let mut wrong = Vec::new();
    for line in RECORDED.lines() {
        let (expr, expected) = line.split_once(" | ").expect("an expression and what it gives");
        let forms = [expr.into(), format!("type({expr})"), format!("{expr} == null"), format!("issensitive({expr})")];
        let found = forms.map(shown).join(" | ");
        if found != expected {
            wrong.push(format!("{expr}\n    gives  {found}\n    not    {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn marks_of_elements_stay_on_elements() {
    let call = |name: &str, args: &[Value]| {
        let function = find(name).unwrap_or_else(|| panic!("there is no function {name}"));
        function.call(args.to_vec(), &Environment::for_tests("/")).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let marked = Value::string("a").with_marks(Marks::EPHEMERAL);
    let list = Value::list(Type::String, [marked.clone(), "b".into()]);
    let map = Value::map(Type::String, [("k", marked.clone()), ("l", "b".into())]);
    let one = || Value::number(1_i64);

    let results = [
        ("concat", call("concat", &[list.clone(), list.clone()]), 2),
        ("chunklist", call("chunklist", &[list.clone(), one()]), 1),
        ("flatten", call("flatten", &[Value::tuple([list.clone(), list.clone()])]), 2),
        ("reverse", call("reverse", std::slice::from_ref(&list)), 1),
        ("values", call("values", std::slice::from_ref(&map)), 1),
        ("merge", call("merge", &[map.clone(), Value::map(Type::String, [("m", "c".into())])]), 1),
        ("zipmap", call("zipmap", &[Value::list(Type::String, ["x".into(), "y".into()]), list.clone()]), 1),
        ("setproduct", call("setproduct", &[list.clone(), Value::tuple([one()])]), 1),
    ];
    for (name, result, expected) in results {
        assert!(result.marks().is_empty(), "{name} marks the whole");
        let parts = result.as_sequence().map(<[Value]>::to_vec);
        let parts =
            parts.unwrap_or_else(|| result.as_entries().expect("a map").into_iter().map(|e| e.1.clone()).collect());
        let count = parts.iter().filter(|part| part.marks_deep() == Marks::EPHEMERAL).count();
        assert_eq!(count, expected, "{name}: {result:?}");
    }
    assert_eq!(call("element", &[list.clone(), one()]).marks_deep(), Marks::NONE);
    assert_eq!(call("lookup", &[map.clone(), "l".into()]).marks_deep(), Marks::NONE);
    assert_eq!(call("lookup", &[map.clone(), "k".into()]).marks_deep(), Marks::EPHEMERAL);
    assert_eq!(call("keys", &[map]).marks_deep(), Marks::NONE);
    assert_eq!(call("sort", std::slice::from_ref(&list)).marks(), Marks::EPHEMERAL);
    let bare = call("ephemeralasnull", &[list]);
    assert_eq!(bare, Value::list(Type::String, [Value::null(Type::String), "b".into()]));
    let both = Value::string("a").with_marks(Marks::EPHEMERAL | Marks::SENSITIVE);
    let replaced = call("ephemeralasnull", &[both]);
    assert!(replaced.is_null() && replaced.marks() == Marks::SENSITIVE);
}

#[test]
fn merge_sees_what_is_not_a_map_behind_a_null() {
    assert_eq!(evaluate("merge(null, tomap({ a = 1 }))").as_deref(), Ok("{\n  \"a\" = 1\n}"));
    for wrong in ["merge(null, \"a\")", "merge(null, [1])", "merge(1, null)"] {
        assert!(evaluate(wrong).is_err_and(|error| error.contains("maps or objects are required")), "{wrong}");
    }
}

#[test]
fn deep_values_do_not_overflow_the_stack() {
    let depth = 1_900;
    let deep = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(evaluate(&format!("flatten({deep})")).as_deref(), Ok("[\n  1,\n]"));
    assert_eq!(evaluate(&deep).map(|text| text.lines().count()), Ok(2 * depth + 1));
    let distinct = evaluate(&format!("one(distinct([{deep}, {deep}]))"));
    assert_eq!(distinct.map(|text| text.lines().count()), Ok(2 * depth + 1));
}
