//! Schemas of providers as JSON for tools: the format of `terraform providers schema -json`.

use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, ObjectNesting, Schema};
use sdk::{FunctionParameter, FunctionSignature, IdentitySchema, Schemas};
use serde_json::{Map, Value as Json, json};
use value::type_to_json;

/// Returns everything that a provider says of itself.
pub(crate) fn provider(schemas: &Schemas, is_built_in: bool) -> Json {
    let mut out = Map::new();
    let mut own = schema(&schemas.provider);
    if is_built_in && schemas.provider.block == Block::default() {
        // Of a provider that cannot be configured there is nothing to say.
        own = json!({ "version": schemas.provider.version });
    }
    out.insert("provider".into(), own);
    let types = [
        ("resource_schemas", &schemas.resources),
        ("data_source_schemas", &schemas.data_sources),
        ("ephemeral_resource_schemas", &schemas.ephemerals),
        ("list_resource_schemas", &schemas.lists),
    ];
    for (name, types) in types.into_iter().filter(|(_, types)| !types.is_empty()) {
        let types = types.iter().map(|(name, of)| (name.to_string(), schema(of)));
        out.insert(name.into(), types.collect::<Map<_, _>>().into());
    }
    if !schemas.functions.is_empty() {
        let functions = schemas.functions.iter().map(|(name, of)| (name.to_string(), function(of)));
        out.insert("functions".into(), functions.collect::<Map<_, _>>().into());
    }
    if !schemas.identities.is_empty() {
        let identities = schemas.identities.iter().map(|(name, of)| (name.to_string(), identity(of)));
        out.insert("resource_identity_schemas".into(), identities.collect::<Map<_, _>>().into());
    }
    out.into()
}

fn schema(schema: &Schema) -> Json {
    json!({ "version": schema.version, "block": block(&schema.block) })
}

fn block(block: &Block) -> Json {
    let mut out = Map::new();
    if !block.attributes.is_empty() {
        out.insert("attributes".into(), attributes(&block.attributes));
    }
    if !block.blocks.is_empty() {
        let blocks = block.blocks.iter().map(|nested| (nested.name.to_string(), nested_block(nested)));
        let mut blocks: Map<String, Json> = blocks.collect();
        blocks.sort_keys();
        out.insert("block_types".into(), blocks.into());
    }
    describe(&mut out, &block.description, block.is_markdown);
    if block.deprecated {
        out.insert("deprecated".into(), true.into());
    }
    out.into()
}

fn nested_block(nested: &NestedBlock) -> Json {
    let mode = match nested.nesting {
        BlockNesting::Single => "single",
        BlockNesting::Group => "group",
        BlockNesting::List => "list",
        BlockNesting::Set => "set",
        BlockNesting::Map => "map",
    };
    let mut out = json!({ "nesting_mode": mode, "block": block(&nested.block) });
    for (name, items) in [("min_items", nested.min_items), ("max_items", nested.max_items)] {
        if items > 0 {
            out[name] = items.into();
        }
    }
    out
}

fn attributes(attributes: &[Attribute]) -> Json {
    let mut out: Map<String, Json> =
        attributes.iter().map(|attribute| (attribute.name.to_string(), self::attribute(attribute))).collect();
    out.sort_keys();
    out.into()
}

fn attribute(attribute: &Attribute) -> Json {
    let mut out = Map::new();
    match &attribute.kind {
        AttributeKind::Type(ty) => out.insert("type".into(), type_to_json(ty)),
        AttributeKind::Nested(nested) => {
            let mode = match nested.nesting {
                ObjectNesting::Single => "single",
                ObjectNesting::List => "list",
                ObjectNesting::Set => "set",
                ObjectNesting::Map => "map",
            };
            let nested = json!({ "attributes": attributes(&nested.attributes), "nesting_mode": mode });
            out.insert("nested_type".into(), nested)
        }
    };
    describe(&mut out, &attribute.description, attribute.is_markdown);
    let flags = [
        ("deprecated", attribute.deprecated),
        ("required", attribute.required),
        ("optional", attribute.optional),
        ("computed", attribute.computed),
        ("sensitive", attribute.sensitive),
        ("write_only", attribute.write_only),
    ];
    out.extend(flags.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| (name.to_owned(), true.into())));
    out.into()
}

fn describe(out: &mut Map<String, Json>, description: &str, is_markdown: bool) {
    if !description.is_empty() {
        out.insert("description".into(), description.into());
    }
    out.insert("description_kind".into(), if is_markdown { "markdown" } else { "plain" }.into());
}

fn function(function: &FunctionSignature) -> Json {
    let mut out = Map::new();
    let texts = [
        ("description", &function.description),
        ("summary", &function.summary),
        ("deprecation_message", &function.deprecation),
    ];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        out.insert(name.into(), text.as_str().into());
    }
    out.insert("return_type".into(), type_to_json(&function.return_type));
    if !function.parameters.is_empty() {
        out.insert("parameters".into(), function.parameters.iter().map(parameter).collect());
    }
    if let Some(variadic) = &function.variadic {
        out.insert("variadic_parameter".into(), parameter(variadic));
    }
    out.into()
}

fn parameter(parameter: &FunctionParameter) -> Json {
    let mut out = Map::new();
    out.insert("name".into(), parameter.name.as_str().into());
    if !parameter.description.is_empty() {
        out.insert("description".into(), parameter.description.as_str().into());
    }
    if parameter.allow_null {
        out.insert("is_nullable".into(), true.into());
    }
    out.insert("type".into(), type_to_json(&parameter.ty));
    out.into()
}

fn identity(identity: &IdentitySchema) -> Json {
    let attribute = |attribute: &sdk::IdentityAttribute| {
        let mut out = Map::new();
        out.insert("type".into(), type_to_json(&attribute.ty));
        if !attribute.description.is_empty() {
            out.insert("description".into(), attribute.description.as_str().into());
        }
        let import = if attribute.required_for_import { "required_for_import" } else { "optional_for_import" };
        out.insert(import.into(), true.into());
        (attribute.name.to_string(), Json::Object(out))
    };
    let attributes: Map<String, Json> = identity.attributes.iter().map(attribute).collect();
    json!({ "version": identity.version, "attributes": attributes })
}
