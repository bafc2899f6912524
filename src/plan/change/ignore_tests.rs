//! Tests of what is ignored.

use diag::{FileId, Span};
use lang::module::{IgnoreChanges, IgnoredPath};

use super::super::notation::{path, schema, value};
use super::{ignore_changes, restore_ignored};

const SCHEMA: &str = "{a:string o, c:string c, l:list(string) o, m:map(string) o, o:any o, n:list{x:string o, id:string c} o, \
                      b=list{p:string o, id:string c}}";

fn ignoring(paths: &[&str]) -> IgnoreChanges {
    let span = Span { file: FileId(0), start: 0, end: 0 };
    IgnoreChanges::Paths(paths.iter().map(|text| IgnoredPath { path: path(text), span }).collect())
}

fn check(paths: &[&str], prior: &str, config: &str, want: &str) {
    let schema = schema(SCHEMA);
    let [prior, config, want] = [prior, config, want].map(|text| {
        let names = ["a", "c", "l", "m", "o", "n"].iter().filter(|name| !text.contains(&format!("{name}=")));
        let rest: Vec<String> = names.map(|name| format!("{name}=null")).collect();
        let blocks = if text.contains("b=[") { "" } else { ", b=[]" };
        value(&format!("{{{text}, {}{blocks}}}", rest.join(", ")), &schema.ty())
    });
    assert_eq!(ignore_changes(&schema, &ignoring(paths), &prior, &config), want);
    assert_eq!(restore_ignored(&ignoring(paths), &prior, &config), want);
}

#[test]
fn whole_attributes_stay_as_they_were() {
    check(&[".a"], r#"a="1""#, r#"a="2""#, r#"a="1""#);
    check(&[".a", ".l"], r#"a="1", l=["1"]"#, r#"a=null, l=?"#, r#"a="1", l=["1"]"#);
    check(&[".a"], r#"a="1""#, r#"a=sensitive("1")"#, r#"a="1""#);
    check(&[".nothing", ".a.b"], r#"a="1""#, r#"a="2""#, r#"a="2""#);
}

#[test]
fn keys_of_maps_stay_come_and_go_as_they_were() {
    let (both, other) = (r#"m={"a"="1", "b"="1"}"#, r#"m={"a"="2", "b"="2"}"#);
    check(&[r#".m["a"]"#], both, other, r#"m={"a"="1", "b"="2"}"#);
    check(&[r#".m["a"]"#], both, r#"m={"b"="2"}"#, r#"m={"a"="1", "b"="2"}"#);
    check(&[r#".m["a"]"#], r#"m={"b"="1"}"#, other, r#"m={"b"="2"}"#);
    check(&[r#".m["a"]"#], r#"m={"a"="1"}"#, "m=null", r#"m={"a"="1"}"#);
    check(&[r#".m["a"]"#], "m=null", other, r#"m={"b"="2"}"#);
    check(&[r#".m["a"]"#], "m=null", r#"m={"a"="1"}"#, "m={}");
    check(&[r#".m["a"]"#], r#"m={"b"="1"}"#, "m=null", "m=null");
    check(&[r#".m["a"]"#], both, "m=?", "m=?");
    check(&[r#".m["a"]"#], both, r#"m=sensitive({"a"="2"})"#, r#"m=sensitive({"a"="1"})"#);
    check(&[".m.a"], both, other, other);
}

#[test]
fn an_object_by_index_counts_as_a_whole() {
    let (old, new) = (r#"o={a="1", b="1"}"#, r#"o={a="2", b="2"}"#);
    check(&[r#".o["a"]"#], old, new, old);
    check(&[".o.a"], old, new, r#"o={a="1", b="2"}"#);
    let (old, new) = (
        r#"o=<map(object(a=string,b=string))>{"k"={a="1", b="1"}}"#,
        r#"a=null, o=<map(object(a=string,b=string))>{"k"={a="2", b="2"}}"#,
    );
    check(&[r#".o["k"].a"#], old, new, r#"a=null, o=<map(object(a=string,b=string))>{"k"={a="1", b="2"}}"#);
    let (old, new) = (r#"o={m=<map(string)>{"a"="1"}, x="1"}"#, r#"o={m=<map(string)>{"a"="2"}, x="2"}"#);
    check(&[r#".o.m["a"]"#], old, new, r#"o={m=<map(string)>{"a"="1"}, x="2"}"#);
}

#[test]
fn elements_of_lists_stay_where_both_have_them() {
    check(&[".l[1]"], r#"l=["1", "1"]"#, r#"l=["2", "2"]"#, r#"l=["2", "1"]"#);
    check(&[".l[1]"], r#"l=["1", "1"]"#, r#"l=["2"]"#, r#"l=["2"]"#);
    check(&[".l[1]"], r#"l=["1"]"#, r#"l=["2", "2"]"#, r#"l=["2", "2"]"#);
    check(&[".o[0]"], r#"o=["1", true]"#, r#"o=["2", true]"#, r#"o=["1", true]"#);
    check(&[".b[0].p"], r#"b=[{p="1", id="x"}]"#, r#"b=[{p="2", id=null}]"#, r#"b=[{p="1", id=null}]"#);
}

#[test]
fn everything_but_what_the_provider_decides_stays() {
    let schema = schema(SCHEMA);
    let prior = r#"{a="1", c="2", l=null, m=null, o=1, n=[{x="3", id="4"}], b=[{p="5", id="6"}]}"#;
    let config = r#"{a="9", c=null, l=null, m=null, o=9, n=null, b=[]}"#;
    let want = r#"{a="1", c=null, l=null, m=null, o=1, n=[{x="3", id=null}], b=[{p="5", id=null}]}"#;
    let [prior, config, want] = [prior, config, want].map(|text| value(text, &schema.ty()));
    assert_eq!(ignore_changes(&schema, &IgnoreChanges::All, &prior, &config), want);
    assert_eq!(restore_ignored(&IgnoreChanges::All, &prior, &config), prior);
}

#[test]
fn nothing_is_ignored_of_a_new_object() {
    let schema = schema("{a:string o}");
    let [prior, config] = ["null", r#"{a="1"}"#].map(|text| value(text, &schema.ty()));
    assert_eq!(ignore_changes(&schema, &IgnoreChanges::All, &prior, &config), config);
    assert_eq!(ignore_changes(&schema, &ignoring(&[".a"]), &prior, &config), config);
}
