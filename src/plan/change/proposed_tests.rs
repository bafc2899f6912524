//! Tests of what is proposed.

use super::super::notation::{cases, field, schema, value};
use super::{planned_data, proposed_new};

#[test]
fn proposals_are_those_of_terraform() {
    let count = cases(&[include_str!("tables/proposed.txt"), include_str!("tables/proposed_recorded.txt")], |case| {
        let schema = schema(&field(case, "schema"));
        let [prior, config, want] = ["prior", "config", "want"].map(|name| value(&field(case, name), &schema.ty()));
        assert_eq!(proposed_new(&schema, &prior, &config), want);
    });
    assert_eq!(count, 39 + 80);
}

fn check(text: &str, prior: &str, config: &str, want: &str) {
    let schema = schema(text);
    let [prior, config, want] = [prior, config, want].map(|text| value(text, &schema.ty()));
    assert_eq!(proposed_new(&schema, &prior, &config), want);
}

#[test]
fn marks_are_those_of_the_configuration() {
    check(
        "{a:string o, b:string oc, c:string c}",
        r#"{a="1", b=sensitive("2"), c=sensitive("3")}"#,
        r#"{a=sensitive("1"), b=null, c=null}"#,
        r#"{a=sensitive("1"), b="2", c="3"}"#,
    );
}

#[test]
fn write_only_attributes_are_never_proposed() {
    let schema =
        "{a:string ow, n:list{p:string ow} o, b=list{c:string ow}, t=set{c:string ow, d:string o, id:string c}}";
    check(
        schema,
        r#"{a=null, n=null, b=[], t=[{c=null, d="4", id="5"}]}"#,
        r#"{a="1", n=[{p="2"}], b=[{c="3"}], t=[{c="6", d="4", id=null}]}"#,
        r#"{a=null, n=[{p=null}], b=[{c=null}], t=[{c=null, d="4", id="5"}]}"#,
    );
    check(schema, "null", r#"{a="1", n=?, b=?, t=[]}"#, r#"{a=null, n=?, b=?, t=[]}"#);
}

#[test]
fn what_a_data_source_may_choose_is_unknown() {
    let schema = schema(
        "{a:string o, c:string c, n:list{x:string o, id:string c} o, m=map{id:string c}, t=set{x:string o, id:string c}}",
    );
    let config = r#"{a=null, c=null, n=[{x="1", id=null}], m={"k"={id=null}}, t=[{x="2", id=null}]}"#;
    let planned = r#"{a=null, c=?, n=[{x="1", id=?}], m={"k"={id=?}}, t=[{x="2", id=?}]}"#;
    assert_eq!(planned_data(&schema, &value(config, &schema.ty())), value(planned, &schema.ty()));
}

#[test]
fn large_sets_correspond_in_linear_time() {
    let schema = schema("{t=set{x:string o, id:string c, n=list{y:number o, id:string c}}}");
    let set = |id: &str, from: usize| {
        let element = |i: usize| format!("{{x=\"same\", id={id}, n=[{{y={i}, id={id}}}]}}");
        let elements: Vec<String> = (from..from + 10_000).map(element).collect();
        value(&format!("{{t=[{}]}}", elements.join(", ")), &schema.ty())
    };
    let (prior, config) = (set("\"chosen\"", 0), set("null", 0));
    assert_eq!(proposed_new(&schema, &prior, &config), prior);
    assert_ne!(proposed_new(&schema, &prior, &set("null", 5_000)), prior);
}
