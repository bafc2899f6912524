//! Rules for the life of an object: from plan to creation, changes, import and destruction, and over a crash.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use schema::Schema;
use serde_json::Value as Json;
use value::{Value, value_to_json};

use super::promises;
use crate::planning::propose;
use crate::{
    Action, ApplyRequest, ApplyResponse, Call, ConfigureRequest, FindIntent, ImportRequest, ImportTarget,
    IntentOutcome, PlanRequest, PlanResponse, Problem, Progress, Provider, ReadRequest, Runtime, Simulation,
    UpgradeRequest, answer, read_stored,
};

/// A resource to try.
pub struct Sample {
    /// The resource type.
    pub kind: &'static str,
    /// Its configuration: an object of what is set.
    pub config: Json,
    /// Configurations to change it to, one after the other.
    pub changes: Vec<Json>,
}

/// Takes objects through their lives, in simulated time; returns the faults, a sentence each.
///
/// `make` makes a provider that knows nothing of the ones made before, as after a crash, but for what is outside.
pub fn check_life_cycle(make: &dyn Fn() -> Box<dyn Provider>, config: &Json, samples: &[Sample]) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        let place = format!("{}, sample {index}", sample.kind);
        let life = Life {
            make,
            provider_config: config,
            kind: sample.kind,
            simulation: Simulation::new(index as u64),
            sample: index,
            tokens: AtomicU32::new(0),
        };
        let end = life.simulation.run(life.check(sample));
        match end {
            Some(Ok(())) => {}
            Some(Err(fault)) => faults.push(format!("{place}: {fault}")),
            None => faults.push(format!("{place}: a call never ends")),
        }
    }
    faults
}

struct Life<'a> {
    make: &'a dyn Fn() -> Box<dyn Provider>,
    provider_config: &'a Json,
    kind: &'a str,
    simulation: Simulation,
    /// Which sample it is, and how many tokens it has used: no two changes have the same one.
    sample: usize,
    tokens: AtomicU32,
}

/// An object with what is kept with it.
#[derive(Clone, Debug)]
struct Object {
    value: Value,
    /// The token that it was made with.
    token: String,
    private: Vec<u8>,
    identity: Option<Value>,
}

impl Object {
    fn none(schema: &Schema) -> Object {
        Object { value: Value::null(schema.block.ty()), token: String::new(), private: vec![], identity: None }
    }
}

/// A change with what it is made from.
struct Step<'a> {
    prior: &'a Object,
    plan: &'a PlanResponse,
    config: &'a Value,
    token: String,
}

/// Remembers what a provider reported.
#[derive(Default)]
struct Reports(Mutex<Option<String>>);

impl Progress for Reports {
    fn handle<'a>(&'a self, handle: &'a str) -> Call<'a, Result<(), Problem>> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle.to_owned());
        answer(Ok(()))
    }

    fn message(&self, _: &str) {}
}

impl Reports {
    fn last_handle(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

type Checked<T> = Result<T, String>;

fn no_errors(what: &str, problems: &[Problem]) -> Checked<()> {
    match problems.iter().find(|problem| problem.is_error()) {
        Some(problem) => Err(format!("{what} fails: {}: {}", problem.summary, problem.detail)),
        None => Ok(()),
    }
}

fn same(what: &str, found: &Value, expected: &Value) -> Checked<()> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} instead of {expected:?}")) }
}

impl Life<'_> {
    async fn check(&self, sample: &Sample) -> Checked<()> {
        let provider = self.provider().await?;
        let provider = &*provider;
        let Some(schema) = provider.schemas().resources.get(self.kind) else { return Err("no such type".into()) };
        let config = self.config(schema, &sample.config)?;
        no_errors("validation", &provider.validate_resource(self.kind, &config))?;
        let nothing = Object::none(schema);
        let began = self.simulation.now();
        let mut object = self.change(provider, schema, &nothing, &config).await?;
        let duration = self.simulation.now() - began;
        self.check_at_rest(provider, schema, &object, &config).await?;
        for change in &sample.changes {
            let config = self.config(schema, change)?;
            no_errors("validation of a change", &provider.validate_resource(self.kind, &config))?;
            object = self.change(provider, schema, &object, &config).await?;
            self.check_at_rest(provider, schema, &object, &config).await?;
        }
        self.check_destroy(provider, schema, &object).await?;
        self.check_crash(schema, &config, duration).await
    }

    async fn provider(&self) -> Checked<Box<dyn Provider>> {
        let provider = (self.make)();
        let block = &provider.schemas().provider.block;
        let config = read_stored(self.provider_config, block, &block.ty()).map_err(|problem| problem.detail)?;
        let runtime = self.simulation.runtime();
        let request = ConfigureRequest { config, version: "0.0.0".into(), deferral_allowed: false, runtime };
        no_errors("configuring", &provider.configure(request).await.problems)?;
        Ok(provider)
    }

    fn config(&self, schema: &Schema, set: &Json) -> Checked<Value> {
        read_stored(set, &schema.block, &schema.block.ty()).map_err(|problem| format!("the sample: {}", problem.detail))
    }

    /// Plans and applies a configuration; replaces if the plan says so.
    async fn change(
        &self,
        provider: &dyn Provider,
        schema: &Schema,
        prior: &Object,
        config: &Value,
    ) -> Checked<Object> {
        let plan = self.plan(provider, schema, prior, config).await?;
        let nothing = Object::none(schema);
        if !plan.requires_replace.is_empty() && !prior.value.is_null() {
            self.destroy(provider, prior).await?;
            let plan = self.plan(provider, schema, &nothing, config).await?;
            return self.apply(provider, schema, self.step(&nothing, &plan, config)).await;
        }
        self.apply(provider, schema, self.step(prior, &plan, config)).await
    }

    async fn plan(
        &self,
        provider: &dyn Provider,
        schema: &Schema,
        prior: &Object,
        config: &Value,
    ) -> Checked<PlanResponse> {
        let request = |proposed| PlanRequest {
            kind: self.kind.into(),
            prior: prior.value.clone(),
            proposed,
            config: config.clone(),
            prior_private: prior.private.clone(),
            prior_identity: prior.identity.clone(),
            meta: Value::NULL,
            deferral_allowed: false,
            approved: None,
        };
        let plan = provider.plan(request(propose(&schema.block, &prior.value, config))).await;
        no_errors("planning", &plan.problems)?;
        if plan.deferred.is_some() {
            return Err("a plan is deferred although that is not allowed".into());
        }
        promises::planned_as_configured(&schema.block, &plan.planned, config)?;
        if plan.planned.is_wholly_known() {
            let again = provider.plan(request(plan.planned.clone())).await;
            same("planning what was planned changes it", &again.planned, &plan.planned)?;
        }
        Ok(plan)
    }

    fn step<'b>(&self, prior: &'b Object, plan: &'b PlanResponse, config: &'b Value) -> Step<'b> {
        Step { prior, plan, config, token: self.token() }
    }

    fn token(&self) -> String {
        format!("{} {} {}", self.kind, self.sample, self.tokens.fetch_add(1, Ordering::Relaxed))
    }

    async fn apply(&self, provider: &dyn Provider, schema: &Schema, step: Step<'_>) -> Checked<Object> {
        let reports = Reports::default();
        let response = provider.apply(self.apply_request(&step, &reports)).await;
        let Step { prior, plan, token, .. } = step;
        no_errors("applying", &response.problems)?;
        let ApplyResponse { new, private, identity, .. } = response;
        if !new.is_wholly_known() {
            return Err(format!("what was applied is not wholly known: {new:?}"));
        }
        promises::kept(&plan.planned, &new)?;
        promises::write_only_is_null(&schema.block, &new)?;
        if prior.identity.is_some() && prior.identity != identity {
            return Err("the identity has changed".into());
        }
        let action = if prior.value.is_null() { Action::Create } else { Action::Update };
        let intent = self.intent(action, prior, &plan.planned, &token, reports.last_handle());
        let made_with = if prior.value.is_null() { token } else { prior.token.clone() };
        let object = Object { value: new, token: made_with, private, identity };
        // The object of a type that is only in state is as lost as the state is: making it once more is right.
        match provider.find_intent(intent).await {
            IntentOutcome::Found { object: found, .. } if action == Action::Create => {
                same("the object found by its token is another one", &found, &object.value)?;
            }
            IntentOutcome::Unknown(_) => return Err("there is no way to tell what became of a change".into()),
            IntentOutcome::Found { .. } | IntentOutcome::Absent(_) => {}
        }
        Ok(object)
    }

    fn apply_request<'b>(&self, step: &Step<'_>, progress: &'b dyn Progress) -> ApplyRequest<'b> {
        let Step { prior, plan, config, token } = step;
        ApplyRequest {
            is_replaced: false,
            kind: self.kind.into(),
            prior: prior.value.clone(),
            planned: plan.planned.clone(),
            config: (*config).clone(),
            private: plan.private.clone(),
            identity: plan.identity.clone(),
            meta: Value::NULL,
            token: token.as_str().into(),
            progress,
        }
    }

    fn intent(
        &self,
        action: Action,
        prior: &Object,
        planned: &Value,
        token: &str,
        handle: Option<String>,
    ) -> FindIntent {
        FindIntent {
            kind: self.kind.into(),
            action,
            token: token.into(),
            handle,
            prior: prior.value.clone(),
            planned: planned.clone(),
            private: prior.private.clone(),
        }
    }

    /// Nothing is to be done about an object that is as it is configured, and every way to it leads there.
    async fn check_at_rest(
        &self,
        provider: &dyn Provider,
        schema: &Schema,
        object: &Object,
        config: &Value,
    ) -> Checked<()> {
        same("reading after applying finds a difference", &self.read(provider, object).await?.value, &object.value)?;
        let plan = self.plan(provider, schema, object, config).await?;
        same("a second plan is not empty", &plan.planned, &object.value)?;
        if !plan.requires_replace.is_empty() {
            return Err("a second plan replaces".into());
        }
        self.check_upgrade(provider, schema, object).await?;
        if object.value.attribute("id").is_some_and(|id| id.as_str().is_some()) {
            self.check_import(provider, object).await?;
        }
        Ok(())
    }

    async fn read(&self, provider: &dyn Provider, object: &Object) -> Checked<Object> {
        let request = || ReadRequest {
            kind: self.kind.into(),
            current: object.value.clone(),
            private: object.private.clone(),
            identity: object.identity.clone(),
            meta: Value::NULL,
            deferral_allowed: false,
        };
        let response = provider.read(request()).await;
        no_errors("reading", &response.problems)?;
        let many = provider.read_many(vec![request(), request()]).await;
        if many.len() != 2 || many.iter().any(|one| one.object != response.object) {
            return Err("reading many finds other than reading one".into());
        }
        Ok(Object {
            value: response.object,
            token: object.token.clone(),
            private: response.private,
            identity: response.identity,
        })
    }

    async fn check_upgrade(&self, provider: &dyn Provider, schema: &Schema, object: &Object) -> Checked<()> {
        let raw = value_to_json(&object.value, &schema.block.ty()).map_err(|error| error.to_string())?;
        let request = |version| UpgradeRequest { kind: self.kind.into(), version, raw: raw.clone() };
        let response = provider.upgrade(request(schema.version)).await;
        no_errors("upgrading from the current version", &response.problems)?;
        same("upgrading from the current version changes something", &response.object, &object.value)?;
        if !provider.upgrade(request(schema.version + 1)).await.problems.iter().any(Problem::is_error) {
            return Err("an object of a version yet to come is taken for one of this".into());
        }
        Ok(())
    }

    /// What is imported cannot know what the cloud does not tell; that a read adds the rest is what counts.
    async fn check_import(&self, provider: &dyn Provider, object: &Object) -> Checked<()> {
        let id = object.value.attribute("id").and_then(|id| id.as_str().map(Into::into)).unwrap_or_default();
        let targets = [Some(ImportTarget::Id(id)), object.identity.clone().map(ImportTarget::Identity)];
        for target in targets.into_iter().flatten() {
            let request = ImportRequest { kind: self.kind.into(), target, deferral_allowed: false };
            let response = provider.import(request).await;
            no_errors("importing", &response.problems)?;
            let [found] = response.objects.as_slice() else {
                return Err(format!("importing finds {} objects", response.objects.len()));
            };
            let imported = Object {
                value: found.object.clone(),
                token: String::new(),
                private: found.private.clone(),
                identity: found.identity.clone(),
            };
            let read = self.read(provider, &imported).await?;
            let is_stateless = self.is_only_in_state(provider, object).await;
            if !is_stateless {
                same("importing and reading finds a difference", &read.value, &object.value)?;
            }
        }
        Ok(())
    }

    /// Some objects are nowhere but in state: nothing that is imported can be like them.
    async fn is_only_in_state(&self, provider: &dyn Provider, object: &Object) -> bool {
        let nothing = Object { value: Value::NULL, ..object.clone() };
        let intent = self.intent(Action::Create, &nothing, &object.value, &object.token, None);
        matches!(provider.find_intent(intent).await, IntentOutcome::Absent(_))
    }

    async fn destroy(&self, provider: &dyn Provider, object: &Object) -> Checked<()> {
        let request = ApplyRequest {
            is_replaced: false,
            kind: self.kind.into(),
            prior: object.value.clone(),
            planned: Value::null(object.value.ty()),
            config: Value::null(object.value.ty()),
            private: object.private.clone(),
            identity: object.identity.clone(),
            meta: Value::NULL,
            token: self.token().into(),
            progress: &Reports::default(),
        };
        let response = provider.apply(request).await;
        no_errors("destroying", &response.problems)?;
        if response.new.is_null() { Ok(()) } else { Err("something is left after destroying".into()) }
    }

    async fn check_destroy(&self, provider: &dyn Provider, schema: &Schema, object: &Object) -> Checked<()> {
        let only_in_state = self.is_only_in_state(provider, object).await;
        self.destroy(provider, object).await?;
        if !only_in_state {
            let read = self.read(provider, object).await?;
            same("reading after destroying finds something", &read.value, &Value::null(schema.block.ty()))?;
        }
        self.destroy(provider, object).await.map_err(|fault| format!("twice: {fault}"))
    }

    /// A creation that is cut off at any time is found again by its token and the last handle.
    async fn check_crash(&self, schema: &Schema, config: &Value, duration: Duration) -> Checked<()> {
        let nothing = Object::none(schema);
        for part in [0, 1, 5, 9] {
            let provider = self.provider().await?;
            let plan = self.plan(&*provider, schema, &nothing, config).await?;
            let reports = Reports::default();
            let step = self.step(&nothing, &plan, config);
            let call = provider.apply(self.apply_request(&step, &reports));
            cut_off(&self.simulation, duration * part / 10, call).await;
            let provider = self.provider().await?;
            let intent = self.intent(Action::Create, &nothing, &plan.planned, &step.token, reports.last_handle());
            match provider.find_intent(intent).await {
                IntentOutcome::Unknown(_) => return Err("after a crash there is no way to tell what became".into()),
                IntentOutcome::Absent(_) if reports.last_handle().is_some() => {
                    return Err("after a crash what had a handle is not found".into());
                }
                IntentOutcome::Absent(_) => {}
                IntentOutcome::Found { object, private, identity, .. } => {
                    promises::kept(&plan.planned, &object)?;
                    self.destroy(&*provider, &Object { value: object, token: step.token, private, identity }).await?;
                }
            }
        }
        Ok(())
    }
}

/// Runs a call for a while and drops it where it is then.
async fn cut_off<T>(simulation: &Simulation, duration: Duration, mut call: Call<'_, T>) {
    let mut end = simulation.sleep(duration);
    std::future::poll_fn(|context| {
        if call.as_mut().poll(context).is_ready() { std::task::Poll::Ready(()) } else { end.as_mut().poll(context) }
    })
    .await;
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
