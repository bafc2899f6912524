//! What an instance comes after: everything that its block, its modules and its provider's configuration refer to.

use std::rc::Rc;

use addr::{AbsResource, Mode, ModuleInstance, ProviderConfig};
use lang::evaluation::{Instance, Repeated, Touched};
use lang::expr::{Evaluator, Expr, Subject};

use crate::model::Need;
use crate::planner::{Block, Planner};

/// What everything inside a module instance comes after.
#[derive(Clone, Default)]
pub(crate) struct ModuleNeeds {
    /// What the `depends_on` of the calls says.
    pub(crate) awaited: Rc<[Need]>,
    /// What `count` and `for_each` of the calls are made from.
    repetition: Rc<[Need]>,
}

impl<'a> Planner<'a> {
    /// Turns places in modules into addresses.
    pub(crate) fn needs(&self, touched: Vec<Touched>) -> Vec<Need> {
        let need = |touched: Touched| {
            let node = self.root.find(&touched.module)?;
            let resource = node.module.resources.get(touched.resource as usize)?.address.clone();
            Some(Need { resource: AbsResource { module: touched.module, resource }, key: touched.key })
        };
        touched.into_iter().filter_map(need).collect()
    }

    /// Completes the needs of an instance: with those that all of its block have, and with those of what is not managed
    /// among them, which has no place in state and so no order of its own when things are deleted.
    pub(crate) fn all_needs(&self, block: &Block<'a>, instance: &Rc<Instance<'a>>, own: Vec<Need>) -> Vec<Need> {
        let mut all = own;
        let module = self.needs_of_module(instance);
        all.extend_from_slice(&module.awaited);
        all.extend_from_slice(&module.repetition);
        if let Some(needs) = self.needs_of_providers.borrow().get(&*block.config) {
            all.extend_from_slice(needs);
        }
        let unmanaged = self.needs_of_unmanaged.borrow();
        for place in 0..all.len() {
            if all[place].resource.resource.mode != Mode::Managed
                && let Some(needs) = unmanaged.get(&all[place].resource)
            {
                all.extend_from_slice(needs);
            }
        }
        all.sort_unstable_by(|a, b| (&a.resource, &a.key).cmp(&(&b.resource, &b.key)));
        all.dedup();
        all
    }

    /// Remembers what something needs that is not managed.
    pub(crate) fn note_unmanaged(&self, resource: &AbsResource, needs: &[Need]) {
        if resource.resource.mode != Mode::Managed {
            let mut unmanaged = self.needs_of_unmanaged.borrow_mut();
            let known = unmanaged.entry(resource.clone()).or_default();
            known.extend(needs.iter().filter(|need| need.resource.resource.mode == Mode::Managed).cloned());
        }
    }

    /// Remembers what the configuration of a provider refers to.
    pub(crate) fn note_provider(&self, config: &ProviderConfig, touched: Vec<Touched>) {
        let needs = self.needs(touched);
        self.needs_of_providers.borrow_mut().insert(config.clone(), needs);
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
    pub(crate) fn needs_of_module(&self, instance: &Rc<Instance<'a>>) -> ModuleNeeds {
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
        whole.extend(self.needs(touched));
        let (_, touched) = self.evaluation.traced(|| self.evaluation.find(address));
        let needs = ModuleNeeds { awaited: whole.into(), repetition: self.needs(touched).into() };
        self.needs_of_modules.borrow_mut().insert(address.clone(), needs.clone());
        needs
    }
}
