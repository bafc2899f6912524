//! `kubernetes_cleanup`: takes away what a cluster's controllers made in the cloud, before the cluster goes.

use std::sync::Arc;
use std::time::Duration;

use sdk::schema::{Attribute, Block, Schema};
use sdk::value::{Type, Value};
use sdk::{
    Action, ApplyRequest, ApplyResponse, Call, Context, Problem, ReadRequest, ReadResponse, ResourceType, answer,
    attribute, random_uuid,
};

use crate::cluster::Cluster;
use crate::json::{first_block, set_text, with};
use crate::manifest_schema::{timeouts, validate_timeouts};
use crate::sweep::Sweep;
use crate::sweep_volumes::Fate;
use crate::times::parse_duration;

/// How long it may take unless the configuration says: nodes that Karpenter made drain, and volumes are detached first.
const TIME_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The resource type.
pub(crate) struct Cleanup(pub(crate) Arc<Cluster>);

impl Cleanup {
    /// Sees whether the cluster can be reached: when it is needed, it is too late to find out that it cannot.
    async fn check(&self) -> Result<(), Problem> {
        let session = self.0.session()?;
        let failed = |failure: crate::failure::Failure| failure.problem("ask the cluster for its version");
        session.api.get("/version").await.map(drop).map_err(failed)
    }

    async fn sweep(&self, request: &ApplyRequest<'_>) -> Result<Vec<Problem>, Problem> {
        let session = self.0.session()?;
        let text = first_block(&request.prior, "timeouts").and_then(|block| set_text(&block, "delete"));
        let limit = text.and_then(|text| parse_duration(&text)).unwrap_or(TIME_LIMIT);
        let volumes = set_text(&request.prior, "volumes").and_then(|text| Fate::read(&text)).unwrap_or(Fate::AsTheySay);
        Sweep::new(&session, request.progress, limit, volumes).run().await
    }
}

impl ResourceType for Cleanup {
    fn name(&self) -> &'static str {
        "kubernetes_cleanup"
    }

    fn schema(&self) -> Schema {
        let attributes = vec![
            Attribute::new("id", Type::String).computed().describe("A name that no other one has."),
            Attribute::new("volumes", Type::String).optional().describe(
                "What becomes of the volumes that were made for claims: `reclaim_policy`, as unless set, lets each go or stay \
                 as its reclaim policy says; `delete` takes all away; `retain` keeps all. The ids of those that stay are told.",
            ),
        ];
        let description = "Takes away, when it is destroyed, what the cluster's controllers made in the cloud: load \
                           balancers of Services, Ingresses and Gateways, volumes of claims, nodes of Karpenter; whoever \
                           made these objects. Let it depend on the pools and add-ons that do this work, so that it is \
                           destroyed before them.";
        let block = Block { attributes, blocks: vec![timeouts()], description: description.into(), ..Block::default() };
        Schema { version: 0, block }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = validate_timeouts(config);
        if let Some(text) = set_text(config, "volumes").filter(|text| Fate::read(text).is_none()) {
            let detail = format!("{text:?} is none of `reclaim_policy`, `delete` and `retain`.");
            problems.push(Problem::error("Unknown fate of volumes", detail).at("volumes"));
        }
        problems
    }

    /// It is a task and no object: what it takes away is found when it is destroyed.
    fn exists_outside(&self) -> bool {
        false
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadRequest) -> Call<'a, ReadResponse> {
        let current = request.current.clone();
        answer(ReadResponse::new(request, current))
    }

    fn create<'a>(&'a self, context: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            if let Err(problem) = self.check().await {
                return ApplyResponse::failed(request, problem);
            }
            let id = if attribute(&request.planned, "id").is_known() {
                attribute(&request.planned, "id")
            } else {
                random_uuid(&*context.runtime).into()
            };
            ApplyResponse::new(with(&request.planned, vec![("id", id)]))
        })
    }

    fn update<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        answer(ApplyResponse::new(request.planned))
    }

    fn delete<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            match self.sweep(&request).await {
                Ok(problems) => ApplyResponse { problems, ..ApplyResponse::new(request.planned) },
                Err(problem) => ApplyResponse::failed(request, problem),
            }
        })
    }

    fn fate(&self, _object: &Value) -> sdk::Fate {
        sdk::Fate::Releases
    }

    fn typical_duration(&self, action: Action) -> Duration {
        Duration::from_secs(if action == Action::Delete { 90 } else { 1 })
    }
}
