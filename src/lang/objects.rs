//! The objects of a tree of modules and what each needs: the graph behind cycles, and the order of planning.

use std::collections::{HashMap, HashSet};

use diag::{Diagnostics, Span};
use ecow::EcoString;
use syntax::tree::Body;

use crate::expr::{Expr, Reference, StaticStep, Subject};
use crate::module::{Allowed, Condition, Module, Resource, ScopedNames};
use crate::tree::Node;

/// The kinds of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A variable: the value that the call gives it.
    Variable,
    /// A local value.
    Local,
    /// A resource with all its instances.
    Resource,
    /// An output.
    Output,
    /// A provider configuration.
    Provider,
    /// Everything that a call needs before any of the module exists: `count`, `for_each`, `depends_on`.
    Call,
}

/// The objects of a tree, numbered, callers before the called.
#[derive(Default)]
pub struct Objects {
    /// What each is called, in full.
    pub names: Vec<EcoString>,
    /// Where each is written.
    pub spans: Vec<Span>,
    /// The objects that each object needs.
    pub edges: Vec<Vec<u32>>,
    /// Resources that refer to themselves where they cannot, with the references: such an edge is none of `edges`.
    pub selves: Vec<(u32, Span)>,
    /// What references read of resources: attributes and blocks at the top, nothing for all that there is.
    pub read: HashMap<u32, HashSet<Option<EcoString>>>,
    kinds: Vec<Kind>,
    /// Where the objects of a module begin.
    places: HashMap<(addr::Module, Kind), u32>,
}

impl Objects {
    /// Collects the objects of a tree.
    pub fn of(root: &Node) -> Objects {
        let mut objects = Objects::default();
        root.visit(&mut |node| objects.add_objects(node));
        objects.walk(&mut vec![root]);
        objects.imports(root);
        for edges in &mut objects.edges {
            edges.sort_unstable();
            edges.dedup();
        }
        objects
    }

    fn add(&mut self, node: &Node, kind: Kind, objects: impl Iterator<Item = (String, Span)>) {
        self.places.insert((node.path.clone(), kind), self.names.len() as u32);
        let prefix = if node.path.is_root() { String::new() } else { format!("{}.", node.path) };
        for (name, span) in objects {
            self.names.push(format!("{prefix}{name}").into());
            self.spans.push(span);
            self.kinds.push(kind);
            self.edges.push(Vec::new());
        }
    }

    fn add_objects(&mut self, node: &Node) {
        let module = &node.module;
        self.add(node, Kind::Variable, module.variables.iter().map(|v| (format!("var.{}", v.name), v.header)));
        self.add(node, Kind::Local, module.locals.iter().map(|l| (format!("local.{}", l.name), l.span)));
        self.add(node, Kind::Resource, module.resources.iter().map(|r| (r.address.to_string(), r.header)));
        self.add(node, Kind::Output, module.outputs.iter().map(|o| (format!("output.{}", o.name), o.header)));
        self.add(node, Kind::Provider, module.providers.iter().map(|p| (format!("provider.{}", p.local), p.header)));
        self.add(node, Kind::Call, module.calls.iter().map(|c| (format!("module.{}", c.name), c.header)));
    }

    /// Returns the numbers of all objects of a kind.
    pub fn of_kind(&self, kind: Kind) -> Vec<u32> {
        (0..self.kinds.len() as u32).filter(|object| self.kinds[*object as usize] == kind).collect()
    }

    /// Returns the number of an object; `offset` is its place in its module's list.
    pub fn place(&self, module: &addr::Module, kind: Kind, offset: u32) -> u32 {
        self.places[&(module.clone(), kind)] + offset
    }

    fn walk(&mut self, path: &mut Vec<&Node>) {
        let Some(node) = path.last().copied() else { return };
        self.add_edges(node);
        for (offset, resource) in node.module.resources.iter().enumerate() {
            if let Some((owner, config)) = crate::providers::resolve(path, resource).block {
                let from = self.place(&node.path, Kind::Resource, offset as u32);
                let place = owner.module.provider_place(&config.local).unwrap_or(0);
                let to = self.place(&owner.path, Kind::Provider, place as u32);
                self.edges[from as usize].push(to);
            }
        }
        for child in node.children.iter().flatten() {
            path.push(child);
            self.walk(path);
            path.pop();
        }
    }

    fn add_edges(&mut self, node: &Node) {
        let module = &*node.module;
        for (offset, config) in module.providers.iter().enumerate() {
            let from = self.place(&node.path, Kind::Provider, offset as u32);
            config.repetition.expr().iter().for_each(|expr| self.expression(node, from, expr));
            self.body(node, from, &config.body, &config.names);
        }
        for (offset, local) in module.locals.iter().enumerate() {
            let from = self.place(&node.path, Kind::Local, offset as u32);
            self.expression(node, from, &local.value);
        }
        for (offset, resource) in module.resources.iter().enumerate() {
            let from = self.place(&node.path, Kind::Resource, offset as u32);
            self.resource(node, from, resource);
        }
        for (offset, output) in module.outputs.iter().enumerate() {
            let from = self.place(&node.path, Kind::Output, offset as u32);
            self.expression(node, from, &output.value);
            output.depends_on.iter().for_each(|expr| self.dependency(node, from, expr));
            self.conditions(node, from, &output.preconditions);
        }
        for (offset, variable) in module.variables.iter().enumerate() {
            let from = self.place(&node.path, Kind::Variable, offset as u32);
            // A validation refers to its own variable; that is no cycle.
            for condition in &variable.validations {
                for expr in [&condition.condition, &condition.message] {
                    expr.visit_references(&mut |reference| {
                        if reference.subject != Subject::Variable(offset as u32) {
                            self.edge(node, from, reference);
                        }
                    });
                }
            }
        }
        for offset in 0..module.calls.len() {
            self.call(node, module, offset);
        }
    }

    fn call(&mut self, node: &Node, module: &Module, offset: usize) {
        let call = &module.calls[offset];
        let from = self.place(&node.path, Kind::Call, offset as u32);
        call.repetition.expr().iter().for_each(|expr| self.expression(node, from, expr));
        call.depends_on.iter().for_each(|expr| self.dependency(node, from, expr));
        let Some(child) = &node.children[offset] else { return };
        for (name, expr) in &call.inputs {
            let variable = child.module.variables.binary_search_by(|variable| variable.name.cmp(&name.name));
            let Ok(variable) = variable else { continue };
            let input = self.place(&child.path, Kind::Variable, variable as u32);
            self.expression(node, input, expr);
        }
        // Everything inside waits for the call itself.
        for (kind, count) in [
            (Kind::Variable, child.module.variables.len()),
            (Kind::Resource, child.module.resources.len()),
            (Kind::Call, child.module.calls.len()),
        ] {
            let first = self.place(&child.path, kind, 0);
            for place in first..first + count as u32 {
                self.edges[place as usize].push(from);
            }
        }
    }

    fn resource(&mut self, node: &Node, from: u32, resource: &Resource) {
        let lifecycle = &resource.lifecycle;
        resource.depends_on.iter().for_each(|expr| self.dependency(node, from, expr));
        self.conditions(node, from, &lifecycle.preconditions);
        self.conditions(node, from, &lifecycle.postconditions);
        // The bodies are not compiled yet: no schema is known here. Their references are found by name.
        let own = resource.connection.as_ref();
        let connections = resource.provisioners.iter().filter_map(|provisioner| provisioner.connection.as_ref());
        for body in own.into_iter().chain(connections).chain(resource.provisioners.iter().map(|p| &p.body)) {
            self.body(node, from, body, &resource.names);
        }
        // All this is looked at when the object is there (or has a rule of its own about it).
        while self.selves.pop_if(|(resource, _)| *resource == from).is_some() {}
        resource.repetition.expr().iter().for_each(|expr| self.expression(node, from, expr));
        lifecycle.replace_triggered_by.iter().for_each(|expr| self.expression(node, from, expr));
        self.body(node, from, &resource.body, &resource.names);
    }

    fn body(&mut self, node: &Node, from: u32, body: &Body, names: &ScopedNames) {
        let mut ignored = Diagnostics::new();
        let names = ScopedNames { allowed: Allowed { silent: true, ..names.allowed }, module: names.module.clone() };
        syntax::visit_body(body, &mut |tree| {
            if let Some(expr) = crate::expr::compile_reference(tree, &names, &mut ignored) {
                self.expression(node, from, &expr);
            }
        });
    }

    /// Adds what the ids of imported objects are made from: their resources wait for it.
    fn imports(&mut self, root: &Node) {
        for import in &root.module.imports {
            let Some(target) = &import.target else { continue };
            let found = target.calls.iter().try_fold(root, |node, (name, _)| node.child(name));
            let place = found.and_then(|node| Some((node, *node.module.names.resource_place(&target.resource)?)));
            let Some((node, place)) = place else { continue };
            let from = self.place(&node.path, Kind::Resource, place);
            let known = self.selves.len();
            let exprs = [import.id.as_ref(), import.identity.as_ref(), import.repetition.expr()];
            exprs.into_iter().flatten().for_each(|expr| self.expression(root, from, expr));
            // An import that is made from its own target is reported by what checks imports.
            self.selves.truncate(known);
        }
    }

    fn conditions(&mut self, node: &Node, from: u32, conditions: &[Condition]) {
        for condition in conditions {
            self.expression(node, from, &condition.condition);
            self.expression(node, from, &condition.message);
        }
    }

    /// Adds what an element of `depends_on` needs: of a module everything that is in it.
    fn dependency(&mut self, node: &Node, from: u32, expr: &Expr) {
        expr.visit_references(&mut |reference| {
            self.edge(node, from, reference);
            let Subject::Module(place) = reference.subject else { return };
            let Some(Some(child)) = node.children.get(place as usize) else { return };
            child.visit(&mut |inside| {
                let first = self.place(&inside.path, Kind::Resource, 0);
                self.edges[from as usize].extend(first..first + inside.module.resources.len() as u32);
            });
        });
    }

    fn expression(&mut self, node: &Node, from: u32, expr: &Expr) {
        expr.visit_references(&mut |reference| {
            self.edge(node, from, reference);
            if let Subject::Resource(place) = reference.subject {
                let resource = self.place(&node.path, Kind::Resource, place);
                self.read.entry(resource).or_default().insert(reference.attribute().cloned());
            }
        });
    }

    fn edge(&mut self, node: &Node, from: u32, reference: &Reference) {
        let to = match reference.subject {
            Subject::Variable(place) => self.place(&node.path, Kind::Variable, place),
            Subject::Local(place) => self.place(&node.path, Kind::Local, place),
            Subject::Resource(place) => {
                let to = self.place(&node.path, Kind::Resource, place);
                // An instance may refer to another instance of its own resource; whether that ends is known later.
                if to == from {
                    if reference.instance_key().is_none() {
                        self.selves.push((from, reference.span));
                    }
                    return;
                }
                to
            }
            Subject::Module(place) => return self.module_edge(node, from, place, reference),
            _ => return,
        };
        self.edges[from as usize].push(to);
    }

    /// Adds what a reference to a module call needs: one output, or all of them.
    fn module_edge(&mut self, node: &Node, from: u32, place: u32, reference: &Reference) {
        let call = self.place(&node.path, Kind::Call, place);
        self.edges[from as usize].push(call);
        let Some(Some(child)) = node.children.get(place as usize) else { return };
        let named = reference.static_steps().iter().find_map(|step| match step {
            StaticStep::Attribute(name, _) => Some(name.to_string()),
            StaticStep::Index(..) => None,
        });
        let first = self.place(&child.path, Kind::Output, 0);
        for (offset, output) in child.module.outputs.iter().enumerate() {
            if named.as_ref().is_none_or(|name| output.name == *name) {
                self.edges[from as usize].push(first + offset as u32);
            }
        }
    }
}
