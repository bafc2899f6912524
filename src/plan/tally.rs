//! How the conditions of a configuration came out, by what has them.

use std::collections::BTreeMap;

use addr::{Key, Module, ModuleInstance};
use ecow::{EcoString, eco_format};
use lang::conditions::Verdict;
use lang::tree::Node;
use state::{CheckKind, CheckResult, CheckStatus, CheckedObject};

/// What has conditions: a block, in one instance of it.
#[derive(Clone, Copy)]
pub struct Checkable<'a> {
    /// Its kind.
    pub kind: CheckKind,
    /// The module instance around.
    pub module: &'a ModuleInstance,
    /// Its address in there, without a key: `var.a`, `fake_object.b`.
    pub name: &'a str,
    /// Which instance.
    pub key: Option<&'a Key>,
}

impl Checkable<'_> {
    fn block(&self) -> EcoString {
        in_module(&self.module.module(), self.name)
    }

    fn object(&self) -> EcoString {
        let key = self.key.map(Key::to_string).unwrap_or_default();
        match self.module.is_root() {
            true => eco_format!("{}{key}", self.name),
            false => eco_format!("{}.{}{key}", self.module, self.name),
        }
    }
}

fn in_module(module: &Module, name: &str) -> EcoString {
    if module.is_root() { name.into() } else { eco_format!("{module}.{name}") }
}

/// The results so far.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<EcoString, Block>);

#[derive(Debug)]
struct Block {
    kind: CheckKind,
    /// Nothing while it is not known which there are.
    objects: Option<BTreeMap<EcoString, CheckedObject>>,
}

impl Tally {
    /// Returns a tally of all that has conditions in a tree of modules; nothing is known of it yet.
    pub fn of(root: &Node) -> Tally {
        let mut tally = Tally::default();
        root.visit(&mut |node| {
            let mut expect = |kind, name: &str| {
                tally.0.insert(in_module(&node.path, name), Block { kind, objects: None });
            };
            let module = &node.module;
            for resource in &module.resources {
                let lifecycle = &resource.lifecycle;
                if !lifecycle.preconditions.is_empty() || !lifecycle.postconditions.is_empty() {
                    expect(CheckKind::Resource, &resource.address.to_string());
                }
            }
            for output in module.outputs.iter().filter(|output| !output.preconditions.is_empty()) {
                expect(CheckKind::Output, &format!("output.{}", output.name));
            }
            for check in &module.checks {
                expect(CheckKind::Check, &format!("check.{}", check.name));
            }
            for variable in module.variables.iter().filter(|variable| !variable.validations.is_empty()) {
                expect(CheckKind::Variable, &format!("var.{}", variable.name));
            }
        });
        tally
    }

    /// Returns a tally that goes on from results.
    pub fn resume(results: &[CheckResult]) -> Tally {
        let block = |result: &CheckResult| {
            let objects = result.objects.as_ref();
            let objects =
                objects.map(|objects| objects.iter().map(|object| (object.address.clone(), object.clone())).collect());
            (result.address.clone(), Block { kind: result.kind, objects })
        };
        Tally(results.iter().map(block).collect())
    }

    /// Begins with an object, or anew if there was something known of it.
    pub fn begin(&mut self, what: Checkable<'_>) {
        let address = what.object();
        let object = CheckedObject { address: address.clone(), status: CheckStatus::Pass, failures: Vec::new() };
        self.objects(what).insert(address, object);
    }

    /// Adds how one condition came out; of several the worst counts.
    pub fn add(&mut self, what: Checkable<'_>, status: CheckStatus, failure: Option<EcoString>) {
        let address = what.object();
        let fresh = || CheckedObject { address: address.clone(), status: CheckStatus::Pass, failures: Vec::new() };
        let object = self.objects(what).entry(address.clone()).or_insert_with(fresh);
        object.status = worst(object.status, status);
        object.failures.extend(failure);
        object.failures.sort();
    }

    /// Adds a verdict.
    pub fn add_verdict(&mut self, what: Checkable<'_>, verdict: &Verdict) {
        let (status, failure) = match verdict {
            Verdict::Holds => (CheckStatus::Pass, None),
            Verdict::Fails(problem) => (CheckStatus::Fail, Some(problem.detail.as_str().into())),
            Verdict::Unknown => (CheckStatus::Unknown, None),
            Verdict::Broken(_) => (CheckStatus::Error, None),
        };
        self.add(what, status, failure);
    }

    /// Takes what is known from earlier results where nothing is known here.
    pub fn fill(&mut self, earlier: &[CheckResult]) {
        for (address, block) in Tally::resume(earlier).0 {
            if let Some(own) = self.0.get_mut(&address).filter(|own| own.objects.is_none()) {
                own.objects = block.objects;
            }
        }
    }

    /// Tells whether an object is there whose conditions could not be judged.
    pub fn is_open(&self, what: Checkable<'_>) -> bool {
        let objects = self.0.get(&what.block()).and_then(|block| block.objects.as_ref());
        let object = objects.and_then(|objects| objects.get(&what.object()));
        object.is_some_and(|object| object.status == CheckStatus::Unknown)
    }

    /// Makes known that a block has so many instances as were added, which may be none.
    pub fn is_expanded(&mut self, what: Checkable<'_>) {
        if self.0.contains_key(&what.block()) {
            self.objects(what);
        }
    }

    fn objects(&mut self, what: Checkable<'_>) -> &mut BTreeMap<EcoString, CheckedObject> {
        let block = self.0.entry(what.block()).or_insert(Block { kind: what.kind, objects: None });
        block.objects.get_or_insert_default()
    }

    /// Returns the results, sorted by address.
    pub fn results(self) -> Vec<CheckResult> {
        let result = |(address, block): (EcoString, Block)| {
            let objects = block.objects.map(|objects| objects.into_values().collect::<Vec<_>>());
            let statuses = objects.iter().flatten().map(|object| object.status);
            let unknown = if objects.is_none() { CheckStatus::Unknown } else { CheckStatus::Pass };
            CheckResult { kind: block.kind, address, status: statuses.fold(unknown, worst), objects }
        };
        self.0.into_iter().map(result).collect()
    }
}

fn worst(one: CheckStatus, other: CheckStatus) -> CheckStatus {
    let badness = |status| match status {
        CheckStatus::Pass => 0,
        CheckStatus::Unknown => 1,
        CheckStatus::Fail => 2,
        CheckStatus::Error => 3,
    };
    if badness(other) > badness(one) { other } else { one }
}
