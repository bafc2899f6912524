//! Test files: `*.tftest.hcl`, `*.tftest.json`, and the made-up data (`*.tfmock.hcl`) that they use.
//!
//! What a file says is decoded without a look at the module that it tests, as that is another one from run to run.
//! Expressions are compiled when a run needs them.

mod decode;
mod names;
mod overrides;
mod read;
mod run;
mod scope;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use addr::{AbsInstance, Key, LocalProvider, ModuleInstance, Pattern, Resource};
use diag::Span;
use ecow::EcoString;
use syntax::tree::{Body, Expr as Tree, Ident};

pub use super::call::PassedProvider;
pub use names::{AssertNames, Runs, TestNames};
pub use read::{ENDINGS, files_in, is_test_file, read_file};
pub use scope::{Assertion, Judgement, OutsideScope, Outsides, judge};

/// What a test file says.
#[derive(Debug)]
pub struct TestFile {
    /// The file as it is shown.
    pub path: PathBuf,
    /// Its runs need not wait for each other unless they say so or use each other.
    pub parallel: bool,
    /// `variables`
    pub variables: Vec<(Ident, Arc<Tree>)>,
    /// `provider` and `mock_provider`
    pub providers: Vec<TestProvider>,
    /// `override_resource`, `override_data`, `override_module`
    pub overrides: Vec<Override>,
    /// `run`, in source order
    pub runs: Vec<RunBlock>,
}

/// A provider configuration that takes the place of the module's.
#[derive(Debug)]
pub struct TestProvider {
    /// What the module calls it.
    pub local: LocalProvider,
    /// What it is configured with; of one that is made up, nothing.
    pub body: Body,
    /// It makes everything up.
    pub mock: Option<MockProvider>,
    /// The block's header.
    pub header: Span,
}

/// What a provider that makes everything up begins with.
#[derive(Debug, Default)]
pub struct MockProvider {
    /// Values of resources and data sources, by their types.
    pub defaults: Vec<MockObject>,
    /// What is overridden for the objects of this provider.
    pub overrides: Vec<Override>,
}

/// `mock_resource`, `mock_data`
#[derive(Debug)]
pub struct MockObject {
    /// A resource or a data source.
    pub mode: addr::Mode,
    /// The type.
    pub kind: EcoString,
    /// `defaults`
    pub values: Option<Arc<Tree>>,
    /// The values are there while planning already.
    pub while_planning: bool,
    /// The block's header.
    pub header: Span,
}

/// Something that is made up instead of asked for.
#[derive(Debug)]
pub struct Override {
    /// What.
    pub target: OverrideTarget,
    /// `values`, `outputs`
    pub values: Option<Arc<Tree>>,
    /// The values are there while planning already.
    pub while_planning: bool,
    /// The block's header.
    pub header: Span,
    /// Where the target is written.
    pub target_span: Span,
}

/// What an override is about. Where no key is given, all instances are meant.
#[derive(Clone, Debug, PartialEq)]
pub struct OverrideTarget {
    /// The modules on the way, or the one that is meant.
    pub modules: Vec<(EcoString, Option<Key>)>,
    /// The resource; nothing if a module is meant.
    pub resource: Option<(Resource, Option<Key>)>,
}

/// What a run does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunCommand {
    /// It plans.
    Plan,
    /// It plans and applies.
    #[default]
    Apply,
}

/// `plan_options`
#[derive(Debug, Default)]
pub struct PlanOptions {
    /// `mode = refresh-only`
    pub refresh_only: bool,
    /// `refresh = false`
    pub no_refresh: bool,
    /// `replace`
    pub replace: Vec<AbsInstance>,
    /// `target`
    pub targets: Vec<Pattern>,
}

/// `run "name" { … }`
#[derive(Debug)]
pub struct RunBlock {
    /// Its name.
    pub name: EcoString,
    /// What it does.
    pub command: RunCommand,
    /// How.
    pub options: PlanOptions,
    /// `variables`
    pub variables: Vec<(Ident, Arc<Tree>)>,
    /// `providers`; nothing means all of the file.
    pub providers: Option<Vec<PassedProvider>>,
    /// Another module than the one under test.
    pub module: Option<RunModule>,
    /// `assert`
    pub assertions: Vec<AssertBlock>,
    /// `expect_failures`
    pub expected: Vec<Expected>,
    /// What is made up.
    pub overrides: Vec<Override>,
    /// Which state it works on; otherwise that of its module.
    pub state_key: Option<EcoString>,
    /// It need not wait for those before it; if it does not say so, the file does.
    pub parallel: Option<bool>,
    /// The block's header.
    pub header: Span,
}

/// `module { source = … }`
#[derive(Debug)]
pub struct RunModule {
    /// Where it comes from.
    pub source: EcoString,
    /// Where that is written.
    pub source_span: Span,
    /// Which versions will do.
    pub version: Option<(EcoString, Span)>,
}

/// `assert { condition = … error_message = … }`
#[derive(Debug)]
pub struct AssertBlock {
    /// What must hold.
    pub condition: Arc<Tree>,
    /// What to say otherwise.
    pub message: Arc<Tree>,
    /// The block's header.
    pub header: Span,
}

/// An element of `expect_failures`.
#[derive(Debug)]
pub struct Expected {
    /// What is to fail.
    pub checkable: Checkable,
    /// Where it is written.
    pub span: Span,
}

/// Something with conditions.
#[derive(Clone, Debug, PartialEq)]
pub enum Checkable {
    /// `var.NAME`
    Variable(EcoString),
    /// `output.NAME`
    Output(EcoString),
    /// `check.NAME`
    Check(EcoString),
    /// `TYPE.NAME`, with a key for one instance.
    Resource(Resource, Option<Key>),
    /// Anything else, which has none; as it was written.
    Nothing(String),
}

impl TestFile {
    /// Tells whether a run need not wait for runs of which the same holds and which it does not use.
    pub fn is_parallel(&self, run: &RunBlock) -> bool {
        run.parallel.unwrap_or(self.parallel)
    }
}

impl RunBlock {
    /// Returns the key of the state that the run works on: empty for that of the module under test.
    pub fn state(&self) -> EcoString {
        match (&self.state_key, &self.module) {
            (Some(key), _) => key.clone(),
            (None, Some(module)) => module.source.clone(),
            (None, None) => EcoString::new(),
        }
    }
}

impl OverrideTarget {
    /// Tells whether a module instance is meant, or one that it is in.
    pub fn holds(&self, module: &ModuleInstance) -> bool {
        self.resource.is_none() && module.0.len() >= self.modules.len() && self.leads_to(module)
    }

    /// Tells whether an instance of a resource is meant.
    pub fn means(&self, address: &AbsInstance) -> bool {
        let Some((resource, key)) = &self.resource else { return false };
        let module = &address.resource.module;
        *resource == address.resource.resource
            && (key.is_none() || *key == address.key)
            && module.0.len() == self.modules.len()
            && self.leads_to(module)
    }

    fn leads_to(&self, module: &ModuleInstance) -> bool {
        let mut steps = self.modules.iter().zip(module.0.iter());
        steps.all(|((name, key), step)| *name == step.name && (key.is_none() || *key == step.key))
    }

    /// Tells how much it says: of two that mean the same instance the more exact one counts.
    pub fn exactness(&self) -> usize {
        let keys = self.modules.iter().filter(|(_, key)| key.is_some()).count();
        keys + usize::from(self.resource.as_ref().is_some_and(|(_, key)| key.is_some()))
    }
}

impl std::fmt::Display for OverrideTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut point = "";
        for (name, key) in &self.modules {
            write!(f, "{point}{}", addr::CallName(name))?;
            key.iter().try_for_each(|key| write!(f, "{key}"))?;
            point = ".";
        }
        if let Some((resource, key)) = &self.resource {
            write!(f, "{point}{resource}")?;
            key.iter().try_for_each(|key| write!(f, "{key}"))?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Checkable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Checkable::Variable(name) => write!(f, "var.{name}"),
            Checkable::Output(name) => write!(f, "output.{name}"),
            Checkable::Check(name) => write!(f, "check.{name}"),
            Checkable::Resource(resource, key) => {
                write!(f, "{resource}")?;
                key.iter().try_for_each(|key| write!(f, "{key}"))
            }
            Checkable::Nothing(text) => f.write_str(text),
        }
    }
}
