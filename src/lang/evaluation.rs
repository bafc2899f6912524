//! Values of a whole tree of modules: everything is computed once, when it is first asked for.
//!
//! Variables, local values, outputs and the instances of module calls are found from each other; resources come from
//! outside through [`Resources`].

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use addr::{Key, ModuleInstance};
use diag::{Diagnostic, Diagnostics, ExpressionValue, Span};
use ecow::EcoString;
use value::{Kind, Marks, Type, Value};

use crate::expr::{Evaluator, Expr, Scope, Subject};
use crate::functions::{CallError, Environment};
use crate::module::undeclared_provider;
use crate::module::{ModuleCall, Repetition, Resource, Variable};
use crate::tree::Node;
use crate::validate::{Providers, check_count, check_for_each};

/// Values of resources, from state or plan.
pub trait Resources {
    /// Returns all instances of a resource: an object, or a tuple of them (`count`), or an object of them (`for_each`).
    /// Nothing if it is not known.
    fn whole(&self, module: &ModuleInstance, resource: &Resource) -> Option<Value>;

    /// Returns one instance; nothing if it is not known by itself.
    fn instance(&self, module: &ModuleInstance, resource: &Resource, key: &Key) -> Option<Value>;

    /// Returns the value that stands for an output of a module instance, where that is not to be computed: tests have such.
    fn made_up_output(&self, _module: &ModuleInstance, _output: &str) -> Option<Value> {
        None
    }
}

/// No resource has a value yet.
pub struct NoResources;

impl Resources for NoResources {
    fn whole(&self, _: &ModuleInstance, _: &Resource) -> Option<Value> {
        None
    }

    fn instance(&self, _: &ModuleInstance, _: &Resource, _: &Key) -> Option<Value> {
        None
    }
}

/// What an evaluation takes from outside.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The tree of modules.
    pub root: &'a Node,
    /// What functions may see.
    pub env: &'a Environment,
    /// What `terraform.workspace` is.
    pub workspace: &'a str,
    /// What `path.cwd` is.
    pub cwd: &'a Path,
    /// Functions of providers.
    pub providers: &'a dyn Providers,
    /// Values of resources.
    pub resources: &'a dyn Resources,
    /// The work is done for real: what `terraform.applying` is.
    pub applying: bool,
}

/// The values of a tree of modules.
pub struct Evaluation<'a> {
    world: World<'a>,
    root: Rc<Instance<'a>>,
    diags: RefCell<Diagnostics>,
    /// What is being computed, outermost first: meeting it again is a cycle.
    open: RefCell<Vec<(usize, Subject, String)>>,
    /// The same without order and names: a long chain asks for each of its links.
    is_open: RefCell<HashSet<(usize, Subject)>>,
    /// The resources asked for by each computation that is under way, outermost first.
    traces: RefCell<Vec<Vec<Touched>>>,
    /// What `each` is by now, for blocks whose `for_each` had unknown values when they were planned: by the module instance
    /// and the block.
    renewed: RefCell<HashMap<(usize, usize), HashMap<Key, Repeated>>>,
}

/// A resource, or one instance of it, whose value a computation asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Touched {
    /// The module instance it is in.
    pub module: ModuleInstance,
    /// Its place in the module's list of resources; nothing means all that is in a module whose instances are not known.
    pub resource: Option<u32>,
    /// The instance; nothing means all of them.
    pub key: Option<Key>,
}

/// The instances of a module call with the resources that their number was made from.
type Expanded<'a> = (Rc<Expansion<'a>>, Rc<[Touched]>);

/// A value with the resources that it was made from.
type Memo = OnceCell<(Value, Rc<[Touched]>)>;

/// An instance of a module.
pub struct Instance<'a> {
    /// Its place in the tree.
    pub node: &'a Node,
    /// Its address.
    pub address: ModuleInstance,
    caller: Option<(Rc<Instance<'a>>, u32, Repeated)>,
    variables: Vec<Memo>,
    locals: Vec<Memo>,
    outputs: Vec<Memo>,
    calls: Vec<OnceCell<Expanded<'a>>>,
}

/// What `count.index`, `each` and `self` are in one instance of a block.
#[derive(Clone, Debug, Default)]
pub struct Repeated {
    /// `count.index`
    pub index: Option<Value>,
    /// `each.key` and `each.value`
    pub each: Option<(Value, Value)>,
    /// `self`
    pub this: Option<Value>,
}

/// The instances that a block has.
pub enum Instances {
    /// One, without a key.
    Single,
    /// With keys, in order.
    Keyed(Vec<(Key, Repeated)>),
    /// Not known yet; the form that the whole value will have.
    Unknown,
}

enum Expansion<'a> {
    Single(Rc<Instance<'a>>),
    Keyed { numbered: bool, places: HashMap<Key, usize>, instances: Vec<(Key, Rc<Instance<'a>>)> },
    Unknown,
}

fn cells<T>(count: usize) -> Vec<OnceCell<T>> {
    (0..count).map(|_| OnceCell::new()).collect()
}

impl<'a> Instance<'a> {
    fn new(node: &'a Node, address: ModuleInstance, caller: Option<(Rc<Instance<'a>>, u32, Repeated)>) -> Rc<Self> {
        let module = &node.module;
        Rc::new(Instance {
            node,
            address,
            caller,
            variables: cells(module.variables.len()),
            locals: cells(module.locals.len()),
            outputs: cells(module.outputs.len()),
            calls: cells(module.calls.len()),
        })
    }
}

impl<'a> Evaluation<'a> {
    /// Makes an evaluation; `variables` are the values of the root module's variables, in the order of its list.
    pub fn new(world: World<'a>, variables: Vec<Value>) -> Evaluation<'a> {
        let root = Instance::new(world.root, ModuleInstance::default(), None);
        for (cell, value) in root.variables.iter().zip(variables) {
            let _ = cell.set((value, Rc::new([])));
        }
        Evaluation {
            world,
            root,
            diags: RefCell::default(),
            open: RefCell::default(),
            is_open: RefCell::default(),
            traces: RefCell::default(),
            renewed: RefCell::default(),
        }
    }

    /// Returns the root module's instance.
    pub fn root(&self) -> Rc<Instance<'a>> {
        self.root.clone()
    }

    /// Takes what has been reported since the last call.
    pub fn take_diagnostics(&self) -> Diagnostics {
        self.diags.take()
    }

    /// Returns the scope inside a module instance, or inside one instance of a block in it.
    pub fn scope<'e>(&'e self, instance: &Rc<Instance<'a>>, repeated: Repeated) -> InstanceScope<'e, 'a> {
        InstanceScope { evaluation: self, instance: instance.clone(), repeated }
    }

    /// Evaluates an expression of a module instance.
    pub fn eval(&self, instance: &Rc<Instance<'a>>, repeated: Repeated, expr: &Expr) -> (Value, Diagnostics) {
        let scope = self.scope(instance, repeated);
        let mut evaluator = Evaluator::new(&scope, self.world.env);
        let value = evaluator.eval(expr);
        (value, evaluator.diags)
    }

    /// Returns what the references of an expression of a module instance mean, to be shown with a message.
    pub fn shown_values(&self, instance: &Rc<Instance<'a>>, repeated: Repeated, expr: &Expr) -> Vec<ExpressionValue> {
        let scope = self.scope(instance, repeated);
        Evaluator::new(&scope, self.world.env).shown_values(expr)
    }

    /// Evaluates `count` or `for_each` of a block, once for all its instances.
    pub fn instances(&self, instance: &Rc<Instance<'a>>, repetition: &Repetition) -> Instances {
        let Some(expr) = repetition.expr() else { return Instances::Single };
        let (value, mut diags) = self.eval(instance, Repeated::default(), expr);
        let found = if diags.has_errors() {
            Instances::Unknown
        } else {
            expand(repetition, value).unwrap_or_else(|problem| {
                diags.push(problem.at(expr.span));
                Instances::Unknown
            })
        };
        self.diags.borrow_mut().append(diags);
        found
    }

    /// Returns what `each` is by now for an instance of a block that was planned while its value was unknown.
    ///
    /// All of a `for_each` is looked at once, and again only if what was found for the instance is still unknown.
    pub fn renewed(&self, instance: &Rc<Instance<'a>>, repetition: &Repetition, planned: &Repeated) -> Repeated {
        let is_open = |repeated: &Repeated| repeated.each.as_ref().is_some_and(|(_, value)| !value.is_wholly_known());
        let key = planned.each.as_ref().and_then(|(key, _)| key.as_str());
        let Some(key) = key.filter(|_| self.world.applying && is_open(planned)) else { return planned.clone() };
        let key = Key::Name(key.into());
        let block = (Rc::as_ptr(instance) as usize, std::ptr::from_ref(repetition) as usize);
        let known = self.renewed.borrow().get(&block).and_then(|all| all.get(&key).cloned());
        if let Some(known) = known.filter(|known| !is_open(known)) {
            return Repeated { this: planned.this.clone(), ..known };
        }
        let Instances::Keyed(all) = self.instances(instance, repetition) else { return planned.clone() };
        let all: HashMap<Key, Repeated> = all.into_iter().collect();
        let found = all.get(&key).cloned().unwrap_or_else(|| planned.clone());
        self.renewed.borrow_mut().insert(block, all);
        Repeated { this: planned.this.clone(), ..found }
    }

    /// Runs `work` and returns with its result the resources whose values it asked for, sorted, each once.
    pub fn traced<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<Touched>) {
        self.traces.borrow_mut().push(Vec::new());
        let result = work();
        let mut touched = self.traces.borrow_mut().pop().unwrap_or_default();
        touched.sort_unstable();
        touched.dedup();
        (result, touched)
    }

    /// Adds resources to what the computation under way has asked for.
    fn touch(&self, touched: &[Touched]) {
        if let Some(trace) = self.traces.borrow_mut().last_mut() {
            trace.extend_from_slice(touched);
        }
    }

    /// Computes something once; meeting it again while it is being computed is a cycle.
    fn once(&self, cell: &Memo, key: (usize, Subject, String), span: Span, compute: impl FnOnce() -> Value) -> Value {
        if let Some((value, touched)) = cell.get() {
            self.touch(touched);
            return value.clone();
        }
        let short = (key.0, key.1.clone());
        if self.is_open.borrow().contains(&short) {
            let place = self.open.borrow().iter().position(|open| (open.0, &open.1) == (key.0, &key.1)).unwrap_or(0);
            let names: Vec<String> = self.open.borrow()[place..].iter().map(|open| open.2.clone()).collect();
            let detail = format!(
                "Each of these needs the next one first: {} -> {}. One of the references has to go.",
                names.join(" -> "),
                key.2
            );
            self.diags.borrow_mut().push(Diagnostic::error("Cycle", detail).at(span));
            return Value::dynamic();
        }
        self.is_open.borrow_mut().insert(short.clone());
        self.open.borrow_mut().push(key);
        let (value, touched) = self.traced(compute);
        self.open.borrow_mut().pop();
        self.is_open.borrow_mut().remove(&short);
        self.touch(&touched);
        cell.get_or_init(|| (value, touched.into())).0.clone()
    }

    fn report(&self, diags: Diagnostics) {
        self.diags.borrow_mut().append(diags);
    }

    /// Returns what functions may see.
    pub(crate) fn environment(&self) -> &'a Environment {
        self.world.env
    }

    /// Returns the call that made a module instance, with the value that it gives to a variable.
    pub(crate) fn given(
        &self,
        instance: &Rc<Instance<'a>>,
        variable: &Variable,
    ) -> Option<(&'a ModuleCall, Option<Value>)> {
        let (caller, call, repeated) = instance.caller.as_ref()?;
        let call = &caller.node.module.calls[*call as usize];
        let input = call.inputs.iter().find(|(name, _)| name.name == variable.name);
        let given = input.map(|(_, expr)| self.eval(caller, self.renewed(caller, &call.repetition, repeated), expr).0);
        Some((call, given))
    }

    fn variable(&self, instance: &Rc<Instance<'a>>, place: u32) -> Value {
        let (Some(cell), Some(variable)) =
            (instance.variables.get(place as usize), instance.node.module.variables.get(place as usize))
        else {
            return Value::dynamic();
        };
        let key = self.key(instance, Subject::Variable(place), format!("var.{}", variable.name));
        self.once(cell, key, variable.header, || {
            let Some((caller, call, repeated)) = &instance.caller else { return Value::dynamic() };
            let call = &caller.node.module.calls[*call as usize];
            let input = call.inputs.iter().find(|(name, _)| name.name == variable.name);
            let mut failed = false;
            let given = input.map(|(_, expr)| {
                let (value, diags) = self.eval(caller, self.renewed(caller, &call.repetition, repeated), expr);
                failed = diags.has_errors();
                self.report(diags);
                value
            });
            let place = input.map_or(call.header, |(_, expr)| expr.span);
            match variable.prepare(given, Some(place)) {
                Ok(value) => value,
                Err(problem) => {
                    if !failed {
                        self.report((*problem).into());
                    }
                    Value::unknown(variable.ty.without_optional()).with_marks(variable.marks())
                }
            }
        })
    }

    fn local(&self, instance: &Rc<Instance<'a>>, place: u32) -> Value {
        let (Some(cell), Some(local)) =
            (instance.locals.get(place as usize), instance.node.module.locals.get(place as usize))
        else {
            return Value::dynamic();
        };
        let key = self.key(instance, Subject::Local(place), format!("local.{}", local.name));
        self.once(cell, key, local.span, || {
            let (value, diags) = self.eval(instance, Repeated::default(), &local.value);
            self.report(diags);
            value
        })
    }

    /// Returns the module instance of an address; nothing if the configuration does not have it, or not yet.
    pub fn find(&self, address: &ModuleInstance) -> Option<Rc<Instance<'a>>> {
        let mut found = self.root.clone();
        for step in address.0.iter() {
            let place = found.node.module.calls.iter().position(|call| call.name == step.name)?;
            let expansion = self.expansion(&found, place as u32);
            found = match (&*expansion, &step.key) {
                (Expansion::Single(child), None) => child.clone(),
                (Expansion::Keyed { places, instances, .. }, Some(key)) => instances[*places.get(key)?].1.clone(),
                _ => return None,
            };
        }
        Some(found)
    }

    /// Returns the instances of a module call of an instance, with their keys; nothing while they are not known.
    pub fn children(&self, instance: &Rc<Instance<'a>>, call: u32) -> Option<Vec<Rc<Instance<'a>>>> {
        match &*self.expansion(instance, call) {
            Expansion::Single(child) => Some(vec![child.clone()]),
            Expansion::Keyed { instances, .. } => Some(instances.iter().map(|(_, child)| child.clone()).collect()),
            Expansion::Unknown => None,
        }
    }

    /// Returns the value of an output of a module instance.
    pub fn output(&self, instance: &Rc<Instance<'a>>, place: usize) -> Value {
        let (Some(cell), Some(output)) = (instance.outputs.get(place), instance.node.module.outputs.get(place)) else {
            return Value::dynamic();
        };
        let key = self.key(instance, Subject::Output(place as u32), format!("output.{}", output.name));
        self.once(cell, key, output.header, || {
            if let Some(value) = self.world.resources.made_up_output(&instance.address, &output.name) {
                return value.with_marks(output.marks());
            }
            let (mut value, mut diags) = self.eval(instance, Repeated::default(), &output.value);
            // For what they refer to: who uses the output comes after all that. What is wrong with them is said elsewhere.
            output.depends_on.iter().for_each(|expr| _ = self.eval(instance, Repeated::default(), expr));
            if let Some(ty) = &output.ty {
                value = value::convert(&value, ty).unwrap_or_else(|error| {
                    let detail = format!("The value of the output {:?} does not fit its type: {error}.", output.name);
                    diags.error(output.value.span, "Invalid output value", detail);
                    Value::unknown(ty.without_optional())
                });
            }
            self.report(diags);
            value.with_marks(output.marks())
        })
    }

    fn key(&self, instance: &Rc<Instance<'a>>, subject: Subject, name: String) -> (usize, Subject, String) {
        let name = if instance.address.is_root() { name } else { format!("{}.{name}", instance.address) };
        (Rc::as_ptr(instance) as usize, subject, name)
    }

    /// Returns the instances of a module call.
    fn expansion(&self, instance: &Rc<Instance<'a>>, place: u32) -> Rc<Expansion<'a>> {
        let Some(cell) = instance.calls.get(place as usize) else { return Rc::new(Expansion::Unknown) };
        if let Some((known, touched)) = cell.get() {
            self.touch(touched);
            return known.clone();
        }
        let call = &instance.node.module.calls[place as usize];
        let child = instance.node.children.get(place as usize).and_then(Option::as_deref);
        let Some(child) = child else { return Rc::new(Expansion::Unknown) };
        let make = |key: Option<Key>, repeated: Repeated| {
            let address = instance.address.child(call.name.clone(), key);
            Instance::new(child, address, Some((instance.clone(), place, repeated)))
        };
        let (instances, mut touched) = self.traced(|| self.instances(instance, &call.repetition));
        if matches!(instances, Instances::Unknown) {
            let module = instance.address.child(call.name.clone(), None);
            touched.push(Touched { module, resource: None, key: None });
        }
        self.touch(&touched);
        let expansion = match instances {
            Instances::Single => Expansion::Single(make(None, Repeated::default())),
            Instances::Unknown => Expansion::Unknown,
            Instances::Keyed(keys) => {
                let places = keys.iter().enumerate().map(|(place, (key, _))| (key.clone(), place)).collect();
                let instances =
                    keys.into_iter().map(|(key, repeated)| (key.clone(), make(Some(key), repeated))).collect();
                let numbered = matches!(call.repetition, Repetition::Count(_));
                Expansion::Keyed { numbered, places, instances }
            }
        };
        cell.get_or_init(|| (Rc::new(expansion), touched.into())).0.clone()
    }

    fn outputs(&self, instance: &Rc<Instance<'a>>) -> Value {
        let names = instance.node.module.outputs.iter().enumerate();
        Value::object(names.map(|(place, output)| (output.name.clone(), self.output(instance, place))))
    }

    fn module_call(&self, instance: &Rc<Instance<'a>>, place: u32) -> Value {
        match &*self.expansion(instance, place) {
            Expansion::Single(child) => self.outputs(child),
            Expansion::Unknown => Value::dynamic(),
            Expansion::Keyed { numbered: true, instances, .. } => {
                Value::tuple(instances.iter().map(|(_, child)| self.outputs(child)).collect::<Vec<_>>())
            }
            Expansion::Keyed { instances, .. } => {
                let entries: Vec<(EcoString, Value)> = instances
                    .iter()
                    .map(|(key, child)| {
                        let name = match key {
                            Key::Name(name) => name.clone(),
                            Key::Number(number) => number.to_string().into(),
                        };
                        (name, self.outputs(child))
                    })
                    .collect();
                Value::object(entries)
            }
        }
    }
}

/// Returns the instances that a `count` or `for_each` value says.
pub fn expand(repetition: &Repetition, value: Value) -> Result<Instances, Diagnostic> {
    if matches!(repetition, Repetition::Count(_)) {
        let Some(count) = check_count(&value).map_err(|problem| *problem)? else { return Ok(Instances::Unknown) };
        let numbered = (0..count).map(|index| {
            let repeated = Repeated { index: Some(Value::from(index as i64)), ..Repeated::default() };
            (Key::Number(index), repeated)
        });
        return Ok(Instances::Keyed(numbered.collect()));
    }
    check_for_each(&value).map_err(|problem| *problem)?;
    let (value, _) = value.unmark();
    let each = |key: &EcoString, value: &Value| {
        let repeated = Repeated { each: Some((Value::string(key.clone()), value.clone())), ..Repeated::default() };
        (Key::Name(key.clone()), repeated)
    };
    Ok(match value.kind() {
        Kind::Map(map) => Instances::Keyed(map.entries().iter().map(|(key, value)| each(key, value)).collect()),
        Kind::Object(object) => Instances::Keyed(object.iter().map(|(key, value)| each(key, value)).collect()),
        Kind::Set(set) if set.values().iter().all(|value| value.as_str().is_some()) => {
            let keys = set.values().iter().filter_map(|value| Some((EcoString::from(value.as_str()?), value)));
            Instances::Keyed(keys.map(|(key, value)| each(&key, value)).collect())
        }
        _ => Instances::Unknown,
    })
}

/// The scope of one module instance, or of one instance of a block in it.
pub struct InstanceScope<'e, 'a> {
    evaluation: &'e Evaluation<'a>,
    instance: Rc<Instance<'a>>,
    repeated: Repeated,
}

/// Returns a constant key as an instance key.
pub(crate) fn instance_key(key: &Value) -> Option<Key> {
    if !key.marks().is_empty() {
        return None;
    }
    match key.kind() {
        Kind::String(name) => Some(Key::Name(name.clone())),
        Kind::Number(number) => number.to_i64().and_then(|number| u64::try_from(number).ok()).map(Key::Number),
        _ => None,
    }
}

impl Scope for InstanceScope<'_, '_> {
    fn value(&self, subject: &Subject, _span: Span, _diags: &mut Diagnostics) -> Value {
        let (evaluation, instance, world) = (self.evaluation, &self.instance, &self.evaluation.world);
        match subject {
            Subject::Variable(place) => evaluation.variable(instance, *place),
            Subject::Local(place) => evaluation.local(instance, *place),
            Subject::Module(place) => evaluation.module_call(instance, *place),
            Subject::Resource(place) => {
                let touched = Touched { module: instance.address.clone(), resource: Some(*place), key: None };
                evaluation.touch(&[touched]);
                let resource = instance.node.module.resources.get(*place as usize);
                let value = resource.and_then(|resource| world.resources.whole(&instance.address, resource));
                value.unwrap_or_else(Value::dynamic)
            }
            Subject::Path(name) => {
                let path: PathBuf = match name.as_str() {
                    "module" => instance.node.module.dir.clone(),
                    "root" => world.root.module.dir.clone(),
                    _ => world.cwd.to_path_buf(),
                };
                let text = path.to_string_lossy();
                Value::string(if text.is_empty() { "." } else { text.as_ref() })
            }
            Subject::Workspace => Value::string(world.workspace),
            Subject::Applying => Value::bool(world.applying).with_marks(Marks::EPHEMERAL),
            Subject::EachKey => self.repeated.each.as_ref().map_or_else(Value::dynamic, |(key, _)| key.clone()),
            Subject::EachValue => self.repeated.each.as_ref().map_or_else(Value::dynamic, |(_, value)| value.clone()),
            Subject::CountIndex => self.repeated.index.clone().unwrap_or_else(|| Value::unknown(Type::Number)),
            Subject::This => self.repeated.this.clone().unwrap_or_else(Value::dynamic),
            Subject::Output(place) => evaluation.output(instance, *place as usize),
            Subject::Outside(_) => Value::dynamic(),
        }
    }

    fn instance(&self, subject: &Subject, key: &Value, _span: Span, _diags: &mut Diagnostics) -> Option<Value> {
        let Subject::Resource(place) = subject else { return None };
        let resource = self.instance.node.module.resources.get(*place as usize)?;
        let key = instance_key(key)?;
        let value = self.evaluation.world.resources.instance(&self.instance.address, resource, &key)?;
        let touched = Touched { module: self.instance.address.clone(), resource: Some(*place), key: Some(key) };
        self.evaluation.touch(&[touched]);
        Some(value)
    }

    fn output(&self, call: u32, key: Option<&Value>, name: &str) -> Option<Value> {
        let expansion = self.evaluation.expansion(&self.instance, call);
        let child = match (&*expansion, key) {
            (Expansion::Single(child), None) => child,
            (Expansion::Keyed { places, instances, .. }, Some(key)) => &instances[*places.get(&instance_key(key)?)?].1,
            _ => return None,
        };
        let outputs = &child.node.module.outputs;
        let place = outputs.binary_search_by(|output| output.name.as_str().cmp(name)).ok()?;
        Some(self.evaluation.output(child, place))
    }

    fn call_provider(&self, provider: &str, function: &str, args: Vec<Value>) -> Result<Value, CallError> {
        let address =
            self.instance.node.module.required_provider(provider).ok_or_else(|| undeclared_provider(provider))?;
        match self.evaluation.world.providers.call(&address, function, args) {
            Some(result) => result,
            None => Err(CallError::new(format!("the provider {provider:?} has no function {function:?}"))),
        }
    }
}
