//! Tests of what a provider may plan.

use super::super::notation::{cases, field, problems, schema, value};
use super::check_plan;

#[test]
fn plans_are_refused_where_terraform_refuses_them() {
    let count = cases(&[include_str!("tables/valid.txt"), include_str!("tables/valid_recorded.txt")], |case| {
        let schema = schema(&field(case, "schema"));
        let [prior, config, planned] =
            ["prior", "config", "planned"].map(|name| value(&field(case, name), &schema.ty()));
        assert_eq!(problems(&check_plan(&schema, &prior, &config, &planned)), field(case, "problems"));
    });
    assert_eq!(count, 43 + 80);
}

fn check(text: &str, prior: &str, config: &str, planned: &str, messages: &[&str]) {
    let schema = schema(text);
    let [prior, config, planned] = [prior, config, planned].map(|text| value(text, &schema.ty()));
    let found = check_plan(&schema, &prior, &config, &planned);
    assert_eq!(found.iter().map(|problem| problem.to_string()).collect::<Vec<_>>(), messages);
}

#[test]
fn messages_show_all_that_was_compared() {
    let schema = "{a:string o}";
    check(schema, "null", r#"{a="1"}"#, r#"{a="2"}"#, &[r#".a: planned "2", but "1" is configured"#]);
    check(
        schema,
        r#"{a="0"}"#,
        r#"{a="1"}"#,
        r#"{a="2"}"#,
        &[r#".a: planned "2", but "1" is configured and "0" was before"#],
    );
    check(schema, "null", "null", r#"{a="2"}"#, &["planned to be present, but the configuration does not have it"]);
    check(schema, "null", r#"{a="2"}"#, "null", &["planned to be absent, but the configuration has it"]);
}

#[test]
fn messages_never_show_what_is_sensitive() {
    let hidden = ".a: planned sensitive value is not the configured one";
    check("{a:string os}", "null", r#"{a="1"}"#, r#"{a="2"}"#, &[hidden]);
    check("{a:string o}", "null", r#"{a=sensitive("1")}"#, r#"{a="2"}"#, &[hidden]);
    check("{a:string o}", "null", r#"sensitive({a="1"})"#, r#"{a="2"}"#, &[hidden]);
    let inside = &[".a.b: planned sensitive value is not the configured one"];
    check("{a:single{b:string o} os}", "null", r#"{a={b="1"}}"#, r#"{a={b="2"}}"#, inside);
    let chosen = ".a: planned a sensitive value, but nothing is configured and the provider may not choose";
    check("{a:string os}", "null", "{a=null}", r#"{a="2"}"#, &[chosen]);
}

#[test]
fn marks_are_no_difference() {
    check("{a:string o, b=list{c:string o}}", "null", r#"{a=sensitive("1"), b=[]}"#, r#"{a="1", b=[]}"#, &[]);
    check("{b=list{c:string o}}", "null", r#"{b=sensitive([{c="1"}])}"#, r#"{b=[{c="1"}]}"#, &[]);
    check("{b=list{c:string o}}", "null", r#"{b=sensitive(?)}"#, "{b=?}", &[]);
}

#[test]
fn write_only_attributes_are_planned_as_null() {
    check("{a:string ow}", "null", r#"{a="1"}"#, "{a=null}", &[]);
    let message = ".a: planned value of a write-only attribute is not null";
    check("{a:string ow}", "null", r#"{a="1"}"#, r#"{a="1"}"#, &[message]);
}
