//! What is made up in a run: providers, resources, modules; and the provider configurations of its file.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use addr::{AbsInstance, LocalProvider, Mode, Module, ModuleInstance, ProviderConfig};
use diag::{Diagnostic, Diagnostics};
use ecow::EcoString;
use lang::body::CompiledBody;
use lang::expr::Evaluator;
use lang::functions::Environment;
use lang::testing::{
    MockProvider, OutsideScope, Outsides, Override, OverrideTarget, RunBlock, TestNames, TestProvider,
};
use lang::tree::Node;
use plan::{MadeUp, StandIn, StandIns};
use sdk::Provider;
use syntax::tree::{Body, Expr as Tree};
use value::{Type, Value};

use crate::Ground;
use crate::made_up::mixed;
use crate::mock::{Invention, Mock};
use crate::scene::KnownNames;

/// What is made up in a run.
struct Inventions {
    /// Configurations of the file by the addresses that they stand for.
    configurations: HashMap<ProviderConfig, Source>,
    /// Resources, the strongest first.
    overrides: Vec<(OverrideTarget, Invention)>,
    /// Modules with their outputs, the strongest first.
    modules: Vec<(OverrideTarget, Option<Value>)>,
    names: KnownNames,
    outsides: Outsides,
    env: Environment,
    /// Tells runs apart, so that an object which is made anew is another one.
    seed: u64,
    /// Providers that were made for instances.
    made: RefCell<HashMap<AbsInstance, Option<Arc<dyn Provider>>>>,
}

enum Source {
    /// A configuration with this body.
    Written(Body),
    /// All is made up.
    MadeUp { defaults: Vec<(Mode, EcoString, Invention)>, overrides: Vec<(OverrideTarget, Invention)> },
}

/// Finds out what is made up in a run.
pub(crate) fn of_run(
    ground: &Ground<'_>,
    place: usize,
    (names, outsides, env): (&KnownNames, &Outsides, &Environment),
    diags: &mut Diagnostics,
) -> MadeUp {
    let run = &ground.file.runs[place];
    let mut reader = Reader { names, outsides, env, diags };
    let mut configurations = HashMap::new();
    for (local, provider) in providers(run, ground, reader.diags) {
        let source = match &provider.mock {
            None => Source::Written(provider.body.clone()),
            Some(mock) => reader.mock(mock),
        };
        let config = ProviderConfig {
            module: Module::default(),
            provider: ground.modules[place].module.provider_of(&local.name),
            alias: local.alias,
        };
        configurations.insert(config, source);
    }
    let all = || run.overrides.iter().chain(&ground.file.overrides);
    let overrides = all().filter(|own| own.target.resource.is_some());
    let overrides = overrides.filter_map(|own| Some((own.target.clone(), reader.invention(own)?))).collect();
    let modules = all().filter(|own| own.target.resource.is_none());
    let modules: Vec<_> = modules.map(|own| (own.target.clone(), reader.values(own.values.as_deref()))).collect();
    warn_of_missing(run, &ground.modules[place], reader.diags);
    let mut inventions = Inventions {
        configurations,
        overrides,
        modules,
        names: names.clone(),
        outsides: outsides.clone(),
        env: env.clone(),
        seed: mixed(place as u64, &ground.file.path.to_string_lossy()),
        made: RefCell::default(),
    };
    inventions.sort();
    MadeUp(Rc::new(inventions))
}

/// Returns the provider configurations of the file that count in a run, by the names that its module has for them.
fn providers<'a>(
    run: &RunBlock,
    ground: &'a Ground<'_>,
    diags: &mut Diagnostics,
) -> Vec<(LocalProvider, &'a TestProvider)> {
    let all = &ground.file.providers;
    let Some(passed) = &run.providers else {
        return all.iter().map(|provider| (provider.local.clone(), provider)).collect();
    };
    let mut found = Vec::new();
    for passed in passed {
        let outside = &passed.outside;
        match all.iter().find(|provider| provider.local == outside.local) {
            Some(provider) => found.push((passed.inside.clone(), provider)),
            // The configurations of the module under test can be passed on as well.
            None if ground.main.module.provider(&outside.local).is_some() => {}
            None => {
                let detail = format!(
                    "Neither this file nor the module under test has a configuration {}. Add a block provider {:?} to the \
                     file.",
                    outside.local, outside.local.name
                );
                diags.error(outside.span, "Missing provider", detail);
            }
        }
    }
    found
}

/// Warns of overrides of a run that mean nothing in its module.
fn warn_of_missing(run: &RunBlock, root: &Node, diags: &mut Diagnostics) {
    for own in &run.overrides {
        let node = own.target.modules.iter().try_fold(root, |node, (name, _)| node.child(name));
        let is_there = node.is_some_and(|node| {
            own.target
                .resource
                .as_ref()
                .is_none_or(|(resource, _)| node.module.names.resource_place(resource).is_some())
        });
        if !is_there {
            let detail = format!(
                "The module under test has no {}, so this block changes nothing. Is the address right?",
                own.target
            );
            diags.push(Diagnostic::warning("Invalid override target", detail).at(own.target_span));
        }
    }
}

/// Evaluates what is made up.
struct Reader<'a> {
    names: &'a KnownNames,
    outsides: &'a Outsides,
    env: &'a Environment,
    diags: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn values(&mut self, tree: Option<&Tree>) -> Option<Value> {
        let tree = tree?;
        let (value, found) = self.names.eval(tree, self.outsides, self.env);
        let failed = found.has_errors();
        self.diags.append(found);
        // Providers know no marks.
        let (value, _) = value.unmark_deep();
        if !failed && value.as_entries().is_none() {
            let detail = "This must be an object: attributes with their values.";
            self.diags.error(tree.span, "Invalid values", detail);
            return None;
        }
        Some(value)
    }

    fn invention(&mut self, own: &Override) -> Option<Invention> {
        let values = self.values(own.values.as_deref());
        let while_planning = own.while_planning;
        Some(Invention {
            values,
            while_planning,
            origin: format!("The override of {}", own.target),
            can_be_imported: true,
        })
    }

    fn mock(&mut self, mock: &MockProvider) -> Source {
        let defaults = mock.defaults.iter().map(|own| {
            let (values, while_planning) = (self.values(own.values.as_deref()), own.while_planning);
            let origin = format!("The mock of {}{}", own.mode.prefix(), own.kind);
            let invention = Invention { values, while_planning, origin, can_be_imported: false };
            (own.mode, own.kind.clone(), invention)
        });
        let defaults = defaults.collect();
        let overrides = mock.overrides.iter().filter(|own| own.target.resource.is_some());
        let overrides = overrides.filter_map(|own| Some((own.target.clone(), self.invention(own)?))).collect();
        Source::MadeUp { defaults, overrides }
    }
}

impl Inventions {
    /// Puts those with keys before those without, and leaves the order otherwise.
    fn sort(&mut self) {
        self.overrides.sort_by_key(|(target, _)| std::cmp::Reverse(target.exactness()));
        self.modules.sort_by_key(|(target, _)| std::cmp::Reverse(target.exactness()));
    }

    fn invention(&self, address: &AbsInstance, config: &ProviderConfig) -> Option<Invention> {
        let found = |overrides: &[(OverrideTarget, Invention)]| {
            overrides.iter().find(|(target, _)| target.means(address)).map(|(_, invention)| invention.clone())
        };
        if let Some(invention) = found(&self.overrides) {
            return Some(invention);
        }
        let Some(Source::MadeUp { defaults, overrides }) = self.configurations.get(config) else { return None };
        if let Some(invention) = found(overrides) {
            return Some(invention);
        }
        let resource = &address.resource.resource;
        let default = defaults.iter().find(|(mode, kind, _)| (*mode, kind) == (resource.mode, &resource.kind));
        Some(default.map(|(_, _, invention)| invention.clone()).unwrap_or_default())
    }
}

impl StandIns for Inventions {
    fn configuration(&self, address: &ProviderConfig, real: &Arc<dyn Provider>) -> Option<StandIn> {
        let body = match self.configurations.get(address)? {
            Source::Written(body) => body,
            Source::MadeUp { .. } => {
                let (real, invention) = (real.clone(), Invention::default());
                return Some(StandIn::Provider(Arc::new(Mock { real, seed: self.seed, invention })));
            }
        };
        let mut diags = Diagnostics::new();
        let names = TestNames { variables: &self.names.variables, runs: Ok(self.names.runs()) };
        let body = CompiledBody::compile(body, &real.schemas().provider.block, &names, &mut diags);
        let scope = OutsideScope(&self.outsides);
        let mut evaluator = Evaluator::new(&scope, &self.env);
        let value = body.eval_unstored(&mut evaluator);
        diags.append(evaluator.diags);
        Some(if diags.has_errors() { StandIn::Failed(diags) } else { StandIn::Values(value) })
    }

    fn provider(
        &self,
        address: &AbsInstance,
        config: &ProviderConfig,
        real: &Arc<dyn Provider>,
    ) -> Option<Arc<dyn Provider>> {
        if self.overrides.is_empty() && self.configurations.is_empty() {
            return None;
        }
        if let Some(known) = self.made.borrow().get(address) {
            return known.clone();
        }
        let made = self.invention(address, config).map(|invention| {
            let seed = mixed(self.seed, &address.to_string());
            Arc::new(Mock { real: real.clone(), seed, invention }) as Arc<dyn Provider>
        });
        self.made.borrow_mut().insert(address.clone(), made.clone());
        made
    }

    fn output(&self, module: &ModuleInstance, output: &str) -> Option<Value> {
        let (_, outputs) = self.modules.iter().find(|(target, _)| target.holds(module))?;
        let value = outputs.as_ref().and_then(|outputs| outputs.attribute(output));
        Some(value.unwrap_or_else(|| Value::null(Type::Dynamic)))
    }

    fn is_replaced(&self, module: &ModuleInstance) -> bool {
        self.modules.iter().any(|(target, _)| target.holds(module))
    }
}
