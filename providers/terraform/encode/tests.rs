//! Every expected text is what Terraform 1.11.4 writes for the same value.

use super::{expression, tfvars};
use sdk::value::{Number, Type, Value};

fn check(value: Value, expected: &str) {
    assert_eq!(expression(&value).unwrap(), expected);
}

fn check_tfvars(value: Value, expected: Result<&str, &str>) {
    let result = tfvars(&value).map_err(|problem| problem.message);
    assert_eq!(result, expected.map(Into::into).map_err(Into::into));
}

fn object<const N: usize>(attributes: [(&'static str, Value); N]) -> Value {
    Value::object(attributes)
}

fn number(value: i64) -> Value {
    Value::number(value)
}

fn decimal(text: &str) -> Value {
    Value::number(Number::parse(text).unwrap())
}

#[test]
fn simple_values_are_literals() {
    check("x".into(), "\"x\"");
    check(Value::TRUE, "true");
    check(Value::tuple([]), "[]");
    check(Value::tuple([Value::tuple([])]), "[[]]");
    check(object([]), "{}");
    check(Value::tuple([number(-3), Value::FALSE, Value::null(Type::String)]), "[-3, false, null]");
    check(Value::set(Type::String, ["b".into(), "a".into()]), "[\"a\", \"b\"]");
}

#[test]
fn numbers_have_all_their_digits_and_no_exponent() {
    check(decimal("1.5"), "1.5");
    check(decimal("1e-10"), "0.0000000001");
    check(decimal("123456789012345678901234567890.5"), "123456789012345678901234567890.5");
    check(decimal("1e100"), &format!("1{}", "0".repeat(100)));
}

#[test]
fn texts_are_quoted_and_what_cannot_be_seen_is_escaped() {
    check("x${y}\n\"q\" %{z}".into(), r#""x$${y}\n\"q\" %%{z}""#);
    check("x\r\n\\ $ % %%{ ${ $${ é".into(), r#""x\r\n\\ $ % %%%{ $${ $$${ é""#);
    check("a\tb\u{0}\u{200b}😀".into(), r#""a\tb\u0000\u200b😀""#);
    check("\u{200e} \u{ad} \u{e000} \u{e0001} 🧿 \u{301}".into(), "\"\\u200e \\u00ad \\ue000 \\U000e0001 🧿 \u{301}\"");
    check("\u{a0} \u{3000} \u{2028} \u{feff} \u{378} '".into(), r#""\u00a0 \u3000 \u2028 \ufeff \u0378 '""#);
}

#[test]
fn keys_are_quoted_unless_they_are_names() {
    let keys = ["null", "true", "a-b", "-", "_a", "a_", "a.b", "", "in"];
    let expected = r#"{
  ""    = 8
  "-"   = 4
  _a    = 5
  a-b   = 3
  "a.b" = 7
  a_    = 6
  in    = 9
  null  = 1
  true  = 2
}"#;
    check(Value::object(keys.into_iter().zip((1..).map(number))), expected);
}

#[test]
fn a_column_is_a_grapheme_cluster_as_it_is_written() {
    let names =
        object([("é", number(1)), ("日本", number(2)), ("👩\u{200d}👩\u{200d}👧", number(3)), ("abcdef", number(4))]);
    let expected = "{\n  abcdef            = 4\n  é                 = 1\n  日本                = 2\n  \
                    \"👩\\u200d👩\\u200d👧\" = 3\n}";
    check(names, expected);
}

#[test]
fn an_element_behind_an_object_goes_on_in_its_last_line() {
    check(Value::map(Type::Dynamic, [("a", Value::NULL)]), "{\n  a = null\n}");
    let one = |name, value: i64| object([(name, number(value))]);
    check(Value::list(one("a", 1).ty(), [one("a", 1), one("a", 2)]), "[{\n  a = 1\n  }, {\n  a = 2\n}]");
    let deep = Value::tuple([Value::tuple([Value::tuple([one("a", 1)])]), number(2)]);
    check(deep, "[[[{\n  a = 1\n}]], 2]");
    let inner =
        object([("a", number(1)), ("bb", Value::tuple([object([("c", number(1)), ("ddd", number(2))]), one("e", 1)]))]);
    let tuple = Value::tuple([Value::tuple([object([("f", Value::tuple([object([])]))])])]);
    let expected = "[{
  a = 1
  bb = [{
    c   = 1
    ddd = 2
    }, {
    e = 1
  }]
  }, [[{
    f = [{}]
}]]]";
    check(Value::tuple([inner, tuple]), expected);
}

#[test]
fn neighbours_are_aligned_where_they_fit_a_line() {
    let d = object([("d", number(1)), ("eeee", Value::tuple([object([])]))]);
    let a = Value::tuple([Value::tuple([number(1), object([("b", number(1))])]), object([("c", Value::tuple([d]))])]);
    let expected = "{
  a = [[1, {
    b = 1
    }], {
    c = [{
      d    = 1
      eeee = [{}]
    }]
  }]
  fgh = 3
  i   = 4
}";
    check(object([("a", a), ("fgh", number(3)), ("i", number(4))]), expected);
}

#[test]
fn tfvars_are_items_at_the_top() {
    let inner = object([("x", number(1)), ("yyy", object([("z", number(1))])), ("zz", number(2))]);
    let value = object([("a", number(1)), ("bcd", number(2)), ("e", inner), ("null", number(1)), ("a-b", number(3))]);
    let expected = "a   = 1
a-b = 3
bcd = 2
e = {
  x = 1
  yyy = {
    z = 1
  }
  zz = 2
}
null = 1
";
    check_tfvars(value, Ok(expected));
    check_tfvars(Value::map(Type::Number, [("for", number(1))]), Ok("for = 1\n"));
    check_tfvars(object([]), Ok(""));
}

#[test]
fn tfvars_need_an_object_and_names() {
    check_tfvars("x".into(), Err("the value must be an object, whose attributes are the variables, not string"));
    check_tfvars(Value::tuple([]), Err("the value must be an object, whose attributes are the variables, not tuple"));
    let rule = "cannot be the name of a variable, which begins with a letter and consists of letters, digits, \
                underscores and dashes";
    for name in ["a b", "1a", ""] {
        check_tfvars(object([(name, number(1))]), Err(&format!("{name:?} {rule}")));
    }
}
