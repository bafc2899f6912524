//! The life of managed resources: upgrade, read, plan, apply, import, move, generate.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sdk::{
    Action, ApplyRequest, ApplyResponse, Call, FindIntent, GenerateRequest, ImportRequest, ImportTarget,
    ImportedObject, IntentOutcome, MoveRequest, PlanRequest, Problem, Progress, ReadRequest, UpgradeRequest, answer,
    random_uuid,
};
use value::Value;

use super::{Served, or_problem, read, unreadable, write};
use crate::dynamic::unpack_stored;
use crate::messages as wire;
use crate::problems::{pack_deferral, pack_path, pack_problems};

/// How long it may take to find out what became of a failed creation.
const SETTLE: Duration = Duration::from_secs(60);

/// Keeps the last handle that a provider reports during a change; the host has no place for it.
#[derive(Default)]
struct Handle(Mutex<Option<String>>);

impl Handle {
    fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Progress for Handle {
    fn handle<'a>(&'a self, handle: &'a str) -> Call<'a, Result<(), Problem>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle.to_owned());
        answer(Ok(()))
    }

    fn message(&self, _: &str) {}
}

impl Served {
    pub(super) async fn upgrade(&self, asked: wire::UpgradeResourceStateRequest) -> wire::UpgradeResourceStateResponse {
        let upgraded = async {
            let ty = self.resource_type(&asked.type_name)?;
            let request = upgrade_request(&asked.type_name, asked.version, asked.raw_state.as_ref())?;
            let response = self.provider.upgrade(request).await;
            let upgraded_state = write(&response.object, ty, "upgraded object")?;
            let diagnostics = pack_problems(&response.problems);
            Ok(wire::UpgradeResourceStateResponse { upgraded_state, diagnostics })
        };
        or_problem(upgraded.await, |diagnostics| wire::UpgradeResourceStateResponse {
            diagnostics,
            upgraded_state: None,
        })
    }

    pub(super) async fn upgrade_identity(
        &self,
        asked: wire::UpgradeResourceIdentityRequest,
    ) -> wire::UpgradeResourceIdentityResponse {
        let upgraded = async {
            let request = upgrade_request(&asked.type_name, asked.version, asked.raw_identity.as_ref())?;
            let response = self.provider.upgrade_identity(request).await;
            let identity = Some(&response.object).filter(|identity| !identity.is_null());
            let upgraded_identity = self.write_identity(identity, &asked.type_name)?;
            let diagnostics = pack_problems(&response.problems);
            Ok(wire::UpgradeResourceIdentityResponse { upgraded_identity, diagnostics })
        };
        let failed = |diagnostics| wire::UpgradeResourceIdentityResponse { diagnostics, upgraded_identity: None };
        or_problem(upgraded.await, failed)
    }

    pub(super) async fn read_resource(&self, asked: wire::ReadResourceRequest) -> wire::ReadResourceResponse {
        let kind = asked.type_name.clone();
        let done = async {
            let ty = self.resource_type(&kind)?;
            let request = ReadRequest {
                current: read(asked.current_state.as_ref(), ty, "object")?,
                identity: self.read_identity(asked.current_identity.as_ref(), &kind)?,
                meta: self.meta(asked.provider_meta.as_ref())?,
                deferral_allowed: allows_deferral(asked.client_capabilities),
                private: asked.private,
                kind: asked.type_name.into(),
            };
            let response = self.provider.read(request).await;
            Ok(wire::ReadResourceResponse {
                new_state: write(&response.object, ty, "object")?,
                diagnostics: pack_problems(&response.problems),
                private: response.private,
                deferred: pack_deferral(response.deferred),
                new_identity: self.write_identity(response.identity.as_ref(), &kind)?,
            })
        };
        or_problem(done.await, |diagnostics| wire::ReadResourceResponse { diagnostics, ..Default::default() })
    }

    pub(super) async fn plan(&self, asked: wire::PlanResourceChangeRequest) -> wire::PlanResourceChangeResponse {
        let kind = asked.type_name.clone();
        let done = async {
            let ty = self.resource_type(&kind)?;
            let request = PlanRequest {
                prior: read(asked.prior_state.as_ref(), ty, "object")?,
                proposed: read(asked.proposed_new_state.as_ref(), ty, "proposed object")?,
                config: read(asked.config.as_ref(), ty, "configuration")?,
                prior_identity: self.read_identity(asked.prior_identity.as_ref(), &kind)?,
                meta: self.meta(asked.provider_meta.as_ref())?,
                deferral_allowed: allows_deferral(asked.client_capabilities),
                approved: None,
                prior_private: asked.prior_private,
                kind: asked.type_name.into(),
            };
            let response = self.provider.plan(request).await;
            Ok(wire::PlanResourceChangeResponse {
                planned_state: write(&response.planned, ty, "planned object")?,
                requires_replace: response.requires_replace.iter().map(pack_path).collect(),
                planned_private: response.private,
                diagnostics: pack_problems(&response.problems),
                legacy_type_system: response.legacy_types,
                deferred: pack_deferral(response.deferred),
                planned_identity: self.write_identity(response.identity.as_ref(), &kind)?,
            })
        };
        or_problem(done.await, |diagnostics| wire::PlanResourceChangeResponse { diagnostics, ..Default::default() })
    }

    pub(super) async fn apply(&self, asked: wire::ApplyResourceChangeRequest) -> wire::ApplyResourceChangeResponse {
        let kind = asked.type_name.clone();
        // Until the provider is asked nothing has changed, and a host that gets no object back would take it for gone.
        let unchanged = asked.prior_state.clone();
        let private = asked.planned_private.clone();
        let handle = Handle::default();
        let done = async {
            let ty = self.resource_type(&kind)?;
            let request = ApplyRequest {
                is_replaced: false,
                prior: read(asked.prior_state.as_ref(), ty, "object")?,
                planned: read(asked.planned_state.as_ref(), ty, "planned object")?,
                config: read(asked.config.as_ref(), ty, "configuration")?,
                identity: self.read_identity(asked.planned_identity.as_ref(), &kind)?,
                meta: self.meta(asked.provider_meta.as_ref())?,
                private: asked.planned_private,
                kind: asked.type_name.into(),
                // The host remembers no attempt, so each is a new one.
                token: random_uuid(&*self.runtime).into(),
                progress: &handle,
            };
            let expected = if request.planned.is_null() { request.prior.clone() } else { request.planned.clone() };
            let intent = request.prior.is_null().then(|| FindIntent {
                kind: request.kind.clone(),
                action: Action::Create,
                token: request.token.clone(),
                handle: None,
                prior: request.prior.clone(),
                planned: request.planned.clone(),
                private: vec![],
            });
            let mut response = self.provider.apply(request).await;
            if let Some(intent) = intent.filter(|_| response.new.is_null()) {
                self.settle(FindIntent { handle: handle.take(), ..intent }, &mut response).await;
            }
            Ok((ty, expected, response))
        };
        let (ty, expected, response) = match done.await {
            Ok(done) => done,
            Err(problem) => {
                let diagnostics = pack_problems(&[problem]);
                return wire::ApplyResourceChangeResponse {
                    new_state: unchanged,
                    private,
                    diagnostics,
                    ..Default::default()
                };
            }
        };
        let mut problems = response.problems;
        let new_state = write(&response.new, ty, "object").unwrap_or_else(|problem| {
            problems.push(problem);
            // Something is there: better recorded as planned, with an error, than not at all.
            let known = expected.transform(|_, part| if part.is_known() { part } else { Value::null(part.ty()) });
            write(&known, ty, "object").unwrap_or(unchanged)
        });
        let new_identity = self.write_identity(response.identity.as_ref(), &kind).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        wire::ApplyResourceChangeResponse {
            new_state,
            private: response.private,
            diagnostics: pack_problems(&problems),
            legacy_type_system: response.legacy_types,
            new_identity,
        }
    }

    /// A creation failed without an object, which does not say that there is none. The host keeps no token and no handle, so it
    /// is found out now or never.
    async fn settle(&self, intent: FindIntent, response: &mut ApplyResponse) {
        let has_handle = intent.handle.is_some();
        let found = tokio::time::timeout(SETTLE, self.provider.find_intent(intent)).await;
        match found {
            Ok(IntentOutcome::Found { object, private, identity, problems }) => {
                response.problems.extend(problems);
                response.new = object;
                response.private = private;
                response.identity = identity;
            }
            // Without a handle the cloud has not said that it began anything: the failure itself says enough.
            Ok(IntentOutcome::Unknown(problems)) if has_handle => response.problems.extend(problems),
            Ok(IntentOutcome::Absent(_) | IntentOutcome::Unknown(_)) | Err(_) => {}
        }
    }

    pub(super) async fn import(&self, asked: wire::ImportResourceStateRequest) -> wire::ImportResourceStateResponse {
        let done = async {
            self.resource_type(&asked.type_name)?;
            let target = match self.read_identity(asked.identity.as_ref(), &asked.type_name)? {
                Some(identity) => ImportTarget::Identity(identity),
                None => ImportTarget::Id(asked.id.into()),
            };
            let deferral_allowed = allows_deferral(asked.client_capabilities);
            let request = ImportRequest { kind: asked.type_name.into(), target, deferral_allowed };
            let response = self.provider.import(request).await;
            let imported = response.objects.into_iter().map(|found| self.imported(found));
            Ok(wire::ImportResourceStateResponse {
                imported_resources: imported.collect::<Result<_, _>>()?,
                diagnostics: pack_problems(&response.problems),
                deferred: pack_deferral(response.deferred),
            })
        };
        or_problem(done.await, |diagnostics| wire::ImportResourceStateResponse { diagnostics, ..Default::default() })
    }

    fn imported(&self, found: ImportedObject) -> Result<wire::ImportedResource, Problem> {
        let ImportedObject { kind, object, private, identity } = found;
        Ok(wire::ImportedResource {
            state: write(&object, self.resource_type(&kind)?, "imported object")?,
            private,
            identity: self.write_identity(identity.as_ref(), &kind)?,
            type_name: kind.to_string(),
        })
    }

    pub(super) async fn move_state(&self, asked: wire::MoveResourceStateRequest) -> wire::MoveResourceStateResponse {
        let kind = asked.target_type_name.clone();
        let done = async {
            let ty = self.resource_type(&kind)?;
            let identity = match &asked.source_identity {
                Some(raw) if !raw.json.is_empty() => {
                    let stored = unpack_stored(Some(raw)).map_err(|error| unreadable("stored identity", &error))?;
                    Some((version(asked.source_identity_schema_version), stored))
                }
                _ => None,
            };
            let stored =
                unpack_stored(asked.source_state.as_ref()).map_err(|error| unreadable("stored object", &error))?;
            let request = MoveRequest {
                kind: asked.target_type_name.into(),
                source_provider: asked.source_provider_address.into(),
                source_kind: asked.source_type_name.into(),
                source_version: version(asked.source_schema_version),
                source_raw: stored,
                source_private: asked.source_private,
                source_identity: identity,
            };
            let response = self.provider.move_state(request).await;
            Ok(wire::MoveResourceStateResponse {
                target_state: write(&response.object, ty, "object")?,
                diagnostics: pack_problems(&response.problems),
                target_private: response.private,
                target_identity: self.write_identity(response.identity.as_ref(), &kind)?,
            })
        };
        or_problem(done.await, |diagnostics| wire::MoveResourceStateResponse { diagnostics, ..Default::default() })
    }

    pub(super) async fn generate(
        &self,
        asked: wire::GenerateResourceConfigRequest,
    ) -> wire::GenerateResourceConfigResponse {
        let done = async {
            let ty = self.resource_type(&asked.type_name)?;
            let object = read(asked.state.as_ref(), ty, "object")?;
            let response = self.provider.generate(GenerateRequest { kind: asked.type_name.into(), object }).await;
            let config = write(&response.config, ty, "configuration")?;
            Ok(wire::GenerateResourceConfigResponse { config, diagnostics: pack_problems(&response.problems) })
        };
        or_problem(done.await, |diagnostics| wire::GenerateResourceConfigResponse { diagnostics, config: None })
    }
}

fn upgrade_request(kind: &str, of_version: i64, raw: Option<&wire::RawState>) -> Result<UpgradeRequest, Problem> {
    let raw = unpack_stored(raw).map_err(|error| {
        Problem::error("Stored object not readable", format!("What state holds of a `{kind}`: {}.", error.message))
    })?;
    Ok(UpgradeRequest { kind: kind.into(), version: version(of_version), raw })
}

fn version(packed: i64) -> u64 {
    u64::try_from(packed).unwrap_or(0)
}

fn allows_deferral(client: Option<wire::ClientCapabilities>) -> bool {
    client.is_some_and(|client| client.deferral_allowed)
}
