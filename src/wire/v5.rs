//! What differs in version 5 of the protocol: the messages of schemas, put into those of version 6.
//!
//! All other messages are the same but for their names: where version 5 returns more (a prepared provider configuration),
//! nobody uses it.
#![allow(
    missing_docs,
    reason = "what the fields mean is in the protocol's documentation, and in `sdk` under the same names"
)]

use std::collections::BTreeMap;

use crate::messages as v6;

#[derive(Clone, PartialEq, prost::Message)]
pub struct GetSchemaResponse {
    #[prost(message, optional, tag = "1")]
    pub provider: Option<Schema>,
    #[prost(btree_map = "string, message", tag = "2")]
    pub resource_schemas: BTreeMap<String, Schema>,
    #[prost(btree_map = "string, message", tag = "3")]
    pub data_source_schemas: BTreeMap<String, Schema>,
    #[prost(message, repeated, tag = "4")]
    pub diagnostics: Vec<v6::Diagnostic>,
    #[prost(message, optional, tag = "5")]
    pub provider_meta: Option<Schema>,
    #[prost(message, optional, tag = "6")]
    pub server_capabilities: Option<v6::ServerCapabilities>,
    #[prost(btree_map = "string, message", tag = "7")]
    pub functions: BTreeMap<String, v6::Function>,
    #[prost(btree_map = "string, message", tag = "8")]
    pub ephemeral_resource_schemas: BTreeMap<String, Schema>,
    #[prost(btree_map = "string, message", tag = "9")]
    pub list_resource_schemas: BTreeMap<String, Schema>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Schema {
    #[prost(int64, tag = "1")]
    pub version: i64,
    #[prost(message, optional, tag = "2")]
    pub block: Option<SchemaBlock>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct SchemaBlock {
    #[prost(int64, tag = "1")]
    pub version: i64,
    #[prost(message, repeated, tag = "2")]
    pub attributes: Vec<SchemaAttribute>,
    #[prost(message, repeated, tag = "3")]
    pub block_types: Vec<SchemaNestedBlock>,
    #[prost(string, tag = "4")]
    pub description: String,
    #[prost(enumeration = "v6::StringKind", tag = "5")]
    pub description_kind: i32,
    #[prost(bool, tag = "6")]
    pub deprecated: bool,
    #[prost(string, tag = "7")]
    pub deprecation_message: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct SchemaAttribute {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub ty: Vec<u8>,
    #[prost(string, tag = "3")]
    pub description: String,
    #[prost(bool, tag = "4")]
    pub required: bool,
    #[prost(bool, tag = "5")]
    pub optional: bool,
    #[prost(bool, tag = "6")]
    pub computed: bool,
    #[prost(bool, tag = "7")]
    pub sensitive: bool,
    #[prost(enumeration = "v6::StringKind", tag = "8")]
    pub description_kind: i32,
    #[prost(bool, tag = "9")]
    pub deprecated: bool,
    #[prost(bool, tag = "10")]
    pub write_only: bool,
    #[prost(string, tag = "11")]
    pub deprecation_message: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct SchemaNestedBlock {
    #[prost(string, tag = "1")]
    pub type_name: String,
    #[prost(message, optional, tag = "2")]
    pub block: Option<SchemaBlock>,
    #[prost(enumeration = "v6::BlockNestingMode", tag = "3")]
    pub nesting: i32,
    #[prost(int64, tag = "4")]
    pub min_items: i64,
    #[prost(int64, tag = "5")]
    pub max_items: i64,
}

impl From<GetSchemaResponse> for v6::GetProviderSchemaResponse {
    fn from(old: GetSchemaResponse) -> v6::GetProviderSchemaResponse {
        let all = |schemas: BTreeMap<String, Schema>| schemas.into_iter().map(|(name, s)| (name, s.into())).collect();
        v6::GetProviderSchemaResponse {
            provider: old.provider.map(Into::into),
            resource_schemas: all(old.resource_schemas),
            data_source_schemas: all(old.data_source_schemas),
            functions: old.functions,
            ephemeral_resource_schemas: all(old.ephemeral_resource_schemas),
            list_resource_schemas: all(old.list_resource_schemas),
            diagnostics: old.diagnostics,
            provider_meta: old.provider_meta.map(Into::into),
            server_capabilities: old.server_capabilities,
        }
    }
}

impl From<Schema> for v6::Schema {
    fn from(old: Schema) -> v6::Schema {
        v6::Schema { version: old.version, block: old.block.map(Into::into) }
    }
}

impl From<SchemaBlock> for v6::SchemaBlock {
    fn from(old: SchemaBlock) -> v6::SchemaBlock {
        v6::SchemaBlock {
            version: old.version,
            attributes: old.attributes.into_iter().map(Into::into).collect(),
            block_types: old.block_types.into_iter().map(Into::into).collect(),
            description: old.description,
            description_kind: old.description_kind,
            deprecated: old.deprecated,
            deprecation_message: old.deprecation_message,
            computed: false,
        }
    }
}

impl From<SchemaAttribute> for v6::SchemaAttribute {
    fn from(old: SchemaAttribute) -> v6::SchemaAttribute {
        v6::SchemaAttribute {
            name: old.name,
            ty: old.ty,
            nested_type: None,
            description: old.description,
            required: old.required,
            optional: old.optional,
            computed: old.computed,
            sensitive: old.sensitive,
            description_kind: old.description_kind,
            deprecated: old.deprecated,
            write_only: old.write_only,
            deprecation_message: old.deprecation_message,
        }
    }
}

impl From<SchemaNestedBlock> for v6::SchemaNestedBlock {
    fn from(old: SchemaNestedBlock) -> v6::SchemaNestedBlock {
        v6::SchemaNestedBlock {
            type_name: old.type_name,
            block: old.block.map(Into::into),
            nesting: old.nesting,
            min_items: old.min_items,
            max_items: old.max_items,
        }
    }
}
