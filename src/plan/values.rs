//! The values of resources while a plan is made or applied: what references to them see.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use addr::{AbsInstance, AbsResource, Key, Mode, ModuleInstance};
use lang::evaluation::Resources;
use lang::module::{Repetition, Resource};
use lang::tree::Node;
use value::Value;

use crate::file::SavedResource;
use crate::model::Plan;
use crate::stand_ins::MadeUp;

/// Values by module instance and resource; they are set once all instances have one.
#[derive(Default)]
pub struct Values {
    resources: RefCell<HashMap<(ModuleInstance, *const Resource), Rc<Entry>>>,
    made_up: Option<MadeUp>,
}

struct Entry {
    address: addr::Resource,
    instances: RefCell<Vec<(Option<Key>, Value)>>,
    places: HashMap<Key, usize>,
    numbered: bool,
    is_ephemeral: bool,
    /// All instances as one value: made when somebody asks, and only then.
    whole: RefCell<Option<Value>>,
}

impl Values {
    /// Makes values of a plan some of which are made up.
    pub fn new(made_up: Option<MadeUp>) -> Values {
        Values { made_up, ..Values::default() }
    }

    /// Sets the instances of a resource, in order of their keys.
    pub fn set(&self, module: &ModuleInstance, resource: &Resource, instances: Vec<(Option<Key>, Value)>) {
        let keys = instances.iter().enumerate();
        let places = keys.filter_map(|(place, (key, _))| Some((key.clone()?, place))).collect();
        let numbered = matches!(resource.repetition, Repetition::Count(_));
        let is_ephemeral = resource.address.mode == Mode::Ephemeral;
        let (address, instances, whole) = (resource.address.clone(), RefCell::new(instances), RefCell::default());
        let entry = Entry { address, instances, places, numbered, is_ephemeral, whole };
        self.resources.borrow_mut().insert((module.clone(), std::ptr::from_ref(resource)), Rc::new(entry));
    }

    /// Changes the value of one instance that has been set.
    pub fn update(&self, module: &ModuleInstance, resource: &Resource, key: Option<&Key>, value: Value) {
        let Some(entry) = self.entry(module, resource) else { return };
        let place = key.map_or(Some(0), |key| entry.places.get(key).copied());
        if let Some(place) = place
            && let Some(slot) = entry.instances.borrow_mut().get_mut(place)
        {
            slot.1 = value;
            *entry.whole.borrow_mut() = None;
        }
    }

    /// Returns the value of one instance that has been set.
    pub fn one(&self, module: &ModuleInstance, resource: &Resource, key: Option<&Key>) -> Option<Value> {
        let entry = self.entry(module, resource)?;
        let place = key.map_or(Some(0), |key| entry.places.get(key).copied())?;
        let instances = entry.instances.borrow();
        instances.get(place).map(|(_, value)| value.clone())
    }

    /// Tells whether a resource has values.
    pub fn has(&self, module: &ModuleInstance, resource: &Resource) -> bool {
        self.entry(module, resource).is_some()
    }

    /// Forgets what ephemeral resources held: it is good for one phase only.
    pub fn forget_ephemeral(&self) {
        self.resources.borrow_mut().retain(|_, entry| !entry.is_ephemeral);
    }

    /// Returns all that is set, for a plan file; values that are what the plan makes of an instance are left out.
    pub fn save(&self, plan: &Plan) -> Vec<SavedResource> {
        let planned = planned_values(plan);
        let resources = self.resources.borrow();
        let saved = resources.iter().map(|((module, _), entry)| {
            let resource = AbsResource { module: module.clone(), resource: entry.address.clone() };
            let instances = entry.instances.borrow();
            let instances = instances.iter().map(|(key, value)| {
                let address = AbsInstance { resource: resource.clone(), key: key.clone() };
                let is_planned = planned.get(&address).is_some_and(|planned| *planned == value);
                (key.clone(), (!is_planned).then(|| value.clone()))
            });
            let instances = instances.collect();
            SavedResource { module: resource.module, resource: resource.resource, instances }
        });
        let mut saved: Vec<SavedResource> = saved.collect();
        saved.sort_by(|a, b| (&a.module, &a.resource).cmp(&(&b.module, &b.resource)));
        saved
    }

    /// Sets what was saved; nothing of what the configuration does not have.
    pub fn restore(&self, root: &Node, saved: &[SavedResource], plan: &Plan) {
        let planned = planned_values(plan);
        for entry in saved {
            let Some(node) = root.find(&entry.module) else { continue };
            let place = node.module.names.resource_place(&entry.resource).copied();
            let Some(resource) = place.and_then(|place| node.module.resources.get(place as usize)) else { continue };
            let abs = AbsResource { module: entry.module.clone(), resource: entry.resource.clone() };
            let instances = entry.instances.iter().map(|(key, value)| {
                let address = AbsInstance { resource: abs.clone(), key: key.clone() };
                let planned = || planned.get(&address).map(|value| Value::clone(value));
                (key.clone(), value.clone().or_else(planned).unwrap_or_else(Value::dynamic))
            });
            self.set(&entry.module, resource, instances.collect());
        }
    }

    fn entry(&self, module: &ModuleInstance, resource: &Resource) -> Option<Rc<Entry>> {
        self.resources.borrow().get(&(module.clone(), std::ptr::from_ref(resource))).cloned()
    }
}

/// Returns what a plan makes of the instances in it.
fn planned_values(plan: &Plan) -> HashMap<&AbsInstance, &Value> {
    let current = plan.changes.iter().filter(|change| change.deposed.is_none() && !change.after.is_null());
    current.map(|change| (&change.address, &change.after)).collect()
}

impl Resources for Values {
    fn whole(&self, module: &ModuleInstance, resource: &Resource) -> Option<Value> {
        let entry = self.entry(module, resource)?;
        if let Some(known) = &*entry.whole.borrow() {
            return Some(known.clone());
        }
        let instances = entry.instances.borrow();
        let make = || {
            if matches!(resource.repetition, Repetition::Single) {
                return instances.first().map_or_else(Value::dynamic, |(_, value)| value.clone());
            }
            if entry.numbered {
                return Value::tuple(instances.iter().map(|(_, value)| value.clone()));
            }
            Value::object(instances.iter().filter_map(|(key, value)| match key {
                Some(Key::Name(name)) => Some((name.clone(), value.clone())),
                _ => None,
            }))
        };
        let whole = make();
        *entry.whole.borrow_mut() = Some(whole.clone());
        Some(whole)
    }

    fn instance(&self, module: &ModuleInstance, resource: &Resource, key: &Key) -> Option<Value> {
        let entry = self.entry(module, resource)?;
        let place = *entry.places.get(key)?;
        entry.instances.borrow().get(place).map(|(_, value)| value.clone())
    }

    fn made_up_output(&self, module: &ModuleInstance, output: &str) -> Option<Value> {
        self.made_up.as_ref()?.0.output(module, output)
    }
}
