//! One step: what is written down before and after a provider is called.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use addr::{AbsInstance, Key};
use diag::{Diagnostic, Diagnostics};
use ecow::EcoString;
use lang::body::CompiledBody;
use lang::conditions::Verdict;
use lang::evaluation::{Instance, Repeated};
use lang::expr::Evaluator;
use lang::module::{Condition, ProvisionerWhen, Resource};
use plan::{Action, Change, Checkable, change, problems};
use sdk::{ApplyRequest, ApplyResponse, Call, PlanRequest, Problem, Progress, Provider, answer, random_uuid};
use state::record::{Gone, Handle, Intent, Outline, Record, Settled};
use state::{Attributes, CheckKind, Object, Status, Target};
use value::{Marks, Path, Value};

use crate::edges::{Doing, PlannedStep};
use crate::provision::Place;
use crate::run::{Event, Runner, dependencies};

/// The configuration of an instance as it is now, and what is needed to talk about it.
struct Configured<'a> {
    instance: Rc<Instance<'a>>,
    resource: &'a Resource,
    repeated: Repeated,
    body: Rc<CompiledBody>,
    config: Value,
    marks: Vec<(Path, Marks)>,
}

/// A step failed and has been reported.
pub(crate) struct Failed;

impl<'a> Runner<'a> {
    /// Takes a step; returns whether it went well.
    pub(crate) async fn step(&self, step: PlannedStep) -> bool {
        let planned = self.change(step);
        let observer = self.input.observer;
        if self.open_needs(planned).await.is_err() {
            observer.see(planned, Event::Started(step.doing));
            observer.see(planned, Event::Failed(step.doing, Duration::ZERO));
            return false;
        }
        observer.see(planned, Event::Started(step.doing));
        let begin = self.input.runtime.now();
        let result = match step.doing {
            Doing::Make => self.make(planned).await.inspect_err(|Failed| self.take_back(planned)),
            Doing::Delete => self.delete(planned, step.creates_first).await,
        };
        let took = self.input.runtime.now().saturating_sub(begin);
        match &result {
            Ok(value) => observer.see(planned, Event::Ended(step.doing, took, value)),
            Err(Failed) => {
                observer.see(planned, Event::Failed(step.doing, took));
                let is_deleted = step.doing == Doing::Delete && !step.creates_first && planned.deposed.is_none();
                self.skip(step.doing, self.contents(planned).filter(|_| is_deleted), planned);
            }
        }
        result.is_ok()
    }

    async fn make(&self, planned: &Change) -> Result<Value, Failed> {
        let provider = self.provider(planned).await?;
        let kind = &planned.address.resource.resource.kind;
        let schemas = provider.schemas();
        let schema = match planned.action {
            Action::Read => schemas.data_sources.get(kind),
            _ => schemas.resources.get(kind),
        };
        let Some(schema) = schema else { return Err(self.fail(planned, "Resource type is gone", "")) };
        let configured = self.configured(planned, &schema.block)?;
        let value = if planned.action == Action::Read {
            self.read(planned, &*provider, &configured).await?
        } else {
            self.change_object(planned, &*provider, schema, &configured).await?
        };
        let value = change::mark_sensitive(&schema.block, value, &configured.marks);
        let module = &planned.address.resource.module;
        self.input.values.update(module, configured.resource, planned.address.key.as_ref(), value.clone());
        let repeated = Repeated { this: Some(value.clone()), ..configured.repeated.clone() };
        let postconditions = &configured.resource.lifecycle.postconditions;
        self.check(planned, (&configured.instance, &repeated), postconditions, "Resource postcondition failed")?;
        Ok(value)
    }

    async fn provider(&self, planned: &Change) -> Result<Arc<dyn Provider>, Failed> {
        if let Some(made_up) = self.input.pool.made_up(&planned.address, &planned.provider) {
            return Ok(made_up);
        }
        let _turn = self.opening.lock().await;
        self.provider_of_change(planned).await.map_err(|diags| self.fail_with(planned, diags))
    }

    fn fail_with(&self, planned: &Change, diags: Diagnostics) -> Failed {
        for mut diagnostic in diags {
            diagnostic.address = diagnostic.address.or_else(|| Some(planned.address.to_string()));
            self.report(diagnostic);
        }
        Failed
    }

    fn fail(&self, planned: &Change, summary: &str, detail: &str) -> Failed {
        let mut diagnostic = Diagnostic::error(summary, detail);
        diagnostic.address = Some(planned.address.to_string());
        self.report(diagnostic);
        Failed
    }

    /// Checks conditions, which are known by now.
    fn check(
        &self,
        planned: &Change,
        scope: (&Rc<Instance<'a>>, &Repeated),
        conditions: &[Condition],
        summary: &str,
    ) -> Result<(), Failed> {
        self.hold(&planned.address, scope, conditions, summary).map_err(|diags| self.fail_with(planned, diags))
    }

    /// Returns what is wrong with conditions of an instance.
    pub(crate) fn hold(
        &self,
        address: &AbsInstance,
        (instance, repeated): (&Rc<Instance<'a>>, &Repeated),
        conditions: &[Condition],
        summary: &str,
    ) -> Result<(), Diagnostics> {
        if conditions.is_empty() {
            return Ok(());
        }
        let resource = &address.resource;
        let (name, key) = (resource.resource.to_string(), address.key.as_ref());
        let what = Checkable { kind: CheckKind::Resource, module: &resource.module, name: &name, key };
        for condition in conditions {
            let verdict = self.evaluation.verdict(instance, repeated, condition, summary);
            self.tally.borrow_mut().add_verdict(what, &verdict);
            let mut problem = match verdict {
                Verdict::Holds => continue,
                Verdict::Fails(problem) => *problem,
                Verdict::Unknown => {
                    let detail = "A condition still depends on values that are not known after all is done.";
                    Diagnostic::error(summary, detail)
                }
                Verdict::Broken(diags) => return Err(diags),
            };
            problem.address = Some(address.to_string());
            return Err(problem.into());
        }
        Ok(())
    }

    /// Returns the compiled body of a resource: compiled for its first instance, whichever that is.
    fn body(&self, resource: &'a Resource, schema: &schema::Block, diags: &mut Diagnostics) -> Rc<CompiledBody> {
        let key = std::ptr::from_ref(resource);
        if let Some(known) = self.bodies.borrow().get(&key) {
            return known.clone();
        }
        let body = Rc::new(CompiledBody::compile(&resource.body, schema, &resource.names, diags));
        if !diags.has_errors() {
            self.bodies.borrow_mut().insert(key, body.clone());
        }
        body
    }

    /// Evaluates the configuration of an instance, which must be wholly known by now.
    fn configured(&self, planned: &Change, schema: &schema::Block) -> Result<Configured<'a>, Failed> {
        let address = &planned.address;
        let instance = self.evaluation.find(&address.resource.module);
        let found = instance.as_ref().and_then(|instance| resource_of(instance, &address.resource.resource));
        let Some((instance, resource)) = instance.zip(found) else {
            return Err(self.fail(planned, "Configuration is gone", "The module no longer has such an instance."));
        };
        let repeated = planned.repeated.clone().unwrap_or_default();
        let repeated = self.evaluation.renewed(&instance, &resource.repetition, &repeated);
        self.forget_verdicts(planned, resource);
        let preconditions = &resource.lifecycle.preconditions;
        self.check(planned, (&instance, &repeated), preconditions, "Resource precondition failed")?;
        let mut diags = Diagnostics::new();
        let body = self.body(resource, schema, &mut diags);
        let scope = self.evaluation.scope(&instance, repeated.clone());
        let mut evaluator = Evaluator::new(&scope, self.input.world.env);
        let config = body.eval(&mut evaluator);
        diags.append(evaluator.diags);
        let failed = diags.has_errors();
        self.outcome.borrow_mut().diags.append(diags);
        if failed {
            return Err(Failed);
        }
        if !config.is_wholly_known() {
            let detail =
                format!("The configuration of {address} still has unknown parts after all it refers to is done.");
            return Err(self.fail(planned, "Configuration contains unknown value", &detail));
        }
        let (config, marks) = config.unmark_paths();
        Ok(Configured { instance, resource, repeated, body, config, marks })
    }

    async fn read(
        &self,
        planned: &Change,
        provider: &dyn Provider,
        configured: &Configured<'_>,
    ) -> Result<Value, Failed> {
        let request = sdk::ReadDataRequest {
            kind: planned.address.resource.resource.kind.clone(),
            config: configured.config.clone(),
            meta: Value::NULL,
            deferral_allowed: false,
        };
        self.validate(planned, provider, configured).await?;
        let response = provider.read_data(request).await;
        self.problems(planned, response.problems, Some(&configured.body))?;
        Ok(response.object)
    }

    /// Lets the provider check a configuration now that all of it is known; what it says of one that never changes it has
    /// said before there was a plan.
    async fn validate(
        &self,
        planned: &Change,
        provider: &dyn Provider,
        configured: &Configured<'_>,
    ) -> Result<(), Failed> {
        if configured.body.is_constant() {
            return Ok(());
        }
        let kind = &planned.address.resource.resource.kind;
        let problems = match planned.action {
            Action::Read => provider.check_data(kind, &configured.config).await,
            _ => provider.check_resource(kind, &configured.config).await,
        };
        self.problems(planned, problems, Some(&configured.body))
    }

    /// Reports problems; an error among them fails the step.
    fn problems(&self, planned: &Change, problems: Vec<Problem>, body: Option<&CompiledBody>) -> Result<(), Failed> {
        let failed = problems.iter().any(Problem::is_error);
        for problem in problems {
            let mut diagnostic = problems::diagnostic(problem, body);
            diagnostic.address = Some(planned.address.to_string());
            self.report(diagnostic);
        }
        if failed { Err(Failed) } else { Ok(()) }
    }

    async fn change_object(
        &self,
        planned: &Change,
        provider: &dyn Provider,
        schema: &schema::Schema,
        configured: &Configured<'a>,
    ) -> Result<Value, Failed> {
        let replaces = matches!(planned.action, Action::DeleteThenCreate | Action::CreateThenDelete);
        let (before, _) = planned.before.clone().unmark_deep();
        let prior = if replaces { Value::null(before.ty()) } else { before };
        if planned.action == Action::Update && prior == planned.after.clone().unmark_deep().0 {
            return self.mark_anew(planned, schema, configured, prior).await;
        }
        self.validate(planned, provider, configured).await?;
        let ignored = &configured.resource.lifecycle.ignore_changes;
        let config = change::ignore_changes(&schema.block, ignored, &prior, &configured.config);
        let identity = self.identity(planned, provider).filter(|_| !replaces);
        let request = PlanRequest {
            kind: planned.address.resource.resource.kind.clone(),
            proposed: change::proposed_new(&schema.block, &prior, &config),
            prior: prior.clone(),
            config: config.clone(),
            prior_private: planned.prior.as_ref().filter(|_| !replaces).map(|o| o.private.to_vec()).unwrap_or_default(),
            prior_identity: identity.clone(),
            meta: Value::NULL,
            deferral_allowed: false,
            approved: Some(planned.after.clone().unmark_deep().0),
        };
        let again = provider.plan(request).await;
        self.problems(planned, again.problems, Some(&configured.body))?;
        let (promised, _) = planned.after.clone().unmark_deep();
        let breaches = change::check_applied(&schema.block, &promised, &again.planned);
        if let Some(breach) = breaches.first()
            && !again.legacy_types
        {
            let detail = format!(
                "What {} would become is not what was approved: {}{}. Plan again.",
                planned.address, breach.path, breach.message
            );
            return Err(self.fail(planned, "Provider produced inconsistent final plan", &detail));
        }
        let marked = change::mark_sensitive(&schema.block, again.planned.clone(), &configured.marks);
        if let Some(step) = plan::unlisted(planned, provider, (&marked, &again.private)) {
            let detail = format!(
                "To change {} by now takes a step that was not approved: {}. Plan again.",
                planned.address, step.title
            );
            return Err(self.fail(planned, "Plan is out of date", &detail));
        }
        if planned.action == Action::CreateThenDelete {
            self.depose(planned)?;
        }
        let action = if prior.is_null() { state::record::Action::Create } else { state::record::Action::Update };
        let outline = self.outline(planned, schema, configured, &again.planned);
        let target = Target::from(planned.address.clone());
        let token = self.intend(planned, provider, (target, action, outline)).await?;
        let promised = again.identity;
        let call = (again.private, promised.clone(), token.clone());
        let response = self.call(planned, provider, (prior, again.planned.clone(), config), call).await;
        // What was returned is stored all the same: it is the only record of what there is.
        let contradicts = |known| plan::identity::contradicts(known, response.identity.as_ref());
        if contradicts(identity.as_ref()) || contradicts(promised.as_ref()) {
            self.report(plan::identity::changed(&planned.address, &planned.provider));
        }
        self.settle(planned, schema, configured, (again.planned, response), token).await
    }

    /// Writes down that other parts of an object are sensitive than before; the object itself stays as it is.
    async fn mark_anew(
        &self,
        planned: &Change,
        schema: &schema::Schema,
        configured: &Configured<'a>,
        value: Value,
    ) -> Result<Value, Failed> {
        let stored = planned.prior.iter().map(|object| object.private.to_vec());
        let response = ApplyResponse { private: stored.flatten().collect(), ..ApplyResponse::new(value) };
        let made = self.object(planned, schema, configured, &response, false)?;
        let status = planned.prior.as_ref().map(|object| object.status).unwrap_or_default();
        let identity = planned.prior.as_ref().and_then(|object| object.identity.clone());
        let object = Arc::new(Object { status, identity, ..Object::clone(&made) });
        let (target, provider) = (Target::from(planned.address.clone()), planned.provider.clone());
        self.result(planned, &Record::Object(Settled { token: None, target, provider, object })).await?;
        self.outcome.borrow_mut().changed += 1;
        Ok(response.new)
    }

    /// Sets the current object aside: it is deleted once the new one is there.
    fn depose(&self, planned: &Change) -> Result<(), Failed> {
        let key = state::DeposedKey(self.input.runtime.random() as u32);
        let record = Record::Depose { address: planned.address.clone(), key };
        self.set_aside.borrow_mut().insert(planned.address.clone(), key);
        self.input
            .journal
            .append(&record)
            .map(state::Ticket::lazily)
            .map_err(|error| self.fail(planned, "State not saved", &error.to_string()))
    }

    /// Takes an object back that was set aside for one that was not created. While it is not known whether that one is
    /// there, nothing is taken back: the next run finds out.
    fn take_back(&self, planned: &Change) {
        let Some(key) = self.set_aside.borrow_mut().remove(&planned.address) else { return };
        let is_free = self.input.journal.look(|ledger| {
            let instance = ledger.state.instance(&planned.address);
            let is_open = ledger.open.values().any(|open| open.intent.target.address == planned.address);
            !is_open && instance.is_some_and(|found| found.current.is_none() && found.deposed.contains_key(&key))
        });
        if !is_free {
            return;
        }
        let record = Record::Restore { address: planned.address.clone(), key };
        match self.input.journal.append(&record) {
            Ok(ticket) => ticket.lazily(),
            Err(error) => _ = self.fail(planned, "State not saved", &error.to_string()),
        }
    }

    /// Writes down that a call is about to be made; it is durable when this returns. An object that is nowhere but in
    /// state needs none of it.
    async fn intend(
        &self,
        planned: &Change,
        provider: &dyn Provider,
        (target, action, outline): (Target, state::record::Action, Outline),
    ) -> Result<EcoString, Failed> {
        let token: EcoString = random_uuid(&*self.input.runtime).into();
        if !provider.exists_outside(&planned.address.resource.resource.kind) {
            return Ok(token);
        }
        let is_deleted = action == state::record::Action::Delete && target.deposed.is_none();
        let contents = self.contents(planned).filter(|_| is_deleted).map(|change| change.address.clone()).collect();
        let record = Record::Intent(Intent {
            token: token.clone(),
            target,
            action,
            provider: planned.provider.clone(),
            planned: EcoString::new(),
            outline,
            contents,
        });
        self.durable(planned, &record).await?;
        Ok(token)
    }

    /// Writes down what became of an object: durable when this returns, unless the object is nowhere but in state, where
    /// a crash takes it back together with its record.
    async fn result(&self, planned: &Change, record: &Record) -> Result<(), Failed> {
        let kind = &planned.address.resource.resource.kind;
        let bare = self.input.pool.bare(&planned.provider.provider);
        if bare.is_none_or(|provider| provider.exists_outside(kind)) {
            return self.durable(planned, record).await;
        }
        match self.input.journal.append(record) {
            Ok(ticket) => {
                ticket.lazily();
                Ok(())
            }
            Err(error) => Err(self.fail(planned, "State not saved", &error.to_string())),
        }
    }

    async fn durable(&self, planned: &Change, record: &Record) -> Result<(), Failed> {
        let ticket = match self.input.journal.append(record) {
            Ok(ticket) => ticket,
            Err(error) => return Err(self.fail(planned, "State not saved", &error.to_string())),
        };
        match ticket.await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.fail(planned, "State not saved", &error.to_string())),
        }
    }

    async fn call(
        &self,
        planned: &Change,
        provider: &dyn Provider,
        (prior, new, config): (Value, Value, Value),
        (private, identity, token): (Vec<u8>, Option<Value>, EcoString),
    ) -> ApplyResponse {
        let progress =
            Notes { journal: JournalHandle(self.input.journal), token: token.clone(), said: Mutex::default() };
        let is_replaced = new.is_null() && (planned.deposed.is_some() || planned.action == Action::CreateThenDelete);
        let request = ApplyRequest {
            is_replaced,
            kind: planned.address.resource.resource.kind.clone(),
            prior,
            planned: new,
            config,
            private,
            identity,
            meta: Value::NULL,
            token,
            progress: &progress,
        };
        let mut applying = provider.apply(request);
        std::future::poll_fn(|context| {
            progress.listen(context.waker());
            let polled = applying.as_mut().poll(context);
            if let Some(text) = progress.heard() {
                self.input.observer.see(planned, Event::Message(&text));
            }
            polled
        })
        .await
    }

    /// Writes down what became of a call, whatever it was.
    async fn settle(
        &self,
        planned: &Change,
        schema: &schema::Schema,
        configured: &Configured<'a>,
        (promised, response): (Value, ApplyResponse),
        token: EcoString,
    ) -> Result<Value, Failed> {
        let failed = response.problems.iter().any(Problem::is_error);
        let target = Target { address: planned.address.clone(), deposed: None };
        if response.new.is_null() {
            // An error without an object does not say that there is none: the intent stays open, and the next run asks.
            let record = if failed { None } else { Some(Record::Gone(Gone { token: Some(token), target })) };
            if let Some(record) = record {
                self.durable(planned, &record).await?;
            }
            self.problems(planned, response.problems, Some(&configured.body))?;
            return Err(self.fail(
                planned,
                "Provider returned no object",
                "The provider reported success without an object.",
            ));
        }
        let breaches = change::check_applied(&schema.block, &promised, &response.new);
        let created = !failed && planned.action != Action::Update;
        if created && configured.resource.provisioners.iter().any(|p| p.when == ProvisionerWhen::Create) {
            return self.settle_provisioned(planned, schema, configured, response, token).await;
        }
        let object = self.object(planned, schema, configured, &response, failed)?;
        let record = Record::Object(Settled { token: Some(token), target, provider: planned.provider.clone(), object });
        self.result(planned, &record).await?;
        self.problems(planned, response.problems, Some(&configured.body))?;
        if let Some(breach) = breaches.first()
            && !response.legacy_types
        {
            let detail = format!(
                "What became of {} is not what was planned: {}{}. This is a mistake in the provider {}.",
                planned.address, breach.path, breach.message, planned.provider.provider
            );
            return Err(self.fail(planned, "Provider produced inconsistent result after apply", &detail));
        }
        let mut outcome = self.outcome.borrow_mut();
        match planned.action {
            Action::Update => outcome.changed += 1,
            _ => outcome.added += 1,
        }
        Ok(response.new)
    }

    /// Writes down a new object, runs its provisioners, and writes it down again: whole now, or to be replaced if one of
    /// them failed. A crash in between leaves it as to be replaced.
    async fn settle_provisioned(
        &self,
        planned: &Change,
        schema: &schema::Schema,
        configured: &Configured<'a>,
        response: ApplyResponse,
        token: EcoString,
    ) -> Result<Value, Failed> {
        let ready = self.object(planned, schema, configured, &response, false)?;
        let tainted = Arc::new(Object { status: Status::Tainted, ..Object::clone(&ready) });
        let target = Target { address: planned.address.clone(), deposed: None };
        let provider = planned.provider.clone();
        let record = |token, object| {
            Record::Object(Settled { token, target: target.clone(), provider: provider.clone(), object })
        };
        self.durable(planned, &record(Some(token), tainted)).await?;
        self.problems(planned, response.problems, Some(&configured.body))?;
        let this = change::mark_sensitive(&schema.block, response.new.clone(), &configured.marks);
        let repeated = Repeated { this: Some(this), ..configured.repeated.clone() };
        let place = Place { instance: &configured.instance, resource: configured.resource, repeated };
        if !self.provision(planned, &place, ProvisionerWhen::Create).await {
            return Err(Failed);
        }
        self.durable(planned, &record(None, ready)).await?;
        self.outcome.borrow_mut().added += 1;
        Ok(response.new)
    }

    /// Runs the provisioners that come before a deletion, where the resource is still configured.
    async fn before_delete(&self, planned: &Change) -> Result<(), Failed> {
        let address = &planned.address;
        let instance = self.evaluation.find(&address.resource.module);
        let resource = instance.as_ref().and_then(|instance| resource_of(instance, &address.resource.resource));
        let Some((instance, resource)) = instance.as_ref().zip(resource) else { return Ok(()) };
        if !resource.provisioners.iter().any(|provisioner| provisioner.when == ProvisionerWhen::Destroy) {
            return Ok(());
        }
        let repeated = Repeated { this: Some(planned.before.clone()), ..repeated_of(address.key.as_ref()) };
        let place = Place { instance, resource, repeated };
        if self.provision(planned, &place, ProvisionerWhen::Destroy).await { Ok(()) } else { Err(Failed) }
    }

    /// Returns what tells the object as it is apart from all others.
    fn identity(&self, planned: &Change, provider: &dyn Provider) -> Option<Value> {
        let schema = provider.schemas().identities.get(&planned.address.resource.resource.kind);
        plan::identity::from_store(schema, planned.prior.as_ref()?.identity.as_ref())
    }

    /// Returns what to store of the identity of an object that was made or changed.
    fn new_identity(&self, planned: &Change, response: &ApplyResponse) -> Option<state::Identity> {
        let bare = self.input.pool.bare(&planned.provider.provider)?;
        let schema = bare.schemas().identities.get(&planned.address.resource.resource.kind);
        let stays = planned.prior.as_ref().filter(|_| planned.action == Action::Update);
        plan::identity::to_store(schema, response.identity.as_ref()).or_else(|| stays?.identity.clone())
    }

    fn object(
        &self,
        planned: &Change,
        schema: &schema::Schema,
        configured: &Configured<'_>,
        response: &ApplyResponse,
        failed: bool,
    ) -> Result<Arc<Object>, Failed> {
        let (new, _) = response.new.clone().unmark_deep();
        let new = change::strip_write_only(&schema.block, &new);
        let attributes = Attributes::of_value(new.clone(), schema.block.ty())
            .map_err(|error| self.fail(planned, "Provider returned an impossible object", &error.to_string()))?;
        let outline = self.outline(planned, schema, configured, &new);
        Ok(Arc::new(Object {
            status: if failed && planned.action != Action::Update { Status::Tainted } else { Status::Ready },
            schema_version: schema.version,
            attributes,
            sensitive: outline.sensitive,
            private: response.private.clone().into(),
            identity: self.new_identity(planned, response),
            dependencies: outline.dependencies,
            create_before_destroy: outline.create_before_destroy,
            is_contained: outline.is_contained,
        }))
    }

    /// Returns what is stored of an object beside its attributes.
    fn outline(&self, planned: &Change, schema: &schema::Schema, configured: &Configured<'_>, new: &Value) -> Outline {
        let marked = change::mark_sensitive(&schema.block, new.clone(), &configured.marks);
        let (_, marks) = marked.unmark_paths();
        let sensitive = marks.into_iter().filter(|(_, m)| m.contains(Marks::SENSITIVE)).map(|(path, _)| path);
        let is_provisioned = configured.resource.provisioners.iter().any(|known| known.when == ProvisionerWhen::Create);
        let is_whole = planned.action == Action::Update || !is_provisioned;
        Outline {
            status: if is_whole { Status::Ready } else { Status::Tainted },
            dependencies: dependencies(&planned.needs).into(),
            sensitive: sensitive.collect(),
            create_before_destroy: self.creates_first(planned),
            is_contained: planned.inside.is_some(),
        }
    }

    async fn delete(&self, planned: &Change, creates_first: bool) -> Result<Value, Failed> {
        let address = planned.address.clone();
        let mut target = Target { address, deposed: planned.deposed };
        if creates_first {
            // The object was set aside under a new name when the other one was created.
            target.deposed = self.set_aside.borrow().get(&target.address).copied();
        }
        if planned.action == Action::Forget {
            self.durable(planned, &Record::Gone(Gone { token: None, target })).await?;
            return Ok(Value::NULL);
        }
        if planned.deposed.is_none() {
            self.before_delete(planned).await?;
        }
        let provider = self.provider(planned).await?;
        let (prior, _) = planned.before.clone().unmark_deep();
        let intended = (target.clone(), state::record::Action::Delete, Outline::default());
        let token = self.intend(planned, &*provider, intended).await?;
        let null = Value::null(prior.ty());
        let private = planned.prior.as_ref().map(|object| object.private.to_vec()).unwrap_or_default();
        let identity = self.identity(planned, &*provider);
        let call = (private, identity, token.clone());
        let response = self.call(planned, &*provider, (prior, null.clone(), null.clone()), call).await;
        if response.new.is_null() && !response.problems.iter().any(Problem::is_error) {
            self.result(planned, &Record::Gone(Gone { token: Some(token), target })).await?;
            self.outcome.borrow_mut().destroyed += 1;
            self.contents_went(planned);
        }
        self.problems(planned, response.problems, None)?;
        Ok(null)
    }
}

/// Returns what `each` and `count` are for an instance that may no longer be configured: only its key is known.
fn repeated_of(key: Option<&Key>) -> Repeated {
    match key {
        None => Repeated::default(),
        Some(Key::Number(number)) => Repeated { index: Some(Value::from(*number as i64)), ..Repeated::default() },
        Some(Key::Name(name)) => {
            let key = Value::string(name.clone());
            Repeated { each: Some((key, Value::dynamic())), ..Repeated::default() }
        }
    }
}

fn resource_of<'a>(instance: &Instance<'a>, address: &addr::Resource) -> Option<&'a Resource> {
    let place = *instance.node.module.names.resource_place(address)?;
    instance.node.module.resources.get(place as usize)
}

/// Makes what a provider learns during a call durable, and passes on what it says.
struct Notes<'a> {
    journal: JournalHandle<'a>,
    token: EcoString,
    said: Mutex<Said>,
}

/// What a provider has said last and nobody has heard yet. It may speak on any thread; who listens is on one.
#[derive(Default)]
struct Said {
    text: Option<String>,
    listener: Option<Waker>,
}

impl Notes<'_> {
    fn listen(&self, waker: &Waker) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.listener.as_ref().is_none_or(|known| !known.will_wake(waker)) {
            said.listener = Some(waker.clone());
        }
    }

    fn heard(&self) -> Option<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).text.take()
    }
}

/// The journal as something that providers' futures may hold.
struct JournalHandle<'a>(&'a state::Journal);

impl Progress for Notes<'_> {
    fn handle<'p>(&'p self, handle: &'p str) -> Call<'p, Result<(), Problem>> {
        let (token, name) = (self.token.clone(), "handle".into());
        let record = Record::Handle(Handle { token, name, value: handle.into() });
        match self.journal.0.append(&record) {
            Err(error) => answer(Err(Problem::error("State not saved", error.to_string()))),
            Ok(ticket) => {
                Box::pin(
                    async move { ticket.await.map_err(|error| Problem::error("State not saved", error.to_string())) },
                )
            }
        }
    }

    fn message(&self, text: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.text = Some(text.to_owned());
        if let Some(listener) = &said.listener {
            listener.wake_by_ref();
        }
    }
}
