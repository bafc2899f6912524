//! The life of an object: read, planned, made true.

use sdk::{
    ApplyResponse, FindIntent, IntentOutcome, PlanRequest, PlanResponse, Private, Problem, ReadRequest, ReadResponse,
    UpgradeRequest, UpgradeResponse,
};
use value::{Type, Value};
use wire::dynamic::pack_stored;
use wire::messages::{
    ApplyResourceChangeRequest, ApplyResourceChangeResponse, PlanResourceChangeRequest, PlanResourceChangeResponse,
    ReadResourceRequest, ReadResourceResponse, UpgradeResourceIdentityRequest, UpgradeResourceIdentityResponse,
    UpgradeResourceStateRequest, UpgradeResourceStateResponse,
};
use wire::problems::{unpack_deferral, unpack_path};

use crate::asker::{Asker, Limit, TypeOf, capabilities, or, problems};
use crate::process::Failure;
use wire::protocol::Rpc;

/// What a plugin is asked to make true: an apply without what stays with us.
pub(crate) struct ApplyMessage {
    pub(crate) kind: String,
    pub(crate) prior: Value,
    pub(crate) planned: Value,
    pub(crate) config: Value,
    pub(crate) private: Private,
    pub(crate) identity: Option<Value>,
    pub(crate) meta: Value,
}

impl Asker {
    /// Brings a stored object into today's form.
    pub(crate) async fn upgrade(self, request: UpgradeRequest) -> Result<UpgradeResponse, Problem> {
        let ty = self.ty(TypeOf::Resource, &request.kind)?;
        let message = UpgradeResourceStateRequest {
            type_name: request.kind.to_string(),
            version: version(request.version),
            raw_state: Some(pack_stored(&request.raw)),
        };
        let response: UpgradeResourceStateResponse =
            self.call(Rpc::UpgradeResourceState, message, Limit::Computing).await.map_err(Failure::problem)?;
        let (object, unreadable) = or(self.unpack(response.upgraded_state.as_ref(), ty), || Value::null(ty.clone()));
        let problems = problems(response.diagnostics, unreadable);
        Ok(UpgradeResponse { object, problems })
    }

    /// Brings a stored identity into today's form.
    pub(crate) async fn upgrade_identity(self, request: UpgradeRequest) -> Result<UpgradeResponse, Problem> {
        let message = UpgradeResourceIdentityRequest {
            type_name: request.kind.to_string(),
            version: version(request.version),
            raw_identity: Some(pack_stored(&request.raw)),
        };
        let response: UpgradeResourceIdentityResponse =
            self.call(Rpc::UpgradeResourceIdentity, message, Limit::Computing).await.map_err(Failure::problem)?;
        let identity = self.unpack_identity(&request.kind, response.upgraded_identity.as_ref());
        let (identity, unreadable) = or(identity, || None);
        let problems = problems(response.diagnostics, unreadable);
        Ok(UpgradeResponse { object: identity.unwrap_or(Value::NULL), problems })
    }

    /// Looks at an object.
    pub(crate) async fn read(&self, request: &ReadRequest) -> Result<ReadResponse, Problem> {
        let ty = self.ty(TypeOf::Resource, &request.kind)?;
        let message = ReadResourceRequest {
            type_name: request.kind.to_string(),
            current_state: self.pack(&request.current, ty)?,
            private: request.private.clone(),
            provider_meta: self.pack_meta(&request.meta)?,
            client_capabilities: capabilities(request.deferral_allowed),
            current_identity: self.pack_identity(&request.kind, request.identity.as_ref())?,
        };
        let response: ReadResourceResponse =
            self.call(Rpc::ReadResource, message, Limit::None).await.map_err(Failure::problem)?;
        let (object, unreadable) = or(self.unpack(response.new_state.as_ref(), ty), || request.current.clone());
        let identity = self.unpack_identity(&request.kind, response.new_identity.as_ref());
        let (identity, wrong) = or(identity, || request.identity.clone());
        Ok(ReadResponse {
            object,
            private: response.private,
            identity,
            deferred: unpack_deferral(response.deferred.as_ref()),
            problems: problems(response.diagnostics, unreadable.or(wrong)),
        })
    }

    /// Asks what an object would be like.
    pub(crate) async fn plan(&self, request: &PlanRequest) -> Result<PlanResponse, Problem> {
        let ty = self.ty(TypeOf::Resource, &request.kind)?;
        let message = PlanResourceChangeRequest {
            type_name: request.kind.to_string(),
            prior_state: self.pack(&request.prior, ty)?,
            proposed_new_state: self.pack(&request.proposed, ty)?,
            config: self.pack(&request.config, ty)?,
            prior_private: request.prior_private.clone(),
            provider_meta: self.pack_meta(&request.meta)?,
            client_capabilities: capabilities(request.deferral_allowed),
            prior_identity: self.pack_identity(&request.kind, request.prior_identity.as_ref())?,
            planned_private: Private::new(),
        };
        let response: PlanResourceChangeResponse =
            self.call(Rpc::PlanResourceChange, message, Limit::None).await.map_err(Failure::problem)?;
        let (planned, unreadable) = or(self.unpack(response.planned_state.as_ref(), ty), || request.prior.clone());
        let identity = self.unpack_identity(&request.kind, response.planned_identity.as_ref());
        let (identity, wrong) = or(identity, || None);
        Ok(PlanResponse {
            planned,
            requires_replace: response.requires_replace.into_iter().map(unpack_path).collect(),
            private: response.planned_private,
            identity,
            deferred: unpack_deferral(response.deferred.as_ref()),
            problems: problems(response.diagnostics, unreadable.or(wrong)),
            legacy_types: response.legacy_type_system,
        })
    }

    /// Makes an object true.
    ///
    /// Where the plugin is gone before it has answered, there is an error without an object: nobody knows what is there.
    pub(crate) async fn apply(self, request: ApplyMessage) -> Result<ApplyResponse, ApplyFailure> {
        let ApplyMessage { kind, prior, planned, config, private, identity, meta } = request;
        let ty = self.ty(TypeOf::Resource, &kind).map_err(ApplyFailure::NotBegun)?;
        let message = || {
            Ok(ApplyResourceChangeRequest {
                type_name: kind.clone(),
                prior_state: self.pack(&prior, ty)?,
                planned_state: self.pack(&planned, ty)?,
                config: self.pack(&config, ty)?,
                planned_private: private.clone(),
                provider_meta: self.pack_meta(&meta)?,
                planned_identity: self.pack_identity(&kind, identity.as_ref())?,
            })
        };
        let message = message().map_err(ApplyFailure::NotBegun)?;
        let response = self.call(Rpc::ApplyResourceChange, message, Limit::None).await;
        let response: ApplyResourceChangeResponse = match response {
            Ok(response) => response,
            Err(Failure::Unimplemented(problem)) => return Err(ApplyFailure::NotBegun(problem)),
            Err(failure) => return Err(ApplyFailure::Unknown(failure.problem())),
        };
        let (new, unreadable) = or(self.unpack(response.new_state.as_ref(), ty), || Value::null(ty.clone()));
        let identity = self.unpack_identity(&kind, response.new_identity.as_ref());
        let (identity, wrong) = or(identity, || None);
        Ok(ApplyResponse {
            new,
            private: response.private,
            identity,
            problems: problems(response.diagnostics, unreadable.or(wrong)),
            legacy_types: response.legacy_type_system,
        })
    }

    /// Finds out what became of a change: an object that was there before can be looked at.
    pub(crate) async fn find_intent(&self, intent: &FindIntent) -> Result<IntentOutcome, Problem> {
        if intent.prior.is_null() {
            let detail = format!(
                "The provider {} was creating a `{}` and did not live to tell of it. The protocol has no way to find such \
                 an object.",
                self.plugin.source, intent.kind
            );
            return Ok(IntentOutcome::Unknown(vec![Problem::warning("Outcome unknown", detail)]));
        }
        let request = ReadRequest {
            kind: intent.kind.clone(),
            current: intent.prior.clone(),
            private: intent.private.clone(),
            identity: None,
            meta: Value::null(Type::Dynamic),
            deferral_allowed: false,
        };
        let response = self.read(&request).await?;
        if response.problems.iter().any(Problem::is_error) {
            return Ok(IntentOutcome::Unknown(response.problems));
        }
        let ReadResponse { object, private, identity, problems, .. } = response;
        if object.is_null() {
            Ok(IntentOutcome::absent())
        } else {
            Ok(IntentOutcome::Found { object, private, identity, problems })
        }
    }
}

/// Why there is no answer to an apply.
pub(crate) enum ApplyFailure {
    /// Nothing can have been changed.
    NotBegun(Problem),
    /// Nobody knows what was changed.
    Unknown(Problem),
}

/// The protocol has numbers with a sign.
fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
