//! One side of all calls: who is asked, and how values travel.

use std::sync::Arc;
use std::time::Duration;

use sdk::Problem;
use value::{ConversionError, Type, Value};
use wire::dynamic::{pack, pack_identity, unpack, unpack_identity};
use wire::messages::{ClientCapabilities, Diagnostic, DynamicValue, ResourceIdentityData};
use wire::problems::unpack_problems;

use crate::plugin::{Known, Plugin};
use crate::process::{Failure, Process};
use wire::protocol::Rpc;

/// What providers take us for: what they know of versions is Terraform's.
pub(crate) const TERRAFORM_VERSION: &str = "1.11.4";

/// Asks a plugin: the process that has the configuration, if there is one yet.
pub(crate) struct Asker {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) process: Option<Arc<Process>>,
}

/// What kind of thing a type name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypeOf {
    Resource,
    DataSource,
    Ephemeral,
}

impl Asker {
    pub(crate) fn known(&self) -> &Known {
        self.plugin.known()
    }

    /// Returns the type of objects of a type's name.
    pub(crate) fn ty(&self, of: TypeOf, kind: &str) -> Result<&Type, Problem> {
        let types = match of {
            TypeOf::Resource => &self.known().resources,
            TypeOf::DataSource => &self.known().data_sources,
            TypeOf::Ephemeral => &self.known().ephemerals,
        };
        types.get(kind).ok_or_else(|| {
            Problem::error("Invalid resource type", format!("The provider {} has no {kind:?}.", self.plugin.source))
        })
    }

    /// Returns the type of the identities of a resource type, if its objects have any.
    pub(crate) fn identity_ty(&self, kind: &str) -> Option<&Type> {
        self.known().identities.get(kind)
    }

    /// Returns the process to ask, which is started if need be.
    async fn process(&self) -> Result<Arc<Process>, Problem> {
        match &self.process {
            Some(process) => Ok(process.clone()),
            None => self.plugin.any().await,
        }
    }

    /// Makes a call.
    pub(crate) async fn call<Q, A>(&self, rpc: Rpc, request: Q, limit: Limit) -> Result<A, Failure>
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        let process = self.process().await.map_err(Failure::Gone)?;
        let limit = match limit {
            Limit::Computing => Some(process.limits.computing),
            Limit::None => None,
        };
        process.call(rpc, request, limit).await
    }

    /// Makes a call with any number of answers.
    pub(crate) async fn stream<Q, A>(&self, rpc: Rpc, request: Q, answers_max: usize) -> Result<Vec<A>, Failure>
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        self.process().await.map_err(Failure::Gone)?.stream(rpc, request, answers_max).await
    }

    pub(crate) fn pack(&self, value: &Value, ty: &Type) -> Result<Option<DynamicValue>, Problem> {
        pack(value, ty).map(Some).map_err(|error| {
            let detail = format!("A value for the provider {} is impossible{}.", self.plugin.source, said(&error));
            Problem::error("Value cannot be sent to the provider", detail)
        })
    }

    pub(crate) fn unpack(&self, packed: Option<&DynamicValue>, ty: &Type) -> Result<Value, Problem> {
        unpack(packed, ty).map_err(|error| self.unreadable(&error))
    }

    pub(crate) fn pack_identity(
        &self,
        kind: &str,
        identity: Option<&Value>,
    ) -> Result<Option<ResourceIdentityData>, Problem> {
        let Some((identity, ty)) = identity.zip(self.identity_ty(kind)) else { return Ok(None) };
        pack_identity(identity, ty).map(Some).map_err(|error| {
            let detail = format!("An identity for the provider {} is impossible{}.", self.plugin.source, said(&error));
            Problem::error("Value cannot be sent to the provider", detail)
        })
    }

    pub(crate) fn unpack_identity(
        &self,
        kind: &str,
        packed: Option<&ResourceIdentityData>,
    ) -> Result<Option<Value>, Problem> {
        let Some(ty) = self.identity_ty(kind) else { return Ok(None) };
        unpack_identity(packed, ty).map_err(|error| self.unreadable(&error))
    }

    /// Packs what the module says to the provider beside the resource.
    pub(crate) fn pack_meta(&self, meta: &Value) -> Result<Option<DynamicValue>, Problem> {
        match &self.known().schemas.provider_meta {
            Some(schema) => self.pack(meta, &schema.block.ty()),
            None => Ok(None),
        }
    }

    fn unreadable(&self, error: &ConversionError) -> Problem {
        let detail = format!(
            "An answer of the provider {} does not fit its schema{}. This is a mistake in the provider.",
            self.plugin.source,
            said(error)
        );
        Problem::error("Provider returned an invalid value", detail)
    }
}

/// Which limit a call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// It only computes.
    Computing,
    /// It waits for a cloud.
    None,
}

fn said(error: &ConversionError) -> String {
    match error.path.0.is_empty() {
        true => format!(": {}", error.message),
        false => format!(", at {}: {}", error.path, error.message),
    }
}

/// Returns what we can deal with.
pub(crate) fn capabilities(deferral_allowed: bool) -> Option<ClientCapabilities> {
    Some(ClientCapabilities { deferral_allowed, write_only_attributes_allowed: true, ..ClientCapabilities::default() })
}

/// Reads problems, with one more if there is one.
pub(crate) fn problems(diagnostics: Vec<Diagnostic>, further: Option<Problem>) -> Vec<Problem> {
    let mut problems = unpack_problems(diagnostics);
    problems.extend(further);
    problems
}

/// Takes a result apart: the value, or what stands for it and a problem.
pub(crate) fn or<T>(result: Result<T, Problem>, otherwise: impl FnOnce() -> T) -> (T, Option<Problem>) {
    match result {
        Ok(value) => (value, None),
        Err(problem) => (otherwise(), Some(problem)),
    }
}

/// Returns a moment as time since 1970-01-01.
pub(crate) fn moment(stamp: Option<wire::messages::Timestamp>) -> Option<Duration> {
    let stamp = stamp?;
    let seconds = u64::try_from(stamp.seconds).unwrap_or_default();
    Some(Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(stamp.nanos).unwrap_or_default()))
}
