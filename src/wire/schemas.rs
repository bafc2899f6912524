//! Schemas, both ways: of resource types, identities and functions.

use std::collections::BTreeMap;

use ecow::EcoString;
use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, NestedObject, ObjectNesting, Schema};
use sdk::{Capabilities, FunctionParameter, FunctionSignature, IdentityAttribute, IdentitySchema, Schemas};
use value::{Type, type_from_json, type_to_json};

use crate::messages as wire;
use crate::messages::{BlockNestingMode, ObjectNestingMode, StringKind};

/// Writes what a provider has, but for identities.
pub fn pack_schemas(schemas: &Schemas, capabilities: Capabilities) -> wire::GetProviderSchemaResponse {
    wire::GetProviderSchemaResponse {
        provider: Some(pack_schema(&schemas.provider)),
        provider_meta: schemas.provider_meta.as_ref().map(pack_schema),
        resource_schemas: pack_all(&schemas.resources, pack_schema),
        data_source_schemas: pack_all(&schemas.data_sources, pack_schema),
        ephemeral_resource_schemas: pack_all(&schemas.ephemerals, pack_schema),
        list_resource_schemas: pack_all(&schemas.lists, pack_schema),
        functions: pack_all(&schemas.functions, pack_function),
        diagnostics: vec![],
        server_capabilities: Some(pack_capabilities(capabilities)),
    }
}

/// Reads what a provider has; its problems have been looked at, and identities come by a call of their own. The error
/// says where in the schema it lies.
pub fn unpack_schemas(packed: wire::GetProviderSchemaResponse) -> Result<Schemas, String> {
    Ok(Schemas {
        provider: packed
            .provider
            .map(unpack_schema)
            .transpose()
            .map_err(|error| format!("provider: {error}"))?
            .unwrap_or_default(),
        provider_meta: packed
            .provider_meta
            .map(unpack_schema)
            .transpose()
            .map_err(|error| format!("provider_meta: {error}"))?,
        resources: unpack_all(packed.resource_schemas, unpack_schema)?,
        identities: BTreeMap::new(),
        data_sources: unpack_all(packed.data_source_schemas, unpack_schema)?,
        ephemerals: unpack_all(packed.ephemeral_resource_schemas, unpack_schema)?,
        lists: unpack_all(packed.list_resource_schemas, unpack_schema)?,
        functions: unpack_all(packed.functions, unpack_function)?,
    })
}

/// Writes what a provider can do. Ours do not mind not to be asked for their schemas.
pub fn pack_capabilities(capabilities: Capabilities) -> wire::ServerCapabilities {
    wire::ServerCapabilities {
        plan_destroy: capabilities.plans_deletes,
        get_provider_schema_optional: true,
        move_resource_state: capabilities.moves_state,
        generate_resource_config: capabilities.generates_configuration,
    }
}

/// Reads what a provider can do.
pub fn unpack_capabilities(packed: Option<&wire::ServerCapabilities>) -> Capabilities {
    packed.map_or_else(Capabilities::default, |packed| Capabilities {
        plans_deletes: packed.plan_destroy,
        moves_state: packed.move_resource_state,
        generates_configuration: packed.generate_resource_config,
    })
}

/// Writes the schemas of identities.
pub fn pack_identities(
    identities: &BTreeMap<EcoString, IdentitySchema>,
) -> BTreeMap<String, wire::ResourceIdentitySchema> {
    pack_all(identities, |identity| wire::ResourceIdentitySchema {
        version: pack_version(identity.version),
        identity_attributes: identity
            .attributes
            .iter()
            .map(|part| wire::IdentityAttribute {
                name: part.name.to_string(),
                ty: pack_type(&part.ty),
                required_for_import: part.required_for_import,
                optional_for_import: !part.required_for_import,
                description: part.description.to_string(),
            })
            .collect(),
    })
}

/// Reads the schemas of identities.
pub fn unpack_identities(
    packed: BTreeMap<String, wire::ResourceIdentitySchema>,
) -> Result<BTreeMap<EcoString, IdentitySchema>, String> {
    unpack_all(packed, |identity| {
        let attributes = identity.identity_attributes.into_iter().map(|part| {
            let ty = unpack_type(&part.ty).map_err(|error| format!("{}: {error}", part.name))?;
            Ok(IdentityAttribute {
                name: part.name.into(),
                ty,
                description: part.description.into(),
                required_for_import: part.required_for_import,
            })
        });
        let attributes = attributes.collect::<Result<_, String>>()?;
        Ok(IdentitySchema { version: unpack_version(identity.version), attributes })
    })
}

/// Writes the functions.
pub fn pack_functions(functions: &BTreeMap<EcoString, FunctionSignature>) -> BTreeMap<String, wire::Function> {
    pack_all(functions, pack_function)
}

/// Reads the functions.
pub fn unpack_functions(
    packed: BTreeMap<String, wire::Function>,
) -> Result<BTreeMap<EcoString, FunctionSignature>, String> {
    unpack_all(packed, unpack_function)
}

fn pack_all<Ours, Theirs>(all: &BTreeMap<EcoString, Ours>, pack: impl Fn(&Ours) -> Theirs) -> BTreeMap<String, Theirs> {
    all.iter().map(|(name, ours)| (name.to_string(), pack(ours))).collect()
}

fn unpack_all<Theirs, Ours>(
    all: BTreeMap<String, Theirs>,
    unpack: impl Fn(Theirs) -> Result<Ours, String>,
) -> Result<BTreeMap<EcoString, Ours>, String> {
    let one = |(name, theirs): (String, Theirs)| match unpack(theirs) {
        Ok(ours) => Ok((name.into(), ours)),
        Err(error) => Err(format!("{name}: {error}")),
    };
    all.into_iter().map(one).collect()
}

fn pack_schema(schema: &Schema) -> wire::Schema {
    wire::Schema { version: pack_version(schema.version), block: Some(pack_block(&schema.block)) }
}

fn unpack_schema(packed: wire::Schema) -> Result<Schema, String> {
    let block = packed.block.map(unpack_block).transpose()?.unwrap_or_default();
    Ok(Schema { version: unpack_version(packed.version), block })
}

fn pack_block(block: &Block) -> wire::SchemaBlock {
    wire::SchemaBlock {
        version: 0,
        attributes: block.attributes.iter().map(pack_attribute).collect(),
        block_types: block.blocks.iter().map(pack_nested_block).collect(),
        description: block.description.to_string(),
        description_kind: pack_text_kind(block.is_markdown),
        deprecated: block.deprecated,
        deprecation_message: block.deprecation.to_string(),
        computed: false,
    }
}

fn unpack_block(packed: wire::SchemaBlock) -> Result<Block, String> {
    let is_markdown = packed.description_kind() == StringKind::Markdown;
    Ok(Block {
        attributes: packed.attributes.into_iter().map(unpack_attribute).collect::<Result<_, _>>()?,
        blocks: packed.block_types.into_iter().map(unpack_nested_block).collect::<Result<_, _>>()?,
        description: packed.description.into(),
        is_markdown,
        deprecated: packed.deprecated,
        deprecation: packed.deprecation_message.into(),
    })
}

fn pack_attribute(attribute: &Attribute) -> wire::SchemaAttribute {
    let (ty, nested_type) = match &attribute.kind {
        AttributeKind::Type(ty) => (pack_type(ty), None),
        AttributeKind::Nested(nested) => (vec![], Some(pack_nested_object(nested))),
    };
    wire::SchemaAttribute {
        name: attribute.name.to_string(),
        ty,
        nested_type,
        description: attribute.description.to_string(),
        required: attribute.required,
        optional: attribute.optional,
        computed: attribute.computed,
        sensitive: attribute.sensitive,
        description_kind: pack_text_kind(attribute.is_markdown),
        deprecated: attribute.deprecated,
        write_only: attribute.write_only,
        deprecation_message: attribute.deprecation.to_string(),
    }
}

fn unpack_attribute(packed: wire::SchemaAttribute) -> Result<Attribute, String> {
    let is_markdown = packed.description_kind() == StringKind::Markdown;
    let kind = match packed.nested_type {
        Some(nested) => unpack_nested_object(nested).map(AttributeKind::Nested),
        None => unpack_type(&packed.ty).map(AttributeKind::Type),
    };
    Ok(Attribute {
        kind: kind.map_err(|error| format!("{}: {error}", packed.name))?,
        name: packed.name.into(),
        description: packed.description.into(),
        is_markdown,
        required: packed.required,
        optional: packed.optional,
        computed: packed.computed,
        sensitive: packed.sensitive,
        write_only: packed.write_only,
        deprecated: packed.deprecated,
        deprecation: packed.deprecation_message.into(),
        // The protocol has no word for it.
        mirrors: None,
    })
}

fn pack_nested_object(nested: &NestedObject) -> wire::SchemaObject {
    let nesting = match nested.nesting {
        ObjectNesting::Single => ObjectNestingMode::Single,
        ObjectNesting::List => ObjectNestingMode::List,
        ObjectNesting::Set => ObjectNestingMode::Set,
        ObjectNesting::Map => ObjectNestingMode::Map,
    };
    let attributes = nested.attributes.iter().map(pack_attribute).collect();
    wire::SchemaObject { attributes, nesting: nesting.into(), min_items: 0, max_items: 0 }
}

fn unpack_nested_object(packed: wire::SchemaObject) -> Result<NestedObject, String> {
    let nesting = match packed.nesting() {
        ObjectNestingMode::Single => ObjectNesting::Single,
        ObjectNestingMode::List => ObjectNesting::List,
        ObjectNestingMode::Set => ObjectNesting::Set,
        ObjectNestingMode::Map => ObjectNesting::Map,
        ObjectNestingMode::Invalid => {
            return Err(format!("objects have the nesting {}, which is none", packed.nesting));
        }
    };
    let attributes = packed.attributes.into_iter().map(unpack_attribute).collect::<Result<_, _>>()?;
    Ok(NestedObject { attributes, nesting })
}

fn pack_nested_block(nested: &NestedBlock) -> wire::SchemaNestedBlock {
    let nesting = match nested.nesting {
        BlockNesting::Single => BlockNestingMode::Single,
        BlockNesting::Group => BlockNestingMode::Group,
        BlockNesting::List => BlockNestingMode::List,
        BlockNesting::Set => BlockNestingMode::Set,
        BlockNesting::Map => BlockNestingMode::Map,
    };
    wire::SchemaNestedBlock {
        type_name: nested.name.to_string(),
        block: Some(pack_block(&nested.block)),
        nesting: nesting.into(),
        min_items: pack_version(nested.min_items),
        max_items: pack_version(nested.max_items),
    }
}

fn unpack_nested_block(packed: wire::SchemaNestedBlock) -> Result<NestedBlock, String> {
    let nesting = match packed.nesting() {
        BlockNestingMode::Single => BlockNesting::Single,
        BlockNestingMode::Group => BlockNesting::Group,
        BlockNestingMode::List => BlockNesting::List,
        BlockNestingMode::Set => BlockNesting::Set,
        BlockNestingMode::Map => BlockNesting::Map,
        BlockNestingMode::Invalid => {
            return Err(format!("{}: blocks have the nesting {}, which is none", packed.type_name, packed.nesting));
        }
    };
    let block = packed.block.map(unpack_block).transpose().map_err(|error| format!("{}: {error}", packed.type_name))?;
    Ok(NestedBlock {
        name: packed.type_name.into(),
        nesting,
        block: block.unwrap_or_default(),
        min_items: unpack_version(packed.min_items),
        max_items: unpack_version(packed.max_items),
    })
}

fn pack_function(function: &FunctionSignature) -> wire::Function {
    wire::Function {
        parameters: function.parameters.iter().map(pack_parameter).collect(),
        variadic_parameter: function.variadic.as_ref().map(pack_parameter),
        returns: Some(wire::FunctionReturn { ty: pack_type(&function.return_type) }),
        summary: function.summary.to_string(),
        description: function.description.to_string(),
        description_kind: StringKind::Plain.into(),
        deprecation_message: function.deprecation.to_string(),
    }
}

fn unpack_function(packed: wire::Function) -> Result<FunctionSignature, String> {
    let returns = packed.returns.ok_or("it returns nothing")?;
    Ok(FunctionSignature {
        parameters: packed.parameters.into_iter().map(unpack_parameter).collect::<Result<_, _>>()?,
        variadic: packed.variadic_parameter.map(unpack_parameter).transpose()?,
        return_type: unpack_type(&returns.ty)?,
        summary: packed.summary.into(),
        description: packed.description.into(),
        deprecation: packed.deprecation_message.into(),
    })
}

fn pack_parameter(parameter: &FunctionParameter) -> wire::FunctionParameter {
    wire::FunctionParameter {
        name: parameter.name.to_string(),
        ty: pack_type(&parameter.ty),
        allow_null_value: parameter.allow_null,
        allow_unknown_values: parameter.allow_unknown,
        description: parameter.description.to_string(),
        description_kind: StringKind::Plain.into(),
    }
}

fn unpack_parameter(packed: wire::FunctionParameter) -> Result<FunctionParameter, String> {
    Ok(FunctionParameter {
        ty: unpack_type(&packed.ty).map_err(|error| format!("{}: {error}", packed.name))?,
        name: packed.name.into(),
        allow_null: packed.allow_null_value,
        allow_unknown: packed.allow_unknown_values,
        description: packed.description.into(),
    })
}

fn pack_type(ty: &Type) -> Vec<u8> {
    type_to_json(ty).to_string().into_bytes()
}

fn unpack_type(bytes: &[u8]) -> Result<Type, String> {
    let json = serde_json::from_slice(bytes).map_err(|error| format!("its type is not readable: {error}"))?;
    type_from_json(&json).map_err(|error| format!("its type is not readable: {error}"))
}

fn pack_text_kind(is_markdown: bool) -> i32 {
    (if is_markdown { StringKind::Markdown } else { StringKind::Plain }).into()
}

/// Versions and counts are signed on the wire for no reason.
fn pack_version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

fn unpack_version(version: i64) -> u64 {
    u64::try_from(version).unwrap_or(0)
}

#[cfg(test)]
mod tests;
