//! Ephemeral resources during an apply: opened anew before the first step that needs them.
//!
//! Here are also the providers whose configurations are made from them, and so must be configured anew.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use addr::{AbsInstance, AbsResource, Key, Mode, ProviderConfig};
use diag::{Diagnostic, Diagnostics};
use graph::{Schedule, Step};
use lang::body::CompiledBody;
use lang::evaluation::{Instance, Instances, Repeated};
use lang::expr::{Evaluator, NoNames};
use lang::module::Resource;
use lang::objects::{Kind, Objects};
use lang::providers::{is_written, resolve, written};
use lang::tree::Node;
use plan::{Change, Opened, StandIn, change, problems};
use sdk::{OpenRequest, Problem, Provider};
use syntax::tree::Body;
use value::{Marks, Value};

use crate::run::Runner;
use crate::step::Failed;

/// The places of resources in an order in which each comes after what it needs.
pub(crate) type Ranks = HashMap<(addr::Module, addr::Resource), usize>;

impl<'a> Runner<'a> {
    /// Opens the ephemeral resources that a step needs and that are not open yet.
    pub(crate) async fn open_needs(&self, planned: &Change) -> Result<(), Failed> {
        let is_ephemeral = |resource: &&AbsResource| resource.resource.mode == Mode::Ephemeral;
        let mut wanted: Vec<&AbsResource> =
            planned.needs.iter().map(|need| &need.resource).filter(is_ephemeral).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let ranks = self.ranks.get_or_init(|| ranks(self.input.world.root));
        wanted.sort_by_key(|wanted| ranks.get(&(wanted.module.module(), wanted.resource.clone())).copied());
        wanted.dedup();
        // One at a time: what is being opened by another step is open when it is this one's turn.
        let _turn = self.opening.lock().await;
        for wanted in wanted {
            self.open(wanted).await?;
        }
        Ok(())
    }

    /// Opens all instances of a resource.
    async fn open(&self, address: &AbsResource) -> Result<(), Failed> {
        let path = self.path_to(&address.module.module());
        let instance = self.evaluation.find(&address.module);
        let place = instance.as_ref().and_then(|i| i.node.module.names.resource_place(&address.resource).copied());
        let found = instance.zip(place).and_then(|(instance, place)| {
            let resource = instance.node.module.resources.get(place as usize)?;
            Some((instance, resource))
        });
        let Some((instance, resource)) = found else { return Ok(()) };
        if self.input.values.has(&address.module, resource) {
            return Ok(());
        }
        // Why it could not be opened has been said.
        if self.unopened.borrow().contains(address) {
            return Err(Failed);
        }
        let opened = self.open_instances(address, &instance, resource, &path).await;
        match opened {
            Ok(values) => self.input.values.set(&address.module, resource, values),
            Err(diags) => {
                self.unopened.borrow_mut().insert(address.clone());
                self.outcome.borrow_mut().diags.append(diags);
                return Err(Failed);
            }
        }
        Ok(())
    }

    async fn open_instances(
        &self,
        address: &AbsResource,
        instance: &Rc<Instance<'a>>,
        resource: &'a Resource,
        path: &[&'a Node],
    ) -> Result<Vec<(Option<Key>, Value)>, Diagnostics> {
        let provider_config = resolve(path, resource).address;
        let provider = self.provider_of(&provider_config).await?;
        let Some(schema) = provider.schemas().ephemerals.get(&resource.address.kind).cloned() else {
            return Err(Diagnostic::error("Resource type is gone", address.to_string()).into());
        };
        let mut diags = Diagnostics::new();
        let body = CompiledBody::compile(&resource.body, &schema.block, &resource.names, &mut diags);
        let keys: Vec<(Option<Key>, Repeated)> = match self.evaluation.instances(instance, &resource.repetition) {
            Instances::Single => vec![(None, Repeated::default())],
            Instances::Keyed(keys) => keys.into_iter().map(|(key, repeated)| (Some(key), repeated)).collect(),
            Instances::Unknown => {
                let detail = format!("How many instances {address} has is still not known.");
                diags.error(resource.header, "Unknown number of instances", detail);
                Vec::new()
            }
        };
        if diags.has_errors() {
            return Err(diags);
        }
        let mut values = Vec::new();
        for (key, repeated) in keys {
            let address = AbsInstance { resource: address.clone(), key: key.clone() };
            let preconditions = &resource.lifecycle.preconditions;
            self.hold(&address, (instance, &repeated), preconditions, "Resource precondition failed")?;
            let scope = self.evaluation.scope(instance, repeated.clone());
            let mut evaluator = Evaluator::new(&scope, self.input.world.env);
            let config = body.eval_unstored(&mut evaluator);
            if evaluator.diags.has_errors() {
                return Err(evaluator.diags);
            }
            let provider = self.input.pool.made_up(&address, &provider_config).unwrap_or_else(|| provider.clone());
            let value = self.open_one(&address, &provider, (&body, &schema), config).await?;
            let repeated = Repeated { this: Some(value.clone()), ..repeated };
            let postconditions = &resource.lifecycle.postconditions;
            self.hold(&address, (instance, &repeated), postconditions, "Resource postcondition failed")?;
            values.push((key, value));
        }
        Ok(values)
    }

    async fn open_one(
        &self,
        address: &AbsInstance,
        provider: &Arc<dyn Provider>,
        (body, schema): (&CompiledBody, &schema::Schema),
        config: Value,
    ) -> Result<Value, Diagnostics> {
        let (config, marks) = config.unmark_paths();
        let failure = |summary: &str, detail: String| {
            let mut problem = Diagnostic::error(summary, detail);
            problem.address = Some(address.to_string());
            Diagnostics::from(problem)
        };
        if !config.is_wholly_known() {
            let detail = "A part of its configuration is not known after all it refers to is done.";
            return Err(failure("Configuration contains unknown value", detail.to_owned()));
        }
        let kind = address.resource.resource.kind.clone();
        let request = OpenRequest { kind, config, deferral_allowed: false };
        let (opened, warnings) = self.input.ephemerals.open(address, provider.clone(), request).await;
        let described = |problems: Vec<Problem>| {
            let described = problems.into_iter().map(|problem| {
                let mut diagnostic = problems::diagnostic(problem, Some(body));
                diagnostic.address = Some(address.to_string());
                diagnostic
            });
            described.collect::<Diagnostics>()
        };
        self.outcome.borrow_mut().diags.append(described(warnings));
        match opened {
            Opened::Value(value) => {
                Ok(change::mark_sensitive(&schema.block, value, &marks).with_marks(Marks::EPHEMERAL))
            }
            Opened::Failed(problems) => Err(described(problems)),
            Opened::Later => {
                Err(failure("Ephemeral resource not opened", "Its provider cannot open it yet.".to_owned()))
            }
        }
    }

    /// Returns the provider of a configuration: the one that planned, or one configured anew where what that was
    /// configured with has ended.
    pub(crate) async fn provider_of(&self, address: &ProviderConfig) -> Result<Arc<dyn Provider>, Diagnostics> {
        if let Some(known) = self.input.pool.get(address) {
            return Ok(known);
        }
        let Some(bare) = self.input.pool.bare(&address.provider) else {
            let detail = format!("There is no provider {}.", address.provider);
            return Err(Diagnostic::error("Provider not available", detail).into());
        };
        let config = match self.input.pool.stand_in(address) {
            None => self.provider_config(address, &bare.schemas().provider.block)?,
            Some(StandIn::Values(config)) => config.unmark_deep().0,
            Some(StandIn::Provider(provider)) => return Ok(provider),
            Some(StandIn::Failed(diags)) => return Err(diags),
        };
        let described =
            |problems: Vec<Problem>| problems.into_iter().map(|problem| problems::diagnostic(problem, None));
        self.input.pool.configure(address, config).await.map_err(|problems| described(problems).collect())
    }

    /// Returns the provider of a change. If its configuration is gone, what the object is in says how it is reached.
    pub(crate) async fn provider_of_change(&self, change: &Change) -> Result<Arc<dyn Provider>, Diagnostics> {
        let config = &change.provider;
        let container = change.inside.as_ref().map(|inside| &inside.container);
        let Some(container) = container
            .filter(|_| self.input.pool.get(config).is_none() && !is_written(&self.path_to(&config.module), config))
        else {
            return self.provider_of(config).await;
        };
        let with = self.input.pool.bare(&config.provider).and_then(|inner| {
            self.input.journal.look(|ledger| {
                let outer = &*ledger.state.resource(&container.resource)?.provider;
                let stored = ledger.state.instance(container)?.current.as_deref()?;
                plan::connection(&self.input.pool, (outer, container, stored), &*inner)
            })
        });
        match with {
            None => self.provider_of(config).await,
            Some(with) => {
                let made = self.input.pool.configure(config, with).await;
                made.map_err(|problems| {
                    problems.into_iter().map(|problem| problems::diagnostic(problem, None)).collect()
                })
            }
        }
    }

    fn provider_config(&self, address: &ProviderConfig, schema: &schema::Block) -> Result<Value, Diagnostics> {
        let mut diags = Diagnostics::new();
        let path = self.path_to(&address.module);
        let written = written(&path, address).filter(|_| is_written(&path, address));
        let written = written.and_then(|(_, config)| Some((self.first_instance(&address.module)?, config)));
        let (instance, body) = match &written {
            Some((instance, config)) => {
                (instance.clone(), CompiledBody::compile(&config.body, schema, &config.names, &mut diags))
            }
            None => {
                let nothing = Body::Native(Arc::default());
                (self.evaluation.root(), CompiledBody::compile(&nothing, schema, &NoNames, &mut diags))
            }
        };
        let scope = self.evaluation.scope(&instance, Repeated::default());
        let mut evaluator = Evaluator::new(&scope, self.input.world.env);
        let value = body.eval_unstored(&mut evaluator);
        diags.append(evaluator.diags);
        if !diags.has_errors() && !value.is_wholly_known() {
            let detail = format!("A part of {address} is not known although all it refers to is done.");
            diags.push(Diagnostic::error("Provider configuration not known", detail));
        }
        if diags.has_errors() { Err(diags) } else { Ok(value.unmark_deep().0) }
    }

    fn first_instance(&self, module: &addr::Module) -> Option<Rc<Instance<'a>>> {
        let mut found = self.evaluation.root();
        for name in module.0.iter() {
            let call = found.node.module.calls.iter().position(|call| call.name == *name)?;
            found = self.evaluation.children(&found, call as u32)?.into_iter().next()?;
        }
        Some(found)
    }

    fn path_to(&self, module: &addr::Module) -> Vec<&'a Node> {
        let mut path = vec![self.input.world.root];
        for name in module.0.iter() {
            let Some(child) = path.last().and_then(|node| node.child(name)) else { break };
            path.push(child);
        }
        path
    }
}

fn ranks(root: &Node) -> Ranks {
    let objects = Objects::of(root);
    let steps: Vec<Step> =
        objects.edges.iter().map(|needs| Step { needs: needs.clone(), cost: 1, locks: Vec::new() }).collect();
    let mut schedule = Schedule::new(&steps);
    let mut order = vec![usize::MAX; steps.len()];
    for rank in 0..steps.len() {
        let Some(object) = schedule.start_next() else { break };
        order[object as usize] = rank;
        schedule.end(object);
    }
    let mut ranks = Ranks::new();
    root.visit(&mut |node| {
        for (offset, resource) in node.module.resources.iter().enumerate() {
            let object = objects.place(&node.path, Kind::Resource, offset as u32);
            ranks.insert((node.path.clone(), resource.address.clone()), order[object as usize]);
        }
    });
    ranks
}
