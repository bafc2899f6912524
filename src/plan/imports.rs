//! Imports: instances that begin with an object that exists and is not in state yet.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use addr::{AbsInstance, AbsResource, Key, Module, ModuleInstance, ModuleStep};
use diag::{Diagnostic, Span};
use ecow::EcoString;
use lang::evaluation::Repeated;
use lang::expr::Expr;
use lang::module::{Import, ImportTarget as Address};
use lang::tree::Node;
use sdk::{ImportRequest, ImportTarget, ReadRequest};
use state::{Attributes, AttributesError, Object};
use value::{Kind, Marks, Type, Value, convert};

use crate::instances::{Desired, Prior};
use crate::model::{Action, Change, Importing, Wait};
use crate::planner::{Block, Options, Planner, ResourceKind};

/// What is to be imported.
#[derive(Default)]
pub(crate) struct Imports<'a> {
    /// The import blocks by the resource that they lead to.
    blocks: HashMap<(Module, addr::Resource), Vec<(&'a Import, &'a Address)>>,
    /// Instances that are to be imported and have not been met yet.
    expected: RefCell<BTreeMap<AbsInstance, Expected>>,
}

/// An instance that an import block has named.
struct Expected {
    importing: Importing,
    to: Span,
}

/// What came of the search for an object.
pub(crate) enum Found {
    /// It is there.
    Now(Box<Prior>),
    /// It cannot be looked for yet.
    Later(Wait, Importing),
    /// Something is wrong, which is reported.
    Failed,
}

impl<'a> Imports<'a> {
    /// Collects the import blocks of a plan that makes anything.
    pub(crate) fn of(root: &'a Node, options: &Options) -> Imports<'a> {
        let mut imports = Imports::default();
        if options.destroy || options.refresh_only {
            return imports;
        }
        for import in &root.module.imports {
            let Some(address) = &import.target else { continue };
            let key = (address.module(), address.resource.clone());
            imports.blocks.entry(key).or_default().push((import, address));
        }
        imports
    }

    /// Returns the import blocks that lead to resources which the configuration does not have, in their order.
    pub(crate) fn unconfigured(&self, root: &Node) -> Vec<(&'a Import, &'a Address)> {
        let is_there = |(module, resource): &(Module, addr::Resource)| {
            let found = module.0.iter().try_fold(root, |node, name| node.child(name));
            found.is_some_and(|node| node.module.names.resource_place(resource).is_some())
        };
        let missing = self.blocks.iter().filter(|(key, _)| !is_there(key));
        let mut found: Vec<(&Import, &Address)> = missing.flat_map(|(_, imports)| imports.iter().copied()).collect();
        found.sort_by_key(|(import, _)| (import.header.file, import.header.start));
        found
    }
}

impl<'a> Planner<'a> {
    /// Evaluates the import blocks that lead to a resource; what they refer to has been planned.
    pub(crate) fn expect_imports(&self, module: &Module, resource: &addr::Resource, kind: &ResourceKind) {
        let Some(imports) = self.imports.blocks.get(&(module.clone(), resource.clone())) else { return };
        for (import, address) in imports {
            for repeated in self.elements(import) {
                let Some(instance) = self.import_address(address, &repeated, import.to.span) else { continue };
                let Some(importing) = self.importing(import, kind, &repeated) else { continue };
                let is_done = self.prior.instance(&instance).is_some_and(|known| known.current.is_some());
                if !is_done {
                    self.expect(instance, Expected { importing, to: import.to.span });
                }
            }
        }
    }

    fn expect(&self, instance: AbsInstance, wanted: Expected) {
        let mut expected = self.imports.expected.borrow_mut();
        match expected.get(&instance) {
            Some(known) if known.importing.target != wanted.importing.target => {
                let detail = format!("{instance} would be made from two objects. Each instance is one object only.");
                self.report(Diagnostic::error("Duplicate import configuration", detail).at(wanted.to));
            }
            _ => drop(expected.insert(instance, wanted)),
        }
    }

    /// Returns what `each` is for the imports of a block.
    fn elements(&self, import: &Import) -> Vec<Repeated> {
        let Some(expr) = import.repetition.expr() else { return vec![Repeated::default()] };
        let Some(value) = self.import_value(expr, &Repeated::default()) else { return Vec::new() };
        let (value, marks) = value.unmark();
        let each = |key: Value, value: &Value| {
            let each = Some((key.with_marks(marks), value.clone().with_marks(marks)));
            Repeated { each, ..Repeated::default() }
        };
        let named = |name: &EcoString, value: &Value| each(Value::string(name.clone()), value);
        let numbered = |values: &[Value]| {
            let numbers = values.iter().enumerate();
            numbers.map(|(number, value)| each(Value::from(number as i64), value)).collect()
        };
        match value.kind() {
            Kind::Map(map) => map.entries().iter().map(|(name, value)| named(name, value)).collect(),
            Kind::Object(object) => object.iter().map(|(name, value)| named(name, value)).collect(),
            // One that is not known may be one of the others: how many there are is not known.
            Kind::Set(set) if set.values().iter().all(Value::is_known) => {
                set.values().iter().map(|value| each(value.clone(), value)).collect()
            }
            Kind::List(list) => numbered(list.values()),
            Kind::Tuple(tuple) => numbered(tuple.values()),
            _ => {
                let detail = match value.is_known() && !matches!(value.kind(), Kind::Set(_)) {
                    false => "What is to be imported depends on values that are known only after the apply.",
                    true => "\"for_each\" takes a collection here: a map, an object, a set, a list or a tuple.",
                };
                self.report(Diagnostic::error("Invalid for_each argument", detail).at(expr.span));
                Vec::new()
            }
        }
    }

    /// Evaluates a part of an import block; nothing if it is wrong.
    fn import_value(&self, expr: &Expr, repeated: &Repeated) -> Option<Value> {
        let (value, diags) = self.evaluation.eval(&self.evaluation.root(), repeated.clone(), expr);
        let failed = diags.has_errors();
        self.report_all(diags);
        (!failed).then_some(value)
    }

    /// Returns the instance that an import leads to.
    pub(crate) fn import_address(&self, address: &Address, repeated: &Repeated, to: Span) -> Option<AbsInstance> {
        let key = |expr: &Option<Expr>| match expr {
            None => Some(None),
            Some(expr) => self.import_key(expr, repeated, to).map(Some),
        };
        let mut steps = Vec::with_capacity(address.calls.len());
        for (name, expr) in &address.calls {
            steps.push(ModuleStep { name: name.clone(), key: key(expr)? });
        }
        let resource = AbsResource { module: ModuleInstance(steps.into()), resource: address.resource.clone() };
        Some(AbsInstance { resource, key: key(&address.key)? })
    }

    fn import_key(&self, expr: &Expr, repeated: &Repeated, to: Span) -> Option<Key> {
        let (value, marks) = self.import_value(expr, repeated)?.unmark();
        let number = || value.as_number().and_then(value::Number::to_i64).and_then(|number| u64::try_from(number).ok());
        let detail = match (value.as_str(), number()) {
            _ if !marks.is_empty() => "The key comes from a sensitive or ephemeral value, and addresses are shown.",
            (Some(name), _) => return Some(Key::Name(name.into())),
            (None, Some(number)) => return Some(Key::Number(number)),
            _ if !value.is_known() => "The key depends on values that are known only after the apply.",
            _ => "A key is a text or a whole number that is not negative.",
        };
        self.report(Diagnostic::error("Invalid index expression", detail).at(to));
        None
    }

    /// Returns what an import block says of the object that it means.
    pub(crate) fn importing(&self, import: &Import, kind: &ResourceKind, repeated: &Repeated) -> Option<Importing> {
        let (target, is_sensitive) = match (&import.id, &import.identity) {
            (Some(id), _) => self.import_id(id, repeated)?,
            (None, Some(identity)) => self.import_identity(identity, kind, repeated)?,
            (None, None) => return None,
        };
        Some(Importing { target, is_sensitive, is_generated: false })
    }

    /// Returns the id that an import block says, and whether it must not be shown. An inner nothing is not known yet.
    fn import_id(&self, expr: &Expr, repeated: &Repeated) -> Option<(Option<ImportTarget>, bool)> {
        let (value, marks) = self.import_value(expr, repeated)?.unmark_deep();
        let refuse = |detail: &str| {
            self.report(Diagnostic::error("Invalid import id argument", detail).at(expr.span));
            None
        };
        if marks.contains(Marks::EPHEMERAL) {
            return refuse("The id of the object to import is an ephemeral value; it would be in the plan.");
        }
        if value.is_null() {
            return refuse("The id of the object to import is null.");
        }
        let Ok(text) = convert(&value, &Type::String) else {
            return refuse("The id of the object to import must be a string.");
        };
        match text.as_str() {
            Some("") => refuse("The id of the object to import is empty."),
            id => Some((id.map(|id| ImportTarget::Id(id.into())), marks.contains(Marks::SENSITIVE))),
        }
    }

    fn import_identity(
        &self,
        expr: &Expr,
        kind: &ResourceKind,
        repeated: &Repeated,
    ) -> Option<(Option<ImportTarget>, bool)> {
        let (value, marks) = self.import_value(expr, repeated)?.unmark_deep();
        let refuse = |detail: String| {
            self.report(Diagnostic::error("Invalid import identity argument", detail).at(expr.span));
            None
        };
        let Some(schema) = &kind.identity else {
            return refuse("This resource type has no identity: import its objects by \"id\".".to_owned());
        };
        if marks.contains(Marks::EPHEMERAL) {
            return refuse(
                "The identity of the object to import is an ephemeral value; it would be in the plan.".into(),
            );
        }
        if !value.is_wholly_known() {
            return Some((None, marks.contains(Marks::SENSITIVE)));
        }
        let Some(given) = value.as_entries() else {
            return refuse("An identity is an object of the parts that tell an object apart from all others.".into());
        };
        let known = |name: &str| schema.attributes.iter().any(|part| part.name == name);
        if let Some((name, _)) = given.iter().find(|(name, _)| !known(name)) {
            return refuse(format!("The identity has no part {name:?}."));
        }
        let mut parts = Vec::with_capacity(schema.attributes.len());
        for part in &schema.attributes {
            let value = given.iter().find(|(name, _)| **name == part.name).map(|(_, value)| value);
            let value = match value.filter(|value| !value.is_null()) {
                Some(value) => convert(value, &part.ty),
                None if part.required_for_import => {
                    return refuse(format!("The identity needs the part {:?}.", part.name));
                }
                None => Ok(Value::null(part.ty.clone())),
            };
            match value {
                Ok(value) => parts.push((part.name.clone(), value)),
                Err(error) => {
                    return refuse(format!("The part {:?} of the identity does not fit: {error}.", part.name));
                }
            }
        }
        Some((Some(ImportTarget::Identity(Value::object(parts))), marks.contains(Marks::SENSITIVE)))
    }

    /// Plans an instance, which begins with the object that is stored, or with the one that is imported.
    pub(crate) async fn managed_or_imported(&self, block: &Block<'a>, desired: Desired, prior: Prior) -> Value {
        let expected = self.imports.expected.borrow_mut().remove(&desired.address);
        let Some(Expected { importing, to }) = expected else {
            return self.managed(block, desired, prior).await;
        };
        let found = match &importing.target {
            None => Found::Later(Wait::Config, importing),
            Some(_) if block.waits => Found::Later(Wait::ProviderConfig, importing),
            Some(_) => {
                let provider = self.provider_of(block, &desired.address);
                self.import(&*provider, &block.kind, &desired.address, (importing, Some(to))).await
            }
        };
        match found {
            Found::Now(prior) => self.managed(block, desired, *prior).await,
            Found::Later(wait, importing) => self.import_later(block, desired, (wait, importing)).await,
            Found::Failed => Value::unknown(block.kind.ty.clone()),
        }
    }

    /// Leaves an import to a later stage: what the object is like is not known before.
    async fn import_later(&self, block: &Block<'a>, desired: Desired, (wait, importing): (Wait, Importing)) -> Value {
        let Some(after) = self.unlisted(block, &desired).await else {
            return Value::unknown(block.kind.ty.clone());
        };
        let values = (after.clone(), after.clone());
        let change = Change {
            needs: desired.needs,
            repeated: Some(desired.repeated),
            importing: Some(importing),
            ..Change::new(desired.address, block.config.clone(), Action::NoOp, values)
        };
        self.conclude(Some(desired.wait.unwrap_or(wait)), change);
        after
    }

    /// Finds an object for an instance.
    pub(crate) async fn import(
        &self,
        provider: &dyn sdk::Provider,
        kind: &ResourceKind,
        address: &AbsInstance,
        (importing, to): (Importing, Option<Span>),
    ) -> Found {
        let refuse = |summary: &str, detail: String| {
            let mut problem = Diagnostic::error(summary, detail);
            problem.address = Some(address.to_string());
            problem.subject = to;
            self.report(problem);
            Found::Failed
        };
        let Some(target) = importing.target.clone() else { return Found::Later(Wait::Config, importing) };
        let name = address.resource.resource.kind.clone();
        let request = ImportRequest { kind: name.clone(), target, deferral_allowed: true };
        let response = provider.import(request).await;
        if !self.accept(response.problems, address, to) {
            return Found::Failed;
        }
        if let Some(why) = response.deferred {
            return Found::Later(why.into(), importing);
        }
        let count = response.objects.len();
        let mut objects = response.objects.into_iter().filter(|found| found.kind == name);
        let (Some(found), 1) = (objects.next(), count) else {
            let detail =
                format!("An import makes one object of type {name:?}, and the provider returned {count} objects.");
            return refuse("Import without one result", detail);
        };
        let request = ReadRequest {
            kind: name,
            current: found.object,
            private: found.private,
            identity: found.identity.clone(),
            meta: Value::NULL,
            deferral_allowed: true,
        };
        let response = provider.read(request).await;
        if !self.accept(response.problems, address, to) {
            return Found::Failed;
        }
        if let Some(why) = response.deferred {
            return Found::Later(why.into(), importing);
        }
        if response.object.is_null() {
            let detail = format!(
                "The provider found no object that {address} could be made from. Check the id, and with which \
                 configuration of the provider it is looked for."
            );
            return refuse("Cannot import non-existent remote object", detail);
        }
        if crate::identity::contradicts(found.identity.as_ref(), response.identity.as_ref()) {
            let detail = format!("While {address} was imported, the provider returned two different identities.");
            return refuse("Provider produced different identity", detail);
        }
        let identity = response.identity.or(found.identity);
        match stored_form(kind, &response.object, &response.private, identity.as_ref()) {
            Err(error) => refuse("Provider returned an impossible object", error.to_string()),
            Ok(object) => {
                let (value, private) = (response.object, response.private);
                let (object, importing) = (Some(object.into()), Some(importing));
                Found::Now(Box::new(Prior { value, private, object, identity, importing, wait: None }))
            }
        }
    }

    /// Reports problems; tells whether there is no error among them.
    fn accept(&self, problems: Vec<sdk::Problem>, address: &AbsInstance, to: Option<Span>) -> bool {
        let is_fine = !problems.iter().any(sdk::Problem::is_error);
        for problem in problems {
            let mut diagnostic = crate::problems::diagnostic(problem, None);
            diagnostic.address = Some(address.to_string());
            diagnostic.subject = to;
            self.report(diagnostic);
        }
        is_fine
    }

    /// Deals with imports that no instance of the configuration has taken.
    pub(crate) async fn remaining_imports(&self) {
        // What was not met because of -target, or because an earlier stage has done it, is no business of this plan.
        if self.is_limited() || self.options.rest.is_some() {
            return;
        }
        for (import, address) in self.imports.unconfigured(self.root) {
            self.import_unconfigured(import, address).await;
        }
        // Instances that could not be planned may have been among them.
        if self.out.borrow().diags.has_errors() {
            return;
        }
        let left = self.imports.expected.take();
        // Which instances there are in what waits, a later stage finds out.
        for (instance, wanted) in left.into_iter().filter(|(instance, _)| !self.waiting.borrow().covers(instance)) {
            let detail = format!(
                "There is no {instance} in the configuration: its block is there, but does not have this instance."
            );
            self.report(Diagnostic::error("Configuration for import target does not exist", detail).at(wanted.to));
        }
    }
}

/// Returns what to store of an object that was found.
fn stored_form(
    kind: &ResourceKind,
    value: &Value,
    private: &[u8],
    identity: Option<&Value>,
) -> Result<Object, AttributesError> {
    let attributes = Attributes::of_value(value.clone(), kind.ty.clone())?;
    let marked = crate::change::mark_sensitive(&kind.schema.block, value.clone(), &[]);
    Ok(Object {
        sensitive: marked.unmark_paths().1.into_iter().map(|(path, _)| path).collect(),
        private: private.into(),
        identity: crate::identity::to_store(kind.identity.as_ref(), identity),
        ..Object::new(kind.schema.version, attributes)
    })
}
