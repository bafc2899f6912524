//! Makes a plan: walks over the resources in the order of their needs and plans each with its instances.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use addr::ProviderConfig;
use addr::{AbsInstance, AbsResource, Key, Mode, Module, ModuleInstance, Pattern, Provider, Resource};
use diag::{Diagnostic, Diagnostics};
use ecow::EcoString;
use futures_util::StreamExt;
use futures_util::lock::Mutex;
use futures_util::stream::FuturesUnordered;
use graph::{Schedule, Step};
use lang::body::CompiledBody;
use lang::evaluation::{Evaluation, Instance, Repeated, World};
use lang::expr::{Evaluator, NoNames};
use lang::objects::{Kind, Objects};
use lang::providers::{Resolved, resolve, written};
use lang::replacement::CreateFirst;
use lang::tree::Node;
use state::State;
use syntax::tree::Body;
use value::{Marks, Type, Value};

use crate::conditions;
use crate::deferral::{PassedOn, Rest, Waiting};
use crate::ephemerals::Ephemerals;
use crate::imports::Imports;
use crate::model::{Action, Change, Drift, Need, OutputChange, Plan};
use crate::needs::ModuleNeeds;
use crate::pool::Pool;
use crate::stand_ins::{MadeUp, StandIn};
use crate::tally::Tally;
use crate::targets::Scope;
use crate::validity::Together;
use crate::values::Values;

/// How to plan.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Everything is to be destroyed.
    pub destroy: bool,
    /// Stored objects are believed as they are.
    pub no_refresh: bool,
    /// Nothing but what is stored is to be brought up to date.
    pub refresh_only: bool,
    /// Instances to replace, whether they need it or not.
    pub replace: Vec<AbsInstance>,
    /// Only these are looked at, with all that they need; if there are none, everything is.
    pub targets: Vec<Pattern>,
    /// These are left as they are, with all that needs them.
    pub excludes: Vec<Pattern>,
    /// Only what an earlier stage of the same apply has left over is planned; the rest is as that stage left it.
    pub rest: Option<Rc<Rest>>,
    /// The plan is to be saved: what a file needs of it is kept.
    pub is_saved: bool,
    /// Configuration is written for imported objects that have none.
    pub generate_configuration: bool,
    /// What is not asked of providers but made up.
    pub made_up: Option<MadeUp>,
}

/// What a plan is made from.
pub struct Input<'a> {
    /// The configuration and its surroundings; resources in it are those of `values`.
    pub world: World<'a>,
    /// Values of the root module's variables.
    pub variables: Vec<Value>,
    /// The state as it is.
    pub prior: &'a State,
    /// The providers.
    pub pool: Rc<Pool>,
    /// Where planned values go.
    pub values: &'a Values,
    /// Ephemeral resources of the phase.
    pub ephemerals: &'a Ephemerals<'a>,
    /// How to plan.
    pub options: &'a Options,
    /// Whom to tell.
    pub observer: &'a dyn Observer,
}

/// Is told what is looked at while a plan is made.
pub trait Observer {
    /// Something happened.
    fn look(&self, address: &AbsInstance, look: Look<'_>);
}

/// What happened while a plan was made.
#[derive(Clone, Copy, Debug)]
pub enum Look<'a> {
    /// A stored object is about to be looked at.
    RefreshBegins(&'a Value),
    /// It has been looked at, and is like this now.
    RefreshEnds(&'a Value),
    /// A data source is about to be read.
    ReadBegins,
    /// It has been read.
    ReadEnds,
}

/// Nobody wants to know.
impl Observer for () {
    fn look(&self, _: &AbsInstance, _: Look<'_>) {}
}

/// Makes a plan. Whether it can be carried out, its diagnostics say.
pub async fn plan(input: Input<'_>) -> Plan {
    let broken = if input.options.destroy { Diagnostics::new() } else { conditions::broken_rules(&input) };
    if broken.has_errors() {
        return Plan { diags: broken, ..Plan::default() };
    }
    planner(input).run().await
}

pub(crate) fn planner(input: Input<'_>) -> Planner<'_> {
    let evaluation = Evaluation::new(input.world, input.variables.clone());
    Planner {
        evaluation,
        root: input.world.root,
        env: input.world.env,
        prior: input.prior,
        pool: input.pool,
        values: input.values,
        ephemerals: input.ephemerals,
        options: input.options,
        observer: input.observer,
        out: RefCell::default(),
        seen: RefCell::default(),
        imports: Imports::of(input.world.root, input.options),
        waiting: RefCell::default(),
        passed_on: RefCell::default(),
        scope: OnceCell::new(),
        stored: OnceCell::new(),
        configs: RefCell::default(),
        kinds: RefCell::default(),
        placed: RefCell::default(),
        together: RefCell::default(),
        needs_of_modules: RefCell::default(),
        create_first: CreateFirst::of(input.world.root),
        tally: RefCell::new(Tally::of(input.world.root)),
    }
}

pub(crate) struct Planner<'a> {
    pub(crate) evaluation: Evaluation<'a>,
    pub(crate) root: &'a Node,
    pub(crate) env: &'a lang::functions::Environment,
    pub(crate) prior: &'a State,
    pub(crate) pool: Rc<Pool>,
    pub(crate) values: &'a Values,
    pub(crate) ephemerals: &'a Ephemerals<'a>,
    pub(crate) options: &'a Options,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) out: RefCell<Plan>,
    /// Instances that the configuration has.
    pub(crate) seen: RefCell<HashSet<AbsInstance>>,
    pub(crate) imports: Imports<'a>,
    /// What waits for a later stage.
    pub(crate) waiting: RefCell<Waiting>,
    /// What the instances of resources that have no object were configured from: whoever needs one needs these.
    pub(crate) passed_on: RefCell<PassedOn>,
    /// What of the configuration is looked at.
    pub(crate) scope: OnceCell<Scope>,
    stored: OnceCell<HashMap<(Module, Resource), Vec<AbsResource>>>,
    configs: RefCell<HashMap<ProviderConfig, Configuring>>,
    kinds: RefCell<HashMap<(Provider, Mode, EcoString), Arc<ResourceKind>>>,
    /// Places of changes in `out`, by resource.
    placed: RefCell<HashMap<AbsResource, Placed>>,
    /// What is to be checked when all of it is there.
    pub(crate) together: RefCell<BTreeMap<(ProviderConfig, EcoString), Together>>,
    /// What all objects of a module instance come after.
    pub(crate) needs_of_modules: RefCell<HashMap<ModuleInstance, ModuleNeeds>>,
    pub(crate) create_first: CreateFirst,
    /// How conditions came out.
    pub(crate) tally: RefCell<Tally>,
}

/// A provider that has been configured, or has failed to be.
type Configuring = Rc<Mutex<Option<Option<Configured>>>>;

/// A provider with its configuration.
#[derive(Clone)]
pub(crate) struct Configured {
    pub(crate) provider: Arc<dyn sdk::Provider>,
    /// A part of the configuration is not known yet: the provider is not configured and is asked only what needs none.
    pub(crate) waits: bool,
    /// What the configuration was made from: it must be there as long as the provider's objects are.
    pub(crate) needs: Rc<[Need]>,
}

/// Resource blocks by their number among all objects, with the modules above each.
pub(crate) type Blocks<'a> = HashMap<u32, (Rc<[&'a Node]>, &'a lang::module::Resource)>;

/// A resource block with everything that its instances share.
pub(crate) struct Block<'a> {
    pub(crate) resource: &'a lang::module::Resource,
    pub(crate) provider: Arc<dyn sdk::Provider>,
    /// What the provider's configuration was made from.
    pub(crate) provider_needs: Rc<[Need]>,
    /// What the objects are in, if the provider's configuration was made from that.
    pub(crate) container: Option<AbsInstance>,
    /// Nothing can be asked about objects: the provider's configuration is not known yet.
    pub(crate) waits: bool,
    pub(crate) config: Arc<ProviderConfig>,
    pub(crate) kind: Arc<ResourceKind>,
    pub(crate) body: CompiledBody,
    /// Validation has seen all that the instances will ever be.
    pub(crate) is_validated: bool,
}

/// A resource type as planning needs it: made once, however many blocks are of it.
pub(crate) struct ResourceKind {
    pub(crate) schema: schema::Schema,
    /// The type of its objects.
    pub(crate) ty: Type,
    /// What tells its objects apart, if it has that.
    pub(crate) identity: Option<sdk::IdentitySchema>,
}

/// The changes that are planned for a resource, by their places; blocks of ten thousand instances ask for single ones.
#[derive(Default)]
struct Placed {
    keyed: HashMap<Key, Vec<usize>>,
    unkeyed: Vec<usize>,
    is_pending: bool,
    is_updating: bool,
}

impl Placed {
    fn add(&mut self, change: &Change, place: usize) {
        let places = match &change.address.key {
            Some(key) => self.keyed.entry(key.clone()).or_default(),
            None => &mut self.unkeyed,
        };
        places.push(place);
        self.is_pending |= change.action != Action::NoOp;
        self.is_updating |=
            matches!(change.action, Action::Update | Action::DeleteThenCreate | Action::CreateThenDelete);
    }
}

impl<'a> Planner<'a> {
    async fn run(self) -> Plan {
        if !self.options.destroy {
            self.refuse_what_is_missing();
        }
        let is_sound = self.options.destroy || self.check_variables(&self.evaluation.root());
        if is_sound {
            self.walk().await;
            self.remaining_imports().await;
            self.validate_together();
        }
        let mut shown = Vec::new();
        if self.options.destroy {
            // Outputs of what stays are still true; which these are, the next plan of everything finds out.
            if !self.is_limited() {
                self.outputs_go();
            }
        } else {
            shown = self.outputs();
            self.check_the_rest(is_sound);
            self.check_moved_instances();
        }
        self.orphans().await;
        self.say_what_was_left_out();
        let mut plan = self.out.take();
        plan.is_refresh_only = self.options.refresh_only;
        plan.checks = self.tally.take().results();
        plan.diags.append(self.evaluation.take_diagnostics());
        plan.changes.sort_by(|a, b| (&a.address, a.deposed).cmp(&(&b.address, b.deposed)));
        self.tell_drift(&mut plan, &shown);
        crate::foresight::complete(&mut plan, &self.pool);
        crate::bonds::complete(&mut plan, &self.pool);
        crate::ground::complete(&mut plan, self.prior, &self.pool);
        crate::outlook::look_ahead(&mut plan, &self.pool);
        plan
    }

    pub(crate) fn report(&self, diagnostic: Diagnostic) {
        self.out.borrow_mut().diags.push(diagnostic);
    }

    pub(crate) fn report_all(&self, diags: Diagnostics) {
        self.out.borrow_mut().diags.append(diags);
    }

    pub(crate) fn push(&self, change: Change) {
        let changes = &mut self.out.borrow_mut().changes;
        self.placed.borrow_mut().entry(change.address.resource.clone()).or_default().add(&change, changes.len());
        changes.push(change);
    }

    /// Tells whether something is planned so far that changes an instance of a resource.
    pub(crate) fn is_pending(&self, resource: &AbsResource) -> bool {
        self.placed.borrow().get(resource).is_some_and(|placed| placed.is_pending)
    }

    /// Tells whether something is planned so far that makes an object of a resource another one that was there before.
    pub(crate) fn is_updating(&self, resource: &AbsResource) -> bool {
        self.placed.borrow().get(resource).is_some_and(|placed| placed.is_updating)
    }

    /// Tells whether something is true of a change that is planned so far for an instance of a resource; without a key,
    /// of any.
    pub(crate) fn planned_of(
        &self,
        resource: &AbsResource,
        key: Option<&Key>,
        is_true: &mut dyn FnMut(&Change) -> bool,
    ) -> bool {
        let (out, placed) = (self.out.borrow(), self.placed.borrow());
        let Some(placed) = placed.get(resource) else { return false };
        let mut is_true = |place: &usize| is_true(&out.changes[*place]);
        match key {
            Some(key) => placed.keyed.get(key).into_iter().flatten().any(is_true),
            None => placed.unkeyed.iter().any(&mut is_true) || placed.keyed.values().flatten().any(is_true),
        }
    }

    pub(crate) fn drifted(&self, drift: Drift) {
        self.out.borrow_mut().drift.push(drift);
    }

    /// Plans every resource block once all that it refers to is planned; blocks that do not need each other wait for
    /// their providers at the same time.
    pub(crate) async fn walk(&self) {
        let objects = Objects::of(self.root);
        let obstacles = lang::validate::obstacles(self.root, &objects);
        if obstacles.has_errors() {
            return self.report_all(obstacles);
        }
        let blocks = self.blocks(&objects);
        let scope = self.scope.get_or_init(|| Scope::of(self.options, &objects, &blocks));
        let steps: Vec<Step> =
            objects.edges.iter().map(|needs| Step { needs: needs.clone(), cost: 1, locks: Vec::new() }).collect();
        let mut schedule = Schedule::new(&steps);
        type Planned<'f> = Pin<Box<dyn Future<Output = u32> + 'f>>;
        let mut running: FuturesUnordered<Planned<'_>> = FuturesUnordered::new();
        loop {
            while let Some(object) = schedule.start_next() {
                match blocks.get(&object) {
                    Some((path, resource)) if scope.has(object) => running.push(Box::pin(async move {
                        self.block(path, resource).await;
                        object
                    })),
                    _ => schedule.end(object),
                }
            }
            match running.next().await {
                Some(object) => schedule.end(object),
                None => break,
            }
        }
    }

    /// Returns the resource blocks of the tree by their number among all objects, with the modules above each.
    pub(crate) fn blocks(&self, objects: &Objects) -> Blocks<'a> {
        let mut blocks = HashMap::new();
        let mut paths: Vec<Vec<&'a Node>> = vec![vec![self.root]];
        while let Some(path) = paths.pop() {
            let Some(node) = path.last().copied() else { continue };
            let shared: Rc<[&'a Node]> = path.clone().into();
            for (offset, resource) in node.module.resources.iter().enumerate() {
                let object = objects.place(&node.path, Kind::Resource, offset as u32);
                blocks.insert(object, (shared.clone(), resource));
            }
            for child in node.children.iter().flatten() {
                paths.push(path.iter().copied().chain([&**child]).collect());
            }
        }
        blocks
    }

    pub(crate) async fn block(&self, path: &[&'a Node], resource: &'a lang::module::Resource) {
        let is_managed = resource.address.mode == Mode::Managed;
        if !self.is_block_left(path, resource) {
            return;
        }
        if self.options.destroy && is_managed {
            return self.believe(path, resource).await;
        }
        let Some(block) = self.prepare(path, resource).await else { return };
        if self.is_observing() && is_managed {
            return self.observe(path, &block).await;
        }
        if let Some(node) = path.last() {
            self.expect_imports(&node.path, &resource.address, &block.kind);
        }
        let (instances, unknown) = self.instances_of(path);
        for known in unknown {
            let module = path.last().map(|node| &node.path);
            module.iter().for_each(|module| self.unknown_modules(&block, &known, module));
        }
        for instance in instances.iter().filter(|instance| !self.pool.is_replaced(&instance.address)) {
            self.instances(&block, instance).await;
        }
    }

    /// Returns the provider that an instance of a block is asked of.
    pub(crate) fn provider_of(&self, block: &Block<'_>, address: &AbsInstance) -> Arc<dyn sdk::Provider> {
        self.pool.made_up(address, &block.config).unwrap_or_else(|| block.provider.clone())
    }

    /// Gets ready for the instances of a block; nothing if something is wrong, which is reported.
    async fn prepare(&self, path: &[&'a Node], resource: &'a lang::module::Resource) -> Option<Block<'a>> {
        let resolved = resolve(path, resource);
        if self.pool.bare(&resolved.address.provider).is_none() {
            let detail = format!(
                "{} needs the provider {}, which is not available, so nothing can be planned for it.",
                resource.address, resolved.address.provider
            );
            self.report(Diagnostic::error("Provider not available", detail).at(resource.header));
            return None;
        }
        let configured = self.configured(path, &resolved).await?;
        let config = Arc::new(resolved.address);
        let Some(kind) = self.kind(&config.provider, &resource.address) else {
            let detail = format!(
                "The provider {} has no {} {:?}.",
                config.provider,
                resource.address.mode.block(),
                resource.address.kind
            );
            self.report(Diagnostic::error("Invalid resource type", detail).at(resource.labels.0.span));
            return None;
        };
        let mut diags = Diagnostics::new();
        let body = CompiledBody::compile(&resource.body, &kind.schema.block, &resource.names, &mut diags);
        let failed = diags.has_errors();
        self.report_all(diags);
        let Configured { provider, waits, needs: provider_needs } = configured;
        let is_validated = body.is_constant();
        let container = self.container_among(&provider_needs);
        (!failed).then_some(Block {
            resource,
            provider,
            provider_needs,
            container,
            waits,
            config,
            kind,
            body,
            is_validated,
        })
    }

    /// Returns the resources in state that are of a block, in all instances of its module.
    pub(crate) fn stored_of(&self, module: &Module, resource: &Resource) -> &[AbsResource] {
        let stored = self.stored.get_or_init(|| {
            let mut stored: HashMap<(Module, Resource), Vec<AbsResource>> = HashMap::new();
            for (address, _) in self.prior.resources() {
                stored.entry(address.block()).or_default().push(address.clone());
            }
            stored
        });
        stored.get(&(module.clone(), resource.clone())).map_or(&[], Vec::as_slice)
    }

    /// Returns the modules from the root to a module, as far as they are there.
    pub(crate) fn path_to(&self, module: &addr::Module) -> Vec<&'a Node> {
        let mut path = vec![self.root];
        for name in module.0.iter() {
            let Some(node) = path.last().copied() else { break };
            let Some(child) = node.child(name) else { break };
            path.push(child);
        }
        path
    }

    pub(crate) fn kind(&self, provider: &Provider, resource: &addr::Resource) -> Option<Arc<ResourceKind>> {
        let key = (provider.clone(), resource.mode, resource.kind.clone());
        if let Some(known) = self.kinds.borrow().get(&key) {
            return Some(known.clone());
        }
        let bare = self.pool.bare(provider)?;
        let schemas = bare.schemas();
        let list = match resource.mode {
            Mode::Managed => &schemas.resources,
            Mode::Data => &schemas.data_sources,
            Mode::Ephemeral => &schemas.ephemerals,
        };
        let schema = list.get(&resource.kind)?.clone();
        let ty = schema.block.ty();
        let identity = schemas.identities.get(&resource.kind).filter(|_| resource.mode == Mode::Managed).cloned();
        let made = Arc::new(ResourceKind { schema, ty, identity });
        self.kinds.borrow_mut().insert(key, made.clone());
        Some(made)
    }

    /// Returns the instances of the last module of a path, and those on the way whose children are not known yet.
    pub(crate) fn instances_of(&self, path: &[&'a Node]) -> (Vec<Rc<Instance<'a>>>, Vec<ModuleInstance>) {
        let mut found = vec![self.evaluation.root()];
        let mut unknown = Vec::new();
        for step in path.windows(2) {
            let [caller, called] = step else { continue };
            let place = caller
                .children
                .iter()
                .position(|child| child.as_ref().is_some_and(|child| std::ptr::eq(&**child, *called)));
            let Some(place) = place else { return (Vec::new(), unknown) };
            let mut children = Vec::new();
            for instance in &found {
                match self.evaluation.children(instance, place as u32) {
                    Some(found) => children.extend(found),
                    None => unknown.push(instance.address.clone()),
                }
            }
            found = children;
        }
        (found, unknown)
    }

    /// Returns the provider of a configuration that state names, configured as the configuration has it now.
    pub(crate) async fn provider_at(&self, address: &ProviderConfig) -> Option<Configured> {
        let path = self.path_to(&address.module);
        let resolved = Resolved { address: address.clone(), block: written(&path, address) };
        self.configured(&path, &resolved).await
    }

    /// Returns the provider of a configuration, configured; nothing if that failed. Whoever comes while that goes on waits for
    /// it, so that it is done, and reported, once.
    pub(crate) async fn configured(&self, path: &[&'a Node], resolved: &Resolved<'a>) -> Option<Configured> {
        let found = self.configs.borrow_mut().entry(resolved.address.clone()).or_default().clone();
        let mut found = found.lock().await;
        if found.is_none() {
            *found = Some(self.configure(path, resolved).await);
        }
        found.clone().flatten()
    }

    async fn configure(&self, path: &[&'a Node], resolved: &Resolved<'a>) -> Option<Configured> {
        let (config, touched) = match self.pool.stand_in(&resolved.address) {
            None => self.evaluation.traced(|| self.config_value(path, resolved)),
            Some(StandIn::Values(config)) => (Some(config), Vec::new()),
            Some(StandIn::Provider(provider)) => {
                return Some(Configured { provider, waits: false, needs: Rc::new([]) });
            }
            Some(StandIn::Failed(diags)) => {
                self.report_all(diags);
                return None;
            }
        };
        let (config, (needs, mut waits)) = (config?, self.needs(touched));
        let (config, marks) = config.unmark_deep();
        if marks.contains(Marks::EPHEMERAL) {
            self.pool.configure_anew(&resolved.address);
        }
        waits |= !config.is_wholly_known();
        let needs: Rc<[Need]> = needs.into();
        if waits {
            let provider = self.pool.bare(&resolved.address.provider)?;
            return Some(Configured { provider, waits, needs });
        }
        match self.pool.configure(&resolved.address, config).await {
            Ok(provider) => Some(Configured { provider, waits, needs }),
            Err(problems) => {
                let span = resolved.block.map(|(_, config)| config.header);
                for problem in problems {
                    let mut diagnostic = crate::problems::diagnostic(problem, None);
                    diagnostic.subject = span;
                    self.report(diagnostic);
                }
                None
            }
        }
    }

    fn config_value(&self, path: &[&'a Node], resolved: &Resolved<'a>) -> Option<Value> {
        let bare = self.pool.bare(&resolved.address.provider)?;
        let block = &bare.schemas().provider.block;
        let mut diags = Diagnostics::new();
        let Some((owner, config)) = resolved.block else {
            let nothing = Body::Native(Arc::default());
            let body = CompiledBody::compile(&nothing, block, &NoNames, &mut diags);
            let scope = self.evaluation.scope(&self.evaluation.root(), Repeated::default());
            let value = body.eval_unstored(&mut Evaluator::new(&scope, self.env));
            let failed = diags.has_errors();
            self.report_all(diags);
            return (!failed).then_some(value);
        };
        let depth = path.iter().position(|node| std::ptr::eq(*node, owner))?;
        let Some(instance) = self.instances_of(&path[..=depth]).0.into_iter().next() else {
            return Some(Value::dynamic());
        };
        let body = CompiledBody::compile(&config.body, block, &config.names, &mut diags);
        let scope = self.evaluation.scope(&instance, Repeated::default());
        let mut evaluator = Evaluator::new(&scope, self.env);
        let value = body.eval_unstored(&mut evaluator);
        diags.append(evaluator.diags);
        let failed = diags.has_errors();
        self.report_all(diags);
        (!failed).then_some(value)
    }

    /// Plans that no output is left.
    fn outputs_go(&self) {
        let gone = self.prior.outputs.iter().map(|(name, prior)| OutputChange {
            name: name.clone(),
            before: Some(prior.value.clone()),
            after: None,
            was_sensitive: prior.is_sensitive,
            is_sensitive: prior.is_sensitive,
        });
        self.out.borrow_mut().outputs = gone.collect();
    }

    /// Plans the outputs; returns what those that change were made from.
    fn outputs(&self) -> Vec<Need> {
        let root = self.evaluation.root();
        let (mut changes, mut shown) = (Vec::new(), Vec::new());
        for (place, output) in root.node.module.outputs.iter().enumerate() {
            let prior = self.prior.outputs.get(&output.name);
            let before = prior.map(|prior| prior.value.clone());
            let was_sensitive = prior.is_some_and(|prior| prior.is_sensitive);
            let (after, touched) = self.evaluation.traced(|| self.evaluation.output(&root, place));
            let is_sensitive = output.sensitive;
            output.exposes(&after).into_iter().for_each(|problem| self.report(problem));
            let needs = self.needs(touched).0;
            if !self.is_in_scope(&needs) {
                continue;
            }
            if self.options.refresh_only && !after.is_wholly_known() {
                continue;
            }
            // Of the root module none is stored whose value is null.
            let (name, after) = (output.name.clone(), Some(after).filter(|value| !value.is_null()));
            let change = OutputChange { name, before, after, was_sensitive, is_sensitive };
            if !change.is_same() {
                shown.extend(needs);
            }
            changes.push(change);
        }
        for (name, prior) in self.prior.outputs.iter() {
            if root.node.module.output(name).is_none() {
                let (before, is_sensitive) = (Some(prior.value.clone()), prior.is_sensitive);
                let (name, after, was_sensitive) = (name.clone(), None, is_sensitive);
                changes.push(OutputChange { name, before, after, was_sensitive, is_sensitive });
            }
        }
        changes.sort_by(|a, b| a.name.cmp(&b.name));
        self.out.borrow_mut().outputs = changes;
        shown
    }
}
