//! What data sources have in common.

use sdk::schema::{Attribute, Block, NestedBlock, Schema};
use sdk::value::{Kind, Value};
use sdk::{Context, Problem, ReadDataRequest, ReadDataResponse, read_stored};
use serde_json::Value as Json;

use crate::fields::part;
use crate::shape::text;

/// Makes a schema, with an `id`.
pub(crate) fn schema(description: &str, mut attributes: Vec<Attribute>, blocks: Vec<NestedBlock>) -> Schema {
    attributes.push(text("id").computed().describe("What tells it apart from others of its type."));
    Schema { version: 0, block: Block { attributes, blocks, description: description.into(), ..Block::default() } }
}

/// Answers with what was found: what is configured stays as it is written.
pub(crate) fn finish(
    context: &Context<'_>,
    request: &ReadDataRequest,
    found: Result<Json, Problem>,
) -> ReadDataResponse {
    let block = &context.schema.block;
    let object = found.and_then(|json| read_stored(&json, block, &block.ty()));
    match object {
        Ok(object) => ReadDataResponse::new(as_configured(&object, &request.config)),
        Err(problem) => ReadDataResponse::failed(problem),
    }
}

fn as_configured(object: &Value, config: &Value) -> Value {
    let Kind::Object(members) = object.kind() else { return object.clone() };
    let value = |(name, found): (&ecow::EcoString, &Value)| {
        let configured = part(config, name);
        let is_set = !configured.is_null() && configured.element_count() != Some(0);
        if is_set { configured.clone() } else { found.clone() }
    };
    Value::object_of_shape(members.names().clone(), members.iter().map(value).collect())
}
