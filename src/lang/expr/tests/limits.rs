//! Large and deep expressions: linear time, and no end of the stack.

use std::fmt::Write;
use std::time::Duration;

use value::Value;

use super::{Module, evaluate};
use crate::worked::worked;

/// Far above what a debug build works for what is linear, far below what quadratic work takes.
const WORK_MAX: Duration = Duration::from_secs(20);

/// Evaluates on a thread with the small stack that threads have by default, drops the result and checks the time.
fn check(text: String, check: impl FnOnce(&Value) -> bool + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(move || {
        let (value, diags) = evaluate(&Module::load(), &text);
        let first = diags.iter().next().map(|d| format!("{}: {}", d.summary, d.detail));
        assert_eq!(first, None, "{}", &text[..text.len().min(80)]);
        assert!(check(&value), "{}", &text[..text.len().min(80)]);
        drop(value);
        assert!(worked() < WORK_MAX, "{:?}", worked());
    });
    thread.expect("a thread").join().expect("no panic");
}

fn is_number(expected: i64) -> impl FnOnce(&Value) -> bool {
    move |value| *value == Value::from(expected)
}

#[test]
fn long_rows_of_operators_are_flat() {
    check(format!("1{}", "+1".repeat(100_000)), is_number(100_001));
    check(format!("1{}", "-1*2".repeat(50_000)), is_number(1 - 100_000));
    check(format!("true{}", " && true".repeat(100_000)), |value| *value == Value::TRUE);
    check(format!("1{}", " == 1 == true".repeat(20_000)), |value| value.as_bool().is_some());
}

#[test]
fn rows_of_mistakes_stay_linear() {
    let before = worked();
    let module = Module::load();
    for (text, least) in [
        (format!("local.list{}", " + local.map".repeat(5_000)), 5_000),
        (format!("1{}", " < local.list".repeat(5_000)), 5_000),
        (format!("local.nulls{}", " && local.list".repeat(5_000)), 5_000),
        (format!("[{}]", "local.obj.nosuch,".repeat(5_000)), 5_000),
        ("[for x in range(1000) : [for y in [1, 2, 3] : y.nosuch]]".into(), 3_000),
    ] {
        let (_, diags) = evaluate(&module, &text);
        assert!(diags.len() >= least, "{} of {}", diags.len(), &text[..40]);
    }
    assert!(worked() - before < WORK_MAX, "{:?}", worked() - before);
}

#[test]
fn deep_nests_do_not_end_the_stack() {
    const DEPTH: usize = 900;
    let nest = |open: &str, inside: &str, close: &str| format!("{}{inside}{}", open.repeat(DEPTH), close.repeat(DEPTH));
    check(nest("[", "1", "]"), |value| value.element_count() == Some(1));
    check(nest("(", "1", ")"), is_number(1));
    check(nest("{ a = ", "1", " }"), |value| value.element_count() == Some(1));
    check(nest("-(", "1", ")"), is_number(1));
    check(nest("upper(", "\"a\"", ")"), |value| value.as_str() == Some("A"));
    check(nest("try(", "1", ")"), is_number(1));
    check(nest("true ? ", "1", " : 2"), is_number(1));
    check(nest("[for x in [1] : ", "1", "]"), |value| value.element_count() == Some(1));
    check(nest("\"a${", "1", "}\""), |value| value.as_str().is_some_and(|text| text.len() == DEPTH + 1));
    check(nest("[0][", "0", "]"), is_number(0));
}

#[test]
fn large_literals_are_linear() {
    let mut list = String::from("[");
    let mut object = String::from("{\n");
    for place in 0..100_000 {
        let _ = write!(list, "{place},");
        let _ = writeln!(object, "k{} = \"{place}\"", (place * 7919) % 100_000);
    }
    check(list + "]", |value| value.element_count() == Some(100_000));
    check(object + "}", |value| value.element_count() == Some(100_000));
    check(format!("\"{}\"", "a${1}".repeat(50_000)), |value| value.as_str().is_some_and(|text| text.len() == 100_000));
}

#[test]
fn loops_over_many_elements_are_linear() {
    check("length([for i in range(1000) : [for j in range(100) : \"${i}-${j * 2}\"]])".into(), is_number(1000));
    check("length({ for i in range(1000) : \"k${i}\" => { a = i } if i % 2 == 0 })".into(), is_number(500));
    check(
        "length(flatten([for i in range(300) : [for j in range(300) : { k = i, v = j }]]))".into(),
        is_number(90_000),
    );
    check("length({ for i in range(1000) : i % 7 => i... })".into(), is_number(7));
    check("length([for i in range(1000) : range(1000)[i] + range(1000)[999 - i]])".into(), is_number(1000));
    check("length([for o in [for i in range(1000) : { a = { b = i } }] : o.a.b][*])".into(), is_number(1000));
    check("length(merge([for i in range(1000) : { \"k${i}\" = i }]...))".into(), is_number(1000));
}

#[test]
fn a_template_that_renders_itself_ends_with_an_error() {
    let module = Module::load();
    let (_, diags) = evaluate(&module, r#"templatefile("t/rec.tpl", {})"#);
    let error = diags.iter().next().expect("an error");
    assert_eq!(error.summary, "Error in function call");
    assert!(error.detail.contains("more than 1024 levels deep"), "{}", error.detail.len());
    assert!(error.detail.len() < 100_000, "{}", error.detail.len());
}
