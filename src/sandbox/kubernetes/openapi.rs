//! OpenAPI v3: a document for each group and version, from the table of types and from definitions.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::kinds::Kind;
use super::types::{self, Field, List, Presence, Type, Word};

/// The names of the two forms that many fields have.
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

/// The media type of the old document.
pub const OLD_MEDIA_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// The old document, OpenAPI v2 in protocol buffers: its version, a title, and no paths. `kubectl` asks it about kinds that
/// no new document has, and finds that it does not know them either.
pub const OLD: &[u8] = b"\x0a\x032.0\x12\x10\x0a\x0aKubernetes\x12\x02v1\x42\x00";

/// Returns the name of a type as clients know it.
fn full(name: &str) -> String {
    let package = name.split('.').next().unwrap_or_default();
    match package {
        "meta" => format!("io.k8s.apimachinery.pkg.apis.{name}"),
        "apiextensions" => format!("io.k8s.apiextensions-apiserver.pkg.apis.{name}"),
        "apiregistration" => format!("io.k8s.kube-aggregator.pkg.apis.{name}"),
        _ => format!("io.k8s.api.{name}"),
    }
}

fn reference(name: &str) -> Json {
    json!({"allOf": [{"$ref": format!("#/components/schemas/{name}")}]})
}

/// Answers `/openapi/v3/...`.
pub fn document(kinds: &[Arc<Kind>], group: &str, version: &str) -> Option<Json> {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    let mut needed: Vec<&'static Type> = Vec::new();
    let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    for kind in kinds.iter().filter(|kind| kind.group == group && kind.version == version) {
        let own = json!({"group": group, "version": version, "kind": kind.kind});
        operations(&mut paths, &root, kind, &own);
        match types::of_kind(kind) {
            Some(form) => {
                needed.push(form);
                let mut schema = schema_of(form);
                with_identity(&mut schema, &own);
                schemas.insert(full(form.name), schema);
            }
            None => {
                let dotted: Vec<&str> = group.split('.').rev().collect();
                let mut schema = custom(kind);
                with_identity(&mut schema, &own);
                schema["properties"]["metadata"] = reference(&full(types::metadata().name));
                schemas.insert(format!("{}.{version}.{}", dotted.join("."), kind.kind), schema);
                needed.push(types::metadata());
            }
        }
    }
    if paths.is_empty() {
        return None;
    }
    if let Some(options) = types::named("meta.v1.DeleteOptions") {
        needed.push(options);
    }
    close(needed, &mut schemas);
    let about = json!({"title": "Kubernetes", "version": "v1"});
    Some(json!({"openapi": "3.0.0", "info": about, "paths": paths, "components": {"schemas": schemas}}))
}

fn custom(kind: &Kind) -> Json {
    let mut schema = kind.custom.as_ref().map_or(Json::Null, |one| one["schema"]["openAPIV3Schema"].clone());
    if !schema.is_object() {
        schema = json!({"type": "object"});
    }
    schema
}

fn with_identity(schema: &mut Json, own: &Json) {
    schema["x-kubernetes-group-version-kind"] = json!([own]);
    schema["properties"]["apiVersion"] = json!({"type": "string"});
    schema["properties"]["kind"] = json!({"type": "string"});
}

/// Adds the paths of a kind: clients look there for the parameters that its requests take.
fn operations(paths: &mut Map<String, Json>, root: &str, kind: &Kind, own: &Json) {
    let place = if kind.is_namespaced { "/namespaces/{namespace}" } else { "" };
    let parameter = |(name, form): (&str, &str)| json!({"name": name, "in": "query", "schema": {"type": form, "uniqueItems": true}});
    let operation = |verb: &str, action: &str, parameters: &[(&str, &str)]| {
        let parameters: Vec<Json> = parameters.iter().copied().map(parameter).collect();
        json!({
            "operationId": format!("{verb}{}{}", kind.version, kind.kind), "parameters": parameters,
            "x-kubernetes-action": action, "x-kubernetes-group-version-kind": own,
            "responses": {"200": {"description": "OK"}},
        })
    };
    let writing = [("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")];
    let patching: Vec<(&str, &str)> = writing.into_iter().chain([("force", "boolean")]).collect();
    let post = operation("create", "post", &writing);
    let all = format!("{root}{place}/{}", kind.plural);
    if kind.is_question {
        paths.insert(all, json!({"post": post}));
        return;
    }
    let listing =
        [("limit", "integer"), ("continue", "string"), ("labelSelector", "string"), ("fieldSelector", "string")];
    paths.insert(
        format!("{all}/{{name}}"),
        json!({
            "get": operation("read", "get", &[]), "put": operation("replace", "put", &writing),
            "patch": operation("patch", "patch", &patching),
            "delete": operation("delete", "delete", &[("dryRun", "string"), ("propagationPolicy", "string")]),
        }),
    );
    paths.insert(all, json!({"get": operation("list", "list", &listing), "post": post}));
}

/// Adds all types that some types need.
fn close(mut needed: Vec<&'static Type>, schemas: &mut Map<String, Json>) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    while let Some(form) = needed.pop() {
        if !known.insert(form.name) {
            continue;
        }
        schemas.entry(full(form.name)).or_insert_with(|| schema_of(form));
        needed.extend(form.fields.iter().filter_map(|field| inner(&field.form)));
    }
    schemas.insert(QUANTITY.to_owned(), json!({"oneOf": [{"type": "string"}, {"type": "number"}]}));
    let either = json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]});
    schemas.insert(INT_OR_STRING.to_owned(), either);
}

fn inner(word: &Word) -> Option<&'static Type> {
    match word {
        Word::Items(word) | Word::Map(word) => inner(word),
        word => word.object(),
    }
}

fn schema_of(form: &Type) -> Json {
    let properties: Map<String, Json> =
        form.fields.iter().map(|field| (field.name.to_owned(), property(field))).collect();
    let required = form.fields.iter().filter(|field| field.presence == Presence::Required);
    let required: Vec<&str> = required.map(|field| field.name).collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    if form.is_atomic {
        schema["x-kubernetes-map-type"] = "atomic".into();
    }
    schema
}

fn property(field: &Field) -> Json {
    let mut schema = of_word(&field.form);
    match (&field.list, &field.form) {
        (List::Map(keys), _) => {
            schema["x-kubernetes-list-type"] = "map".into();
            schema["x-kubernetes-list-map-keys"] = keys.clone().into();
        }
        (List::Set, _) => schema["x-kubernetes-list-type"] = "set".into(),
        (List::Atomic, Word::Map(_)) => schema["x-kubernetes-map-type"] = "atomic".into(),
        (_, Word::Items(_)) => schema["x-kubernetes-list-type"] = "atomic".into(),
        _ => {}
    }
    if let Some(key) = field.merge {
        let strategy = if field.retains { "merge,retainKeys" } else { "merge" };
        schema["x-kubernetes-patch-strategy"] = strategy.into();
        if !key.is_empty() {
            schema["x-kubernetes-patch-merge-key"] = key.into();
        }
    }
    if let Some(default) = field.default {
        schema["default"] = default.into();
    }
    if !field.choices.is_empty() {
        schema["enum"] = field.choices.clone().into();
    }
    schema
}

fn of_word(word: &Word) -> Json {
    match word {
        Word::Text | Word::Duration => json!({"type": "string"}),
        Word::Bool => json!({"type": "boolean"}),
        Word::Int32 => json!({"type": "integer", "format": "int32"}),
        Word::Int64 => json!({"type": "integer", "format": "int64"}),
        Word::Double => json!({"type": "number", "format": "double"}),
        Word::Bytes => json!({"type": "string", "format": "byte"}),
        Word::Time | Word::MicroTime => json!({"type": "string", "format": "date-time"}),
        Word::Quantity => reference(QUANTITY),
        Word::IntOrString => reference(INT_OR_STRING),
        Word::Any => json!({"type": "object"}),
        Word::Extra => json!({"type": "array", "items": {"type": "string"}}),
        Word::Object(_) => word.object().map_or(Json::Null, |form| reference(&full(form.name))),
        Word::Items(word) => json!({"type": "array", "items": of_word(word)}),
        Word::Map(word) => json!({"type": "object", "additionalProperties": of_word(word)}),
    }
}
