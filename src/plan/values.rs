//! The values of resources while a plan is made or applied: what references to them see.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use addr::{Key, Mode, ModuleInstance};
use lang::evaluation::Resources;
use lang::module::{Repetition, Resource};
use value::Value;

/// Values by module instance and resource; they are set once all instances have one.
#[derive(Default)]
pub struct Values {
    resources: RefCell<HashMap<(ModuleInstance, *const Resource), Rc<Entry>>>,
}

struct Entry {
    instances: RefCell<Vec<(Option<Key>, Value)>>,
    places: HashMap<Key, usize>,
    numbered: bool,
    is_ephemeral: bool,
    /// All instances as one value: made when somebody asks, and only then.
    whole: RefCell<Option<Value>>,
}

impl Values {
    /// Sets the instances of a resource, in order of their keys.
    pub fn set(&self, module: &ModuleInstance, resource: &Resource, instances: Vec<(Option<Key>, Value)>) {
        let keys = instances.iter().enumerate();
        let places = keys.filter_map(|(place, (key, _))| Some((key.clone()?, place))).collect();
        let numbered = matches!(resource.repetition, Repetition::Count(_));
        let is_ephemeral = resource.address.mode == Mode::Ephemeral;
        let (instances, whole) = (RefCell::new(instances), RefCell::default());
        let entry = Entry { instances, places, numbered, is_ephemeral, whole };
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

    fn entry(&self, module: &ModuleInstance, resource: &Resource) -> Option<Rc<Entry>> {
        self.resources.borrow().get(&(module.clone(), std::ptr::from_ref(resource))).cloned()
    }
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
}
