//! Tests of what a provider may make of a plan.

use super::super::notation::{cases, field, problems, schema, value};
use super::check_applied;

#[test]
fn results_are_refused_where_terraform_refuses_them() {
    let count =
        cases(&[include_str!("tables/compatible.txt"), include_str!("tables/compatible_recorded.txt")], |case| {
            let schema = schema(&field(case, "schema"));
            let [planned, actual] = ["planned", "actual"].map(|name| value(&field(case, name), &schema.ty()));
            assert_eq!(problems(&check_applied(&schema, &planned, &actual)), field(case, "problems"));
        });
    assert_eq!(count, 52 + 80);
}

fn check(text: &str, planned: &str, actual: &str, messages: &[&str]) {
    let schema = schema(text);
    let [planned, actual] = [planned, actual].map(|text| value(text, &schema.ty()));
    let found = check_applied(&schema, &planned, &actual);
    assert_eq!(found.iter().map(|problem| problem.to_string()).collect::<Vec<_>>(), messages);
}

#[test]
fn messages_show_both_values() {
    check("{a:string o}", r#"{a="1"}"#, r#"{a="2"}"#, &[r#".a: was planned to be "1", but is "2""#]);
    check("{a:list(string) o}", r#"{a=["1"]}"#, r#"{a=["1", "2"]}"#, &[".a: the element [1] was not planned"]);
    check("{a:map(string) o}", r#"{a={"k"="1"}}"#, "{a={}}", &[r#".a: the planned element ["k"] is not there"#]);
    check("{a:string o}", "{a=?}", "{a=1}", &[".a: a value of type string was planned, but it is of type number"]);
    check("{a:string o}", r#"{a="1"}"#, "null", &["was planned to be present, but is absent"]);
}

#[test]
fn messages_never_show_what_is_sensitive() {
    let hidden = &[".a: the sensitive value is not the planned one"];
    check("{a:string os}", r#"{a="1"}"#, r#"{a="2"}"#, hidden);
    check("{a:map(string) o}", r#"{a={"k"=sensitive("1")}}"#, r#"{a={"l"="2"}}"#, hidden);
    check("{a:set{b:string os} o}", r#"{a=[{b="1"}]}"#, r#"{a=[{b="2"}]}"#, hidden);
    check("{a:string o}", r#"sensitive({a="1"})"#, r#"{a="2"}"#, hidden);
}

#[test]
fn elements_of_sets_correspond_by_what_is_known() {
    let schema = "{t=set{x:string o, id:string c}}";
    check(schema, r#"{t=[{x="1", id=?}, {x="2", id=?}]}"#, r#"{t=[{x="2", id="b"}, {x="1", id="a"}]}"#, &[]);
    check("{t:set(string) o}", "{t=[?, ?]}", r#"{t=["1"]}"#, &[]);
    check("{t:set(string) o}", r#"{t=["0", ?, ?]}"#, r#"{t=["0", "1", "2"]}"#, &[]);
    check(
        "{t:set(string) o}",
        r#"{t=["0"]}"#,
        r#"{t=["1"]}"#,
        &[r#".t: no element agrees with the planned element "0""#],
    );
}

#[test]
fn large_sets_are_compared_in_linear_time() {
    let schema = schema("{t=set{x:string o, id:string c}}");
    let set = |id: &str, last: usize| {
        let element = |i: usize| format!("{{x=\"{i}\", id={id}}}");
        let elements: Vec<String> = (0..9_999).chain([last]).map(element).collect();
        value(&format!("{{t=[{}]}}", elements.join(", ")), &schema.ty())
    };
    assert!(check_applied(&schema, &set("?", 9_999), &set("\"id\"", 9_999)).is_empty());
    assert_eq!(check_applied(&schema, &set("?", 9_999), &set("\"id\"", 10_000)).len(), 1);
}
