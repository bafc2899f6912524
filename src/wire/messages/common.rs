//! What many calls share: values, diagnostics, capabilities.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

/// A value in one of two forms; what reads it knows the type.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct DynamicValue {
    #[prost(bytes = "bytes", tag = "1")]
    pub msgpack: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub json: Bytes,
}

/// A stored object, as it was stored; `flatmap` is how it was before Terraform 0.12.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RawState {
    #[prost(bytes = "vec", tag = "1")]
    pub json: Vec<u8>,
    #[prost(btree_map = "string, string", tag = "2")]
    pub flatmap: BTreeMap<String, String>,
}

/// An identity.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ResourceIdentityData {
    #[prost(message, optional, tag = "1")]
    pub identity_data: Option<DynamicValue>,
}

/// An error or a warning.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Diagnostic {
    #[prost(enumeration = "Severity", tag = "1")]
    pub severity: i32,
    #[prost(string, tag = "2")]
    pub summary: String,
    #[prost(string, tag = "3")]
    pub detail: String,
    #[prost(message, optional, tag = "4")]
    pub attribute: Option<AttributePath>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum Severity {
    Invalid = 0,
    Error = 1,
    Warning = 2,
}

/// Where in a configuration.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AttributePath {
    #[prost(message, repeated, tag = "1")]
    pub steps: Vec<PathStep>,
}

/// A step of a path.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PathStep {
    #[prost(oneof = "Selector", tags = "1, 2, 3")]
    pub selector: Option<Selector>,
}

/// Why a call of a function failed.
#[derive(Clone, PartialEq, prost::Message)]
pub struct FunctionError {
    #[prost(string, tag = "1")]
    pub text: String,
    #[prost(int64, optional, tag = "2")]
    pub function_argument: Option<i64>,
}

/// What the one who asks can deal with.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ClientCapabilities {
    #[prost(bool, tag = "1")]
    pub deferral_allowed: bool,
    #[prost(bool, tag = "2")]
    pub write_only_attributes_allowed: bool,
    #[prost(bool, tag = "3")]
    pub store_planned_private: bool,
    #[prost(bool, tag = "4")]
    pub computed_blocks_allowed: bool,
}

/// What a provider can do.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ServerCapabilities {
    #[prost(bool, tag = "1")]
    pub plan_destroy: bool,
    #[prost(bool, tag = "2")]
    pub get_provider_schema_optional: bool,
    #[prost(bool, tag = "3")]
    pub move_resource_state: bool,
    #[prost(bool, tag = "4")]
    pub generate_resource_config: bool,
}

/// Why something has to wait.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Deferred {
    #[prost(enumeration = "DeferredReason", tag = "1")]
    pub reason: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum DeferredReason {
    Unknown = 0,
    ResourceConfigUnknown = 1,
    ProviderConfigUnknown = 2,
    AbsentPrereq = 3,
}

/// What a step goes into.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Selector {
    #[prost(string, tag = "1")]
    AttributeName(String),
    #[prost(string, tag = "2")]
    ElementKeyString(String),
    #[prost(int64, tag = "3")]
    ElementKeyInt(i64),
}

/// A moment: time since 1970-01-01 in UTC.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// Nothing: what is sent where a call takes or returns no more than that it was made.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Empty {}

/// An answer that tells only what is wrong. Several calls have it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct DiagnosticsResponse {
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Values may be secrets: a debug dump of a message does not show them.
impl fmt::Debug for DynamicValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DynamicValue({} bytes)", self.msgpack.len() + self.json.len())
    }
}

impl fmt::Debug for RawState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawState({} bytes)", self.json.len())
    }
}
