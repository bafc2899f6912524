//! `kind_cluster`: a cluster of containers on this machine.

use std::sync::Arc;
use std::time::Duration;

use sdk::schema::Schema;
use sdk::value::{Kind, Path, PathStep, Type, Value, value_to_json};
use sdk::{
    Action, ApplyRequest, ApplyResponse, Call, Connection, Context, Costs, Course, Disruption, FindIntent,
    ImportRequest, ImportResponse, ImportTarget, ImportedObject, IntentOutcome, Meaning, Outlook, PlanRequest,
    PlanResponse, PlanRules, Problem, Prospect, ReadRequest, ReadResponse, ResourceType, Word, answer, attribute,
    plan_by_schema,
};
use serde_json::json;

use crate::cluster_schema;
use crate::health::{self, Access, Server, Wanted};
use crate::program::{Machine, QUESTION_TIME_MAX, Settings};
use crate::spec;

/// How long a cluster may take to be ready unless the configuration says.
const READY_TIME_MAX: Duration = Duration::from_secs(300);
/// How long `kind create` may take: images are fetched by it.
const CREATE_TIME_MAX: Duration = Duration::from_secs(1800);
/// How long `kind delete` may take.
const DELETE_TIME_MAX: Duration = Duration::from_secs(300);

/// What the name of the one container ends with that is no node: it is in front of several control planes.
const BALANCER: &str = "-external-load-balancer";

/// The resource type.
pub(crate) struct KindCluster(pub(crate) Arc<Machine>);

/// Reads a duration like `90s` or `1h30m`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|length| *length > 0)?;
        let amount: u64 = rest[..digits].parse().ok()?;
        let seconds = match rest.as_bytes()[digits] {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            _ => return None,
        };
        total = total.checked_add(Duration::from_secs(amount.checked_mul(seconds)?))?;
        rest = &rest[digits + 1..];
    }
    Some(total)
}

fn text(object: &Value, name: &str) -> Option<String> {
    attribute(object, name).as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Returns what is waited for, and for how long.
fn wait_of(object: &Value) -> (Wanted, Duration) {
    let limit = text(object, "timeout").and_then(|text| parse_duration(&text)).unwrap_or(READY_TIME_MAX);
    let is_all = attribute(object, "wait_for_ready").as_bool() == Some(true);
    (if is_all { Wanted::Everything } else { Wanted::Server }, limit)
}

/// Returns an object with some of its attributes replaced.
fn with(object: &Value, changes: &[(&str, Value)]) -> Value {
    let Kind::Object(members) = object.kind() else { return object.clone() };
    let value = |name: &str, old: &Value| {
        changes.iter().find(|(changed, _)| *changed == name).map_or_else(|| old.clone(), |(_, new)| new.clone())
    };
    let values = members.iter().map(|(name, old)| value(name, old)).collect();
    Value::object_of_shape(members.names().clone(), values)
}

/// Returns an object with what is known of how the cluster is reached.
fn filled(object: &Value, access: &Access, is_healthy: bool) -> Value {
    let name = attribute(object, "name");
    with(
        object,
        &[
            ("id", name),
            ("kubeconfig", Value::string(access.kubeconfig.as_str())),
            ("endpoint", Value::string(access.endpoint.as_str())),
            ("cluster_ca_certificate", Value::string(access.authority.as_str())),
            ("client_certificate", Value::string(access.certificate.as_str())),
            ("client_key", Value::string(access.key.as_str())),
            ("completed", Value::bool(is_healthy)),
        ],
    )
}

/// Tells whether there are containers of a cluster.
async fn is_there(settings: &Settings, name: &str) -> Result<bool, Problem> {
    let listed = settings.run(&["get", "clusters"], "", QUESTION_TIME_MAX).await?;
    Ok(listed.lines().any(|line| line.trim() == name))
}

async fn access(settings: &Settings, name: &str) -> Result<Access, Problem> {
    let text = settings.run(&["get", "kubeconfig", "--name", name], "", QUESTION_TIME_MAX).await?;
    health::read(&text)
}

impl KindCluster {
    async fn make(&self, request: &ApplyRequest<'_>) -> Result<(Value, Option<Problem>), Problem> {
        let settings = self.0.settings()?;
        let planned = &request.planned;
        let name = text(planned, "name").unwrap_or_default();
        if is_there(&settings, &name).await? {
            let detail = format!(
                "There is a cluster `{name}` on this machine already. Import it, choose another name, or remove it with \
                 `kind delete cluster --name {name}`."
            );
            return Err(Problem::error("Cluster already exists", detail).at("name"));
        }
        // The cluster was not there. What it is made from tells a later run all that it needs.
        let made_from = value_to_json(&request.config, &request.config.ty());
        let made_from = made_from.map_err(|error| Problem::error("Configuration not readable", error.message))?;
        request.progress.handle(&made_from.to_string()).await?;
        request.progress.message("making containers");
        // The kubeconfig of the user is not touched unless the configuration names it.
        let own = tempfile::tempdir().map_err(|error| Problem::error("No temporary folder", format!("{error}.")))?;
        let own = own.path().join("kubeconfig").display().to_string();
        let kubeconfig = text(planned, "kubeconfig_path").unwrap_or(own);
        let mut arguments = vec!["create", "cluster", "--name", &name, "--config", "-", "--kubeconfig", &kubeconfig];
        let image = text(planned, "node_image");
        if let Some(image) = &image {
            arguments.extend(["--image", image]);
        }
        settings.run(&arguments, &spec::write(planned), CREATE_TIME_MAX).await?;
        let reached = access(&settings, &name).await?;
        let waited = self.wait(&settings, planned, &reached, request).await;
        Ok((filled(planned, &reached, waited.is_ok()), waited.err()))
    }

    /// Waits for the API server, and for the rest if that is wanted: `kind` gives up waiting without saying so.
    async fn wait(
        &self,
        settings: &Settings,
        planned: &Value,
        access: &Access,
        request: &ApplyRequest<'_>,
    ) -> Result<(), Problem> {
        request.progress.waiting();
        let server = Server::of(access).await?;
        server.ready(&*settings.runtime, wait_of(planned), &|why| request.progress.message(why)).await
    }

    /// Looks at a cluster; nothing if it is not there. Containers are not enough: its API server must answer.
    async fn look(&self, current: &Value) -> Result<Option<(Value, Option<Problem>)>, Problem> {
        let settings = self.0.settings()?;
        let name = text(current, "name").unwrap_or_default();
        if !is_there(&settings, &name).await? {
            return Ok(None);
        }
        let fault = match access(&settings, &name).await {
            Err(problem) => problem.detail,
            Ok(access) => match Server::of(&access).await?.fault().await {
                None => return Ok(Some((filled(current, &access, true), None))),
                Some(fault) => fault,
            },
        };
        let detail = format!(
            "The containers of the cluster `{name}` are there, but {fault}. After a restart of the container engine, \
             clusters of several nodes do not come back. If starting its containers does not help, applying replaces it."
        );
        let value = with(current, &[("id", attribute(current, "name")), ("completed", Value::FALSE)]);
        Ok(Some((value, Some(Problem::warning("Cluster does not work", detail)))))
    }

    async fn remove(&self, prior: &Value) -> Result<(), Problem> {
        let settings = self.0.settings()?;
        let name = text(prior, "name").unwrap_or_default();
        let own = tempfile::tempdir().map_err(|error| Problem::error("No temporary folder", format!("{error}.")))?;
        let own = own.path().join("kubeconfig").display().to_string();
        let kubeconfig = text(prior, "kubeconfig_path").unwrap_or(own);
        let arguments = ["delete", "cluster", "--name", &name, "--kubeconfig", &kubeconfig];
        settings.run(&arguments, "", DELETE_TIME_MAX).await.map(drop)
    }

    async fn settle(&self, context: &Context<'_>, intent: &FindIntent) -> Result<IntentOutcome, Problem> {
        let value = if intent.action == Action::Create {
            let Some(handle) = &intent.handle else { return Ok(IntentOutcome::absent()) };
            let raw = serde_json::from_str(handle).unwrap_or_default();
            sdk::read_stored(&raw, &context.schema.block, &context.schema.block.ty())?
        } else {
            intent.prior.clone()
        };
        let Some((object, mut fault)) = self.look(&value).await? else { return Ok(IntentOutcome::absent()) };
        if fault.is_none() && intent.action == Action::Create {
            fault = self.unfinished(&object).await?;
        }
        // What was made half-way is replaced.
        let problems = fault.map(|fault| Problem::error(fault.summary, fault.detail)).into_iter().collect();
        Ok(IntentOutcome::Found { object, private: vec![], identity: None, problems })
    }

    /// Tells what a cluster lacks that answers, and whose making nobody saw the end of.
    async fn unfinished(&self, object: &Value) -> Result<Option<Problem>, Problem> {
        let settings = self.0.settings()?;
        let name = text(object, "name").unwrap_or_default();
        let containers = settings.run(&["get", "nodes", "--name", &name], "", QUESTION_TIME_MAX).await?;
        let of_kubernetes = |container: &&str| !container.ends_with(BALANCER);
        let containers: Vec<String> = containers.split_whitespace().filter(of_kubernetes).map(str::to_owned).collect();
        let server = Server::of(&access(&settings, &name).await?).await?;
        if let Some(lacking) = server.lacks(&containers).await {
            let detail = format!("The making of the cluster `{name}` was cut off: {lacking}.");
            return Ok(Some(Problem::error("Cluster not finished", detail)));
        }
        if let Some(kubeconfig) = text(object, "kubeconfig_path") {
            // That comes last, too.
            let arguments = ["export", "kubeconfig", "--name", &name, "--kubeconfig", &kubeconfig];
            settings.run(&arguments, "", QUESTION_TIME_MAX).await?;
        }
        Ok(server.ready(&*settings.runtime, wait_of(object), &|_| {}).await.err())
    }
}

impl ResourceType for KindCluster {
    fn name(&self) -> &'static str {
        "kind_cluster"
    }

    fn schema(&self) -> Schema {
        cluster_schema::schema()
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        cluster_schema::validate(config)
    }

    fn replaces(&self) -> &[&str] {
        &["config", "kind_config", "kubeconfig_path", "name", "node_image"]
    }

    fn plan<'a>(&'a self, schema: &'a Schema, request: PlanRequest) -> Call<'a, PlanResponse> {
        let mut response = plan_by_schema(schema, PlanRules { replaces: self.replaces(), volatile: &[] }, &request);
        let is_broken = attribute(&request.prior, "completed").as_bool() == Some(false);
        if !request.prior.is_null() && is_broken {
            response.planned = with(&response.planned, &[("completed", Value::unknown(Type::Bool))]);
            response.requires_replace.push(Path(vec![PathStep::Attribute("completed".into())]));
        }
        if request.prior.is_null() {
            response.planned = with(&response.planned, &[("id", attribute(&response.planned, "name"))]);
        }
        answer(response)
    }

    fn read<'a>(&'a self, _: Context<'a>, request: ReadRequest) -> Call<'a, ReadResponse> {
        Box::pin(async move {
            match self.look(&request.current).await {
                Ok(Some((object, problem))) => {
                    ReadResponse { problems: problem.into_iter().collect(), ..ReadResponse::new(request, object) }
                }
                Ok(None) => {
                    let none = Value::null(request.current.ty());
                    ReadResponse::new(request, none)
                }
                Err(problem) => ReadResponse::failed(request, problem),
            }
        })
    }

    fn create<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            match self.make(&request).await {
                Ok((new, problem)) => {
                    ApplyResponse { problems: problem.into_iter().collect(), ..ApplyResponse::new(new) }
                }
                Err(problem) => ApplyResponse::failed(request, problem),
            }
        })
    }

    fn update<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        // Only how long to wait can change without another cluster.
        answer(ApplyResponse::new(request.planned))
    }

    fn delete<'a>(&'a self, _: Context<'a>, request: ApplyRequest<'a>) -> Call<'a, ApplyResponse> {
        Box::pin(async move {
            match self.remove(&request.prior).await {
                Ok(()) => ApplyResponse::new(request.planned),
                Err(problem) => ApplyResponse::failed(request, problem),
            }
        })
    }

    fn import<'a>(&'a self, context: Context<'a>, request: ImportRequest) -> Call<'a, ImportResponse> {
        Box::pin(async move {
            let ImportTarget::Id(name) = &request.target else {
                let problem = Problem::error("Invalid import", "A cluster is imported by its name.");
                return ImportResponse::failed(problem);
            };
            let block = &context.schema.block;
            let found = async {
                let object = sdk::read_stored(&json!({"name": name.as_str()}), block, &block.ty())?;
                self.look(&object).await?.ok_or_else(|| {
                    let detail = format!("There is no cluster `{name}` on this machine.");
                    Problem::error("Cluster not found", detail)
                })
            };
            match found.await {
                Ok((object, _)) => {
                    let found = ImportedObject { kind: request.kind, object, private: vec![], identity: None };
                    ImportResponse { objects: vec![found], ..ImportResponse::default() }
                }
                Err(problem) => ImportResponse::failed(problem),
            }
        })
    }

    fn find_intent<'a>(&'a self, context: Context<'a>, intent: FindIntent) -> Option<Call<'a, IntentOutcome>> {
        Some(Box::pin(async move {
            self.settle(&context, &intent).await.unwrap_or_else(|problem| IntentOutcome::Unknown(vec![problem]))
        }))
    }

    fn outlook(&self, prospect: Prospect<'_>) -> Outlook {
        let is_gone = matches!(prospect.course, Course::Delete | Course::DeleteThenCreate);
        Outlook { disruption: if is_gone { Disruption::Outage } else { Disruption::None }, ..Outlook::default() }
    }

    fn costs(&self, object: &Value) -> Costs {
        // It is this machine: nothing is paid for it, nor for what is in it.
        let name = text(object, "name");
        let words = [("cluster", name.as_deref()), ("load-balancer", Some("")), ("load-balancer", Some("network"))];
        let classes = [("storage-class", Some("")), ("storage-class", Some("standard"))];
        let free = |(kind, name): (&str, Option<&str>)| Meaning {
            word: Word { kind: kind.into(), name: name.map(Into::into) },
            charges: vec![],
        };
        Costs { charges: vec![], meanings: words.into_iter().chain(classes).map(free).collect() }
    }

    fn is_container(&self) -> bool {
        true
    }

    fn connection(&self, object: &Value) -> Option<Connection> {
        let text = |name: &str| attribute(object, name).as_str().map(str::to_owned);
        let config = json!({
            "host": text("endpoint")?,
            "cluster_ca_certificate": text("cluster_ca_certificate")?,
            "client_certificate": text("client_certificate")?,
            "client_key": text("client_key")?,
        });
        Some(Connection { provider: "gantry.dev/gantry/kubernetes", config })
    }

    fn typical_duration(&self, action: Action) -> Duration {
        Duration::from_secs(match action {
            Action::Create => 60,
            Action::Delete => 5,
            Action::Read | Action::Update => 1,
        })
    }
}
