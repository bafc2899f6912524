//! What an instance comes after: everything that its block, its modules and its provider's configuration refer to.

use std::rc::Rc;

use addr::{AbsResource, Mode, ModuleInstance};
use diag::Diagnostics;
use lang::evaluation::{Instance, Repeated, Touched};
use lang::expr::{Evaluator, Expr, Subject};
use lang::module::{Allowed, Resource, ScopedNames};

use crate::deferral::INSTANCES_LIMIT;
use crate::model::Need;
use crate::planner::{Block, Planner};

/// What everything inside a module instance comes after.
#[derive(Clone, Default)]
pub(crate) struct ModuleNeeds {
    /// What the `depends_on` of the calls says.
    awaited: Rc<[Need]>,
    /// What `count` and `for_each` of the calls are made from.
    repetition: Rc<[Need]>,
    /// Something is among these that is in a module whose instances are not known.
    touches_unknown: bool,
}

/// What all instances of a block in one module instance come after: their number, their module, their provider.
pub(crate) struct Shared {
    /// What a `depends_on` of a call around them says.
    pub(crate) awaited: Rc<[Need]>,
    /// The rest.
    pub(crate) needs: Vec<Need>,
    /// Something is among these that is in a module whose instances are not known.
    pub(crate) touches_unknown: bool,
}

impl<'a> Planner<'a> {
    /// Turns places in modules into addresses; what is not managed, and so has no place in state, stands for what it came
    /// after itself. Tells, too, whether something is among them that is in a module whose instances are not known.
    pub(crate) fn needs(&self, touched: Vec<Touched>) -> (Vec<Need>, bool) {
        let mut touches_unknown = false;
        let mut needs = Vec::with_capacity(touched.len());
        let passed_on = self.passed_on.borrow();
        for touched in folded(touched) {
            let Some(place) = touched.resource else {
                touches_unknown = true;
                continue;
            };
            let Some(node) = self.root.find(&touched.module) else { continue };
            let Some(resource) = node.module.resources.get(place as usize) else { continue };
            let resource = AbsResource { module: touched.module, resource: resource.address.clone() };
            passed_on.expand(&resource, touched.key.as_ref(), &mut needs);
            needs.push(Need { resource, key: touched.key });
        }
        (needs, touches_unknown)
    }

    /// Returns what all instances of a block have in common; `number` is what their number was made from.
    pub(crate) fn shared(&self, block: &Block<'a>, instance: &Rc<Instance<'a>>, number: Vec<Touched>) -> Shared {
        let (mut needs, touches_unknown) = self.needs(number);
        let module = self.needs_of_module(instance);
        needs.extend_from_slice(&module.repetition);
        needs.extend_from_slice(&block.provider_needs);
        needs.sort_unstable();
        needs.dedup();
        Shared { awaited: module.awaited, needs, touches_unknown: touches_unknown || module.touches_unknown }
    }

    /// Evaluates what stands beside the body of a resource, for the sake of what it refers to: conditions, provisioners
    /// and their connections. What is wrong with them is found where they count.
    pub(crate) fn evaluate_beside(&self, resource: &Resource, instance: &Rc<Instance<'a>>, repeated: &Repeated) {
        let scope = self.evaluation.scope(instance, repeated.clone());
        let mut evaluator = Evaluator::new(&scope, self.env);
        let conditions = resource.lifecycle.preconditions.iter().chain(&resource.lifecycle.postconditions);
        for condition in conditions {
            evaluator.eval(&condition.condition);
            evaluator.eval(&condition.message);
        }
        let connections = resource.provisioners.iter().filter_map(|provisioner| provisioner.connection.as_ref());
        let bodies = resource.connection.iter().chain(connections).chain(resource.provisioners.iter().map(|p| &p.body));
        let allowed = Allowed { silent: true, this: true, ..resource.names.allowed };
        let names = ScopedNames { allowed, module: resource.names.module.clone() };
        for body in bodies {
            syntax::visit_body(body, &mut |tree| {
                if let Some(expr) = lang::expr::compile_reference(tree, &names, &mut Diagnostics::new()) {
                    evaluator.eval(&expr);
                }
            });
        }
    }

    /// Returns the managed resources whose changes a data source waits for besides those that a `depends_on` says: those
    /// that its body names, as what is read may be another thing afterwards even if no argument is.
    pub(crate) fn named_by_data(&self, resource: &Resource, instance: &Rc<Instance<'a>>) -> Vec<Need> {
        if resource.address.mode != Mode::Data {
            return Vec::new();
        }
        let names = resource.names.clone();
        let names = ScopedNames { allowed: Allowed { silent: true, ..names.allowed }, module: names.module };
        let mut named = Vec::new();
        syntax::visit_body(&resource.body, &mut |tree| {
            let Some(expr) = lang::expr::compile_reference(tree, &names, &mut Diagnostics::new()) else { return };
            named.extend(expr.references().iter().filter_map(|reference| match reference.subject {
                Subject::Resource(place) => instance.node.module.resources.get(place as usize),
                _ => None,
            }));
        });
        let managed = named.into_iter().filter(|resource| resource.address.mode == Mode::Managed);
        let address =
            |resource: &Resource| AbsResource { module: instance.address.clone(), resource: resource.address.clone() };
        managed.map(|resource| Need { resource: address(resource), key: None }).collect()
    }

    /// Returns the resources of modules that a `depends_on` names: all that is in them, whatever their outputs are made
    /// from.
    pub(crate) fn needs_of_named_modules(&self, instance: &Rc<Instance<'a>>, depends_on: &[Expr]) -> Vec<Need> {
        let mut open = Vec::new();
        for reference in depends_on.iter().flat_map(Expr::references) {
            if let Subject::Module(call) = reference.subject {
                open.extend(self.evaluation.children(instance, call).unwrap_or_default());
            }
        }
        let mut needs = Vec::new();
        while let Some(inside) = open.pop() {
            let resources = inside.node.module.resources.iter().map(|resource| resource.address.clone());
            let resources = resources.map(|resource| AbsResource { module: inside.address.clone(), resource });
            needs.extend(resources.map(|resource| Need { resource, key: None }));
            for call in 0..inside.node.module.calls.len() as u32 {
                open.extend(self.evaluation.children(&inside, call).unwrap_or_default());
            }
        }
        needs
    }

    /// Returns what everything inside a module instance needs: what the calls of it and of the modules around it say.
    fn needs_of_module(&self, instance: &Rc<Instance<'a>>) -> ModuleNeeds {
        let address = &instance.address;
        if let Some(known) = self.needs_of_modules.borrow().get(address) {
            return known.clone();
        }
        let mut whole = Vec::new();
        let ((), touched) = self.evaluation.traced(|| {
            for depth in 0..address.0.len() {
                let caller = ModuleInstance(address.0[..depth].iter().cloned().collect());
                let Some(caller) = self.evaluation.find(&caller) else { continue };
                let calls = caller.node.module.calls.iter();
                for call in calls.filter(|call| call.name == address.0[depth].name) {
                    let scope = self.evaluation.scope(&caller, Repeated::default());
                    let mut evaluator = Evaluator::new(&scope, self.env);
                    call.depends_on.iter().for_each(|expr| _ = evaluator.eval(expr));
                    whole.extend(self.needs_of_named_modules(&caller, &call.depends_on));
                }
            }
        });
        let (awaited, awaits_unknown) = self.needs(touched);
        whole.extend(awaited);
        let (_, touched) = self.evaluation.traced(|| self.evaluation.find(address));
        let (repetition, touches_unknown) = self.needs(touched);
        let touches_unknown = touches_unknown || awaits_unknown;
        let needs = ModuleNeeds { awaited: whole.into(), repetition: repetition.into(), touches_unknown };
        self.needs_of_modules.borrow_mut().insert(address.clone(), needs.clone());
        needs
    }
}

/// Replaces many instances of one resource by all of them; what was touched is sorted.
fn folded(touched: Vec<Touched>) -> Vec<Touched> {
    if touched.len() <= INSTANCES_LIMIT {
        return touched;
    }
    let mut folded = Vec::new();
    for of_resource in touched.chunk_by(|a, b| a.module == b.module && a.resource == b.resource) {
        match of_resource {
            [first, ..] if of_resource.len() > INSTANCES_LIMIT => folded.push(Touched { key: None, ..first.clone() }),
            few => folded.extend_from_slice(few),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use addr::Key;

    use super::*;

    fn check(count: usize, expected: usize) {
        let one = |key| Touched { module: ModuleInstance::default(), resource: Some(0), key: Some(Key::Number(key)) };
        let other = Touched { resource: Some(1), ..one(7) };
        let touched = (0..count as u64).map(one).chain([other.clone()]).collect();
        let found = folded(touched);
        assert_eq!(found.len(), expected, "{count}");
        assert_eq!(found.last(), Some(&other));
        assert_eq!(found[0].key.is_none(), count > INSTANCES_LIMIT, "{count}");
    }

    #[test]
    fn many_instances_stand_for_all_and_few_for_themselves() {
        check(INSTANCES_LIMIT, INSTANCES_LIMIT + 1);
        check(10_000, 2);
    }
}
