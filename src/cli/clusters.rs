//! Clusters of EKS, asked for by the provider that is part of the program: no cloud CLI is needed.

use diag::{Diagnostic, Diagnostics, Sources};
use schema::Schema;
use sdk::{Call, ConfigureRequest, Problem, Provider, ReadDataRequest, read_stored};
use serde_json::{Value as Json, json};
use value::Value;

use crate::{Exit, Session, kubeconfig};

/// The provider that knows them.
const PROVIDER: &str = "aws";

/// What they are called there, as resources and as data sources.
pub(crate) const KIND: &str = "aws_eks_cluster";

/// Arguments that name a cluster, and whose keys to use.
#[derive(clap::Args)]
pub(crate) struct ClusterArgs {
    /// The name of the cluster.
    #[arg(long, value_name = "NAME")]
    pub(crate) cluster_name: String,

    /// The region of the cluster; the one that the environment or the profile says, unless set.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,

    /// The profile in the user's files of AWS whose keys to use.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

impl ClusterArgs {
    /// Reads a data source of the provider that takes the cluster's name.
    pub(crate) fn read(&self, session: &mut Session, kind: &str) -> Result<Value, Exit> {
        let named = |factory: &&sdk::Factory| factory().name() == PROVIDER;
        let Some(factory) = session.providers.iter().find(named) else {
            let detail = format!("There is no provider {PROVIDER:?} in this Gantry, which knows clusters of EKS.");
            session.problem("Unknown provider", detail);
            return Err(Exit::FAILURE);
        };
        let (provider, runtime) = (factory(), session.environment.runtime());
        let asked = self.ask(&*provider, kind, runtime);
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let asked = match executor {
            Ok(executor) => executor.block_on(asked),
            Err(error) => Err(vec![Problem::error("No executor", format!("{error}."))]),
        };
        asked.map_err(|problems| {
            for problem in problems {
                let diagnostic = Diagnostic::error(problem.summary.to_string(), problem.detail.to_string());
                session.ui.diagnostics(&Sources::default(), &diagnostic.into());
            }
            Exit::FAILURE
        })
    }

    fn ask<'a>(
        &'a self,
        provider: &'a dyn Provider,
        kind: &'a str,
        runtime: std::sync::Arc<dyn sdk::Runtime>,
    ) -> Call<'a, Result<Value, Vec<Problem>>> {
        Box::pin(async move {
            let schemas = provider.schemas();
            let mut config = json!({});
            let given = [("region", &self.region), ("profile", &self.profile)];
            for (name, text) in given.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?))) {
                config[name] = json!(text);
            }
            let config = object(&config, &schemas.provider)?;
            let version = lang::version::PROGRAM_VERSION.into();
            let request = ConfigureRequest { config, version, deferral_allowed: false, runtime };
            failed(provider.configure(request).await.problems)?;
            let schema = schemas.data_sources.get(kind).ok_or_else(|| {
                vec![Problem::error("Unknown data source", format!("The provider {PROVIDER:?} has no {kind:?}."))]
            })?;
            let config = object(&json!({"name": self.cluster_name}), schema)?;
            let (kind, meta) = (kind.into(), Value::NULL);
            let request = ReadDataRequest { kind, config, meta, deferral_allowed: false };
            let response = provider.read_data(request).await;
            failed(response.problems)?;
            Ok(response.object.unmark_deep().0)
        })
    }
}

fn object(json: &Json, schema: &Schema) -> Result<Value, Vec<Problem>> {
    read_stored(json, &schema.block, &schema.block.ty()).map_err(|problem| vec![problem])
}

/// Warnings are not worth a line here: the user has asked for one thing and gets it.
fn failed(problems: Vec<Problem>) -> Result<(), Vec<Problem>> {
    if problems.iter().any(Problem::is_error) { Err(problems) } else { Ok(()) }
}

/// Removes the contexts of the clusters that an apply has deleted from the user's kubeconfig, where `gantry kubeconfig` has
/// written them; returns what there is to say.
pub(crate) fn forget_deleted(session: &Session, report: &engine::Report) -> Diagnostics {
    let mut said = Diagnostics::new();
    let Some(path) = session.environment.kubeconfig().filter(|_| report.outcome.is_some()) else { return said };
    for change in changed(report, plan::Action::Delete) {
        if report.state.instance(&change.address).is_some() {
            continue;
        }
        let (before, _) = change.before.clone().unmark_deep();
        let Some(server) = text(&before, "endpoint") else { continue };
        if let Err(error) = kubeconfig::forget(&path, &server) {
            let detail = format!("{} still has contexts of {}: {error}.", path.display(), change.address);
            said.push(Diagnostic::warning("Kubeconfig not written", detail));
        }
    }
    said
}

/// Returns the changes of one kind that a plan makes to clusters.
pub(crate) fn changed(report: &engine::Report, action: plan::Action) -> impl Iterator<Item = &plan::Change> {
    let is_cluster = |change: &&plan::Change| change.address.resource.resource.kind == KIND && change.deposed.is_none();
    report.plan.changes.iter().filter(move |change| change.action == action).filter(is_cluster)
}

/// Returns a text of an object, with the way to it.
pub(crate) fn text(object: &Value, attribute: &str) -> Option<String> {
    object.attribute(attribute).and_then(|value| value.as_str().map(str::to_owned))
}
