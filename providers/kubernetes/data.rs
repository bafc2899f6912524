//! `data.kubernetes_resource`, `data.kubernetes_resources` and `data.kubernetes_server_version`: what there is.

use std::sync::Arc;

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{Marks, Type, Value};
use sdk::{Call, Context, DataSource, Problem, ReadDataRequest, ReadDataResponse, attribute, block};
use serde_json::Value as Json;

use crate::api::escaped;
use crate::cluster::{Cluster, Named};
use crate::json::{at, first_block, from_json, set_text, with};
use crate::reading::find_all;

fn text(name: &str, description: &str) -> Attribute {
    Attribute::new(name, Type::String).describe(description)
}

fn failed(result: Result<Value, Problem>) -> ReadDataResponse {
    result.map_or_else(ReadDataResponse::failed, ReadDataResponse::new)
}

/// Returns an object without what nobody reads, its secrets marked.
fn shown(object: &Json) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.remove("managedFields");
    }
    let value = from_json(&object);
    if at(&object, "/kind") != "Secret" {
        return value;
    }
    let marked = |name: &'static str| Some((name, value.attribute(name)?.with_marks(Marks::SENSITIVE)));
    with(&value, ["data", "stringData"].into_iter().filter_map(marked).collect())
}

/// One object of any kind.
pub(crate) struct Resource(pub(crate) Arc<Cluster>);

/// Returns the block that names an object.
pub(crate) fn metadata() -> NestedBlock {
    let attributes = vec![
        text("name", "The object's name.").required(),
        text("namespace", "The namespace that it is in; `default` unless set.").optional(),
    ];
    NestedBlock { min_items: 1, max_items: 1, ..block("metadata", BlockNesting::List, "Which object.", attributes) }
}

impl DataSource for Resource {
    fn name(&self) -> &'static str {
        "kubernetes_resource"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            text("api_version", "Group and version of the object's kind: `apps/v1`.").required(),
            text("kind", "The object's kind: `Deployment`.").required(),
            Attribute::new("object", Type::Dynamic)
                .computed()
                .describe("The object, whole but for who manages which fields."),
        ];
        let description = "An object that is there, of any kind, with its status.".into();
        Schema { version: 0, block: Block { attributes, blocks: vec![metadata()], description, ..Block::default() } }
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let result = async {
                let config = &request.config;
                let (api_version, kind) = (set_text(config, "api_version"), set_text(config, "kind"));
                let named = named(config, api_version.as_deref(), kind.as_deref());
                let object = find(&self.0, &named).await?;
                Ok(with(config, vec![("object", shown(&object))]))
            };
            failed(result.await)
        })
    }
}

/// Returns the object that a data source names.
pub(crate) fn named(config: &Value, api_version: Option<&str>, kind: Option<&str>) -> Named {
    let metadata = first_block(config, "metadata").unwrap_or(Value::NULL);
    Named {
        api_version: api_version.unwrap_or_default().to_owned(),
        kind: kind.unwrap_or_default().to_owned(),
        namespace: set_text(&metadata, "namespace"),
        name: set_text(&metadata, "name").unwrap_or_default(),
    }
}

/// Finds an object, which must be there.
pub(crate) async fn find(cluster: &Cluster, named: &Named) -> Result<Json, Problem> {
    let session = cluster.session()?;
    let found = find_all(&session, std::slice::from_ref(named)).await.into_iter().next();
    match found.transpose()?.flatten() {
        Some((_, object)) => Ok(object),
        None => {
            let detail = format!("There is no {} in the cluster.", named.describe());
            Err(Problem::error("Object not found", detail).at("metadata"))
        }
    }
}

/// All objects of a kind, or those that a selector finds.
pub(crate) struct Resources(pub(crate) Arc<Cluster>);

impl DataSource for Resources {
    fn name(&self) -> &'static str {
        "kubernetes_resources"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            text("api_version", "Group and version of the objects' kind: `apps/v1`.").required(),
            text("kind", "The objects' kind: `Deployment`.").required(),
            text("namespace", "The namespace that they are in; all unless set.").optional(),
            text("label_selector", "Which labels they have: `app=web,tier!=test`.").optional(),
            text("field_selector", "Which fields they have: `metadata.name=a`.").optional(),
            Attribute::new("limit", Type::Number).optional().describe("At most so many; all unless set."),
            Attribute::new("objects", Type::Dynamic)
                .computed()
                .describe("The objects, whole but for who manages which fields."),
        ];
        let description = "Objects that are there, of any one kind.".into();
        Schema { version: 0, block: Block { attributes, description, ..Block::default() } }
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let result = async {
                let objects = list(&self.0, &request.config).await?;
                Ok(with(&request.config, vec![("objects", Value::tuple(objects.iter().map(shown)))]))
            };
            failed(result.await)
        })
    }
}

async fn list(cluster: &Cluster, config: &Value) -> Result<Vec<Json>, Problem> {
    let session = cluster.session()?;
    let part = |name: &str| set_text(config, name).unwrap_or_default();
    let (api_version, kind) = (part("api_version"), part("kind"));
    let named = Named { api_version, kind, namespace: None, name: "x".to_owned() };
    let doing = format!("list the objects of the kind {}", named.kind);
    let place = session.place(&named).await.map_err(|failure| failure.problem(&doing))?;
    let Some(place) = place else {
        let detail = format!("The cluster has no kind {} in {}.", named.kind, named.api_version);
        return Err(Problem::error("Kind not defined", detail).at("kind"));
    };
    let mut query = Vec::new();
    for (name, parameter) in [("label_selector", "labelSelector"), ("field_selector", "fieldSelector")] {
        if let Some(selector) = set_text(config, name) {
            query.push(format!("{parameter}={}", escaped(&selector)));
        }
    }
    let namespace = set_text(config, "namespace").filter(|_| place.kind.is_namespaced);
    let found = session.api.list(&place.kind, namespace.as_deref(), &query.join("&")).await;
    let mut found = found.map_err(|failure| failure.problem(&doing))?;
    if let Some(limit) = attribute(config, "limit").as_number().and_then(|limit| limit.to_usize()) {
        found.truncate(limit);
    }
    for object in &mut found {
        object["apiVersion"] = place.kind.api_version.clone().into();
        object["kind"] = place.kind.kind.clone().into();
    }
    Ok(found)
}

/// The version of the cluster.
pub(crate) struct ServerVersion(pub(crate) Arc<Cluster>);

/// Attributes, and what the API server calls them.
const VERSION_PARTS: &[(&str, &str, &str)] = &[
    ("build_date", "buildDate", "When the API server was built."),
    ("compiler", "compiler", "What it was compiled by."),
    ("git_commit", "gitCommit", "The commit that it was built from."),
    ("git_tree_state", "gitTreeState", "Whether that commit was built unchanged."),
    ("git_version", "gitVersion", "The whole version: `v1.35.2-eks-1a2b3c4`."),
    ("go_version", "goVersion", "The version of the compiler."),
    ("major", "major", "The first number of the version."),
    ("minor", "minor", "The second number of the version, with `+` where it was changed."),
    ("platform", "platform", "What it runs on: `linux/amd64`."),
];

impl DataSource for ServerVersion {
    fn name(&self) -> &'static str {
        "kubernetes_server_version"
    }

    fn schema(&self) -> Schema {
        let mut attributes: Vec<Attribute> =
            VERSION_PARTS.iter().map(|(name, _, description)| text(name, description).computed()).collect();
        attributes.push(text("version", "The version without what is added to it: `1.35.2`.").computed());
        let description = "The version of the cluster.".into();
        Schema { version: 0, block: Block { attributes, description, ..Block::default() } }
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        Box::pin(async move {
            let result = async {
                let session = self.0.session()?;
                let found = session.api.get("/version").await;
                let found = found.map_err(|failure| failure.problem("ask for the cluster's version"))?;
                let part = |member: &str| at(&found, &format!("/{member}")).to_owned();
                let mut changes: Vec<(&str, Value)> =
                    VERSION_PARTS.iter().map(|(name, member, _)| (*name, Value::string(part(member)))).collect();
                let whole = part("gitVersion");
                let plain = whole.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
                changes.push(("version", Value::string(plain)));
                Ok(with(&request.config, changes))
            };
            failed(result.await)
        })
    }
}
