//! Plans by schema, at every depth.

use crate::{PlanRequest, PlanResponse, PlanRules, block, nested, plan_by_schema, read_stored};
use schema::{Attribute, Block, BlockNesting, ObjectNesting, Schema};
use serde_json::{Value as Json, json};
use value::{Type, Value};

fn schema() -> Schema {
    let name = || Attribute::new("name", Type::String).required();
    let kind = || Attribute::new("kind", Type::String).optional().computed();
    let attributes = vec![
        Attribute::new("id", Type::String).computed(),
        Attribute::new("revision", Type::Number).computed(),
        Attribute::new("size", Type::Number).optional().computed(),
        Attribute::new("note", Type::String).optional(),
        Attribute::new("password", Type::String).optional().write_only(),
        nested("list", ObjectNesting::List, vec![name(), kind()]).optional(),
        nested("set", ObjectNesting::Set, vec![name(), kind()]).optional(),
        nested("one", ObjectNesting::Single, vec![name(), kind()]).optional(),
    ];
    let blocks = vec![
        block("disk", BlockNesting::List, "", vec![name(), kind()]),
        block("mount", BlockNesting::Map, "", vec![name(), kind(), Attribute::new("any", Type::Dynamic).optional()]),
    ];
    Schema { version: 0, block: Block { attributes, blocks, ..Block::default() } }
}

fn plan(prior: Option<Json>, proposed: Json) -> PlanResponse {
    let schema = schema();
    let ty = schema.block.ty();
    let read = |json: &Json| read_stored(json, &schema.block, &ty).unwrap();
    let request = PlanRequest {
        kind: "x".into(),
        prior: prior.as_ref().map_or_else(|| Value::null(ty.clone()), read),
        proposed: read(&proposed),
        config: Value::NULL,
        prior_private: b"kept".to_vec(),
        prior_identity: None,
        meta: Value::NULL,
        deferral_allowed: false,
        approved: None,
    };
    plan_by_schema(&schema, PlanRules { replaces: &["note", "disk"], volatile: &["revision"] }, &request)
}

/// Shows what is unknown in a plan, and what it replaces for.
fn check(prior: Option<Json>, proposed: Json, unknown: &[&str], replaces: &[&str]) {
    let response = plan(prior, proposed);
    let mut found = Vec::new();
    response.planned.walk(|path, value| {
        if !value.is_known() {
            found.push(path.to_string());
        }
        true
    });
    assert_eq!(found, unknown);
    let paths: Vec<String> = response.requires_replace.iter().map(ToString::to_string).collect();
    assert_eq!(paths, replaces);
}

#[test]
fn what_is_created_is_unknown_where_the_provider_chooses() {
    check(None, json!({}), &[".id", ".revision", ".size"], &[]);
    check(None, json!({"size": 1, "note": "n"}), &[".id", ".revision"], &[]);
    let deep = json!({
        "list": [{"name": "a"}, {"name": "b", "kind": "k"}], "set": [{"name": "a"}], "one": {"name": "a"},
        "disk": [{"name": "a"}], "mount": {"m": {"name": "a"}},
    });
    let unknown =
        [".disk[0].kind", ".id", ".list[0].kind", ".mount.m.kind", ".one.kind", ".revision", ".set[...].kind", ".size"];
    // The map of blocks holds a dynamic attribute, so it is an object.
    let with_any = json!({"mount": {"value": {"m": {"name": "a", "kind": null, "any": null}},
        "type": ["object", {"m": ["object", {"name": "string", "kind": "string", "any": "dynamic"}]}]}});
    let mut deep = deep;
    deep["mount"] = with_any["mount"].clone();
    check(None, deep, &unknown, &[]);
}

#[test]
fn what_is_there_keeps_what_the_provider_chose() {
    let prior = json!({"id": "i", "revision": 1, "size": null, "list": [{"name": "a", "kind": null}]});
    check(Some(prior.clone()), prior.clone(), &[], &[]);
    assert_eq!(plan(Some(prior.clone()), prior.clone()).private, b"kept");
    let mut changed = prior.clone();
    changed["list"] = json!([{"name": "b", "kind": null}, {"name": "c"}]);
    check(Some(prior), changed, &[".list[1].kind", ".revision"], &[]);
}

#[test]
fn elements_of_a_set_that_were_there_stay() {
    let prior = json!({"id": "i", "revision": 1, "set": [{"name": "a", "kind": null}]});
    let mut changed = prior.clone();
    changed["set"] = json!([{"name": "a", "kind": null}, {"name": "b"}]);
    let planned = plan(Some(prior), changed).planned;
    let set = planned.attribute("set").unwrap();
    let kinds: Vec<(Value, bool)> = set
        .as_sequence()
        .unwrap()
        .iter()
        .map(|element| (element.attribute("name").unwrap(), element.attribute("kind").unwrap().is_known()))
        .collect();
    assert!(kinds.contains(&("a".into(), true)) && kinds.contains(&("b".into(), false)), "{kinds:?}");
}

#[test]
fn only_a_difference_replaces() {
    let prior = json!({"id": "i", "revision": 1, "note": "a", "disk": [{"name": "a", "kind": "k"}]});
    let mut changed = prior.clone();
    changed["size"] = json!(2);
    check(Some(prior.clone()), changed.clone(), &[".revision"], &[]);
    changed["note"] = json!("b");
    check(Some(prior.clone()), changed.clone(), &[".revision"], &[".note"]);
    changed["disk"] = json!([]);
    check(Some(prior), changed, &[".revision"], &[".note", ".disk"]);
}

#[test]
fn write_only_attributes_are_null_in_a_plan() {
    let planned = plan(None, json!({"password": "p"})).planned;
    assert!(planned.attribute("password").unwrap().is_null());
}

#[test]
fn a_stored_object_may_have_what_the_schema_has_lost() {
    let schema = schema();
    let read = |json: Json| read_stored(&json, &schema.block, &schema.block.ty());
    let object = read(json!({"id": "i", "lost": 1, "list": [{"name": "a", "lost": {}}]})).unwrap();
    assert_eq!(object.attribute("id"), Some("i".into()));
    assert_eq!(object.attribute("disk").unwrap().element_count(), Some(0));
    let problem = read(json!({"list": [{"name": []}]})).unwrap_err();
    assert_eq!(problem.detail, "State holds something else at `.list[0].name`: a string is required.");
}
