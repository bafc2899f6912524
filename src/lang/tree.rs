//! The tree of modules: which module each call leads to.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use diag::{Diagnostic, Diagnostics, Span};
use ecow::EcoString;
use value::{Type, Value};

use crate::expr::{Evaluator, Expr, Scope, Subject};
use crate::functions::Environment;
use crate::module::{Module, ModuleCall, Reader};

/// Calls inside calls: deeper is a module that reaches itself by ever new paths.
const DEPTH_MAX: usize = 64;

/// A module at one place of the tree.
#[derive(Debug)]
pub struct Node {
    /// The calls that lead here.
    pub path: addr::Module,
    /// What the files say.
    pub module: Arc<Module>,
    /// The modules that its calls lead to, by the calls' places; nothing where that could not be read.
    pub children: Vec<Option<Arc<Node>>>,
}

impl Node {
    /// Returns the module that a call in this one leads to.
    pub fn child(&self, call: &str) -> Option<&Node> {
        let place = self.module.calls.iter().position(|known| known.name == call)?;
        self.children.get(place)?.as_deref()
    }

    /// Returns the place of a module instance in the tree that begins here.
    pub fn find(&self, instance: &addr::ModuleInstance) -> Option<&Node> {
        instance.0.iter().try_fold(self, |node, step| node.child(&step.name))
    }

    /// Calls `visit` for this module and all below it, callers before the called.
    pub fn visit<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        visit(self);
        self.children.iter().flatten().for_each(|child| child.visit(visit));
    }
}

/// A module that is wanted from elsewhere than a folder beside its caller.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The place in the tree.
    pub path: &'a addr::Module,
    /// Where the module comes from, as written.
    pub source: &'a str,
    /// Where that is written.
    pub source_span: Span,
    /// Which versions will do, as written, and where.
    pub version: Option<(&'a str, Span)>,
    /// The folder of the calling module.
    pub caller: &'a Path,
}

/// Knows the folders of modules that come from elsewhere: those that have been installed, or it installs them.
pub trait Modules {
    /// Returns the folder that holds the module's files.
    fn folder(&mut self, wanted: &Wanted<'_>) -> Result<PathBuf, Diagnostic>;

    /// Learns of a module in a folder beside its caller, which needs nobody's help.
    fn local(&mut self, _wanted: &Wanted<'_>, _dir: &Path) {}
}

/// No module has been installed.
pub struct NothingInstalled;

impl Modules for NothingInstalled {
    fn folder(&mut self, wanted: &Wanted<'_>) -> Result<PathBuf, Diagnostic> {
        let detail = format!("{} has not been fetched yet: run \"gantry init\".", wanted.path);
        Err(Diagnostic::error("Module not installed", detail).at(wanted.source_span))
    }
}

/// Reads the module in a folder and all modules that it calls from local folders.
///
/// `given` are the values of the root module's variables as far as they are known: module sources may refer to them.
pub fn load(
    dir: &Path,
    given: &[(EcoString, Value)],
    reader: &mut Reader<'_>,
    env: &Environment,
    diags: &mut Diagnostics,
) -> Node {
    load_with(dir, given, reader, env, &mut NothingInstalled, diags)
}

/// Reads the module in a folder and all modules that it calls, from wherever `modules` has them.
pub fn load_with(
    dir: &Path,
    given: &[(EcoString, Value)],
    reader: &mut Reader<'_>,
    env: &Environment,
    modules: &mut dyn Modules,
    diags: &mut Diagnostics,
) -> Node {
    let module = reader.root(dir, diags);
    let variables = module.variables.iter().map(|variable| {
        let given = given.iter().find(|(name, _)| *name == variable.name).map(|(_, value)| value.clone());
        variable.prepare(given, None).unwrap_or_else(|_| Value::unknown(variable.ty.without_optional()))
    });
    let variables = variables.collect();
    let mut loader = Loader { reader, env, modules, diags, above: vec![dir.to_path_buf()] };
    loader.node(addr::Module::default(), module, variables)
}

struct Loader<'a, 'r> {
    reader: &'a mut Reader<'r>,
    env: &'a Environment,
    modules: &'a mut dyn Modules,
    diags: &'a mut Diagnostics,
    /// The folders of the modules around.
    above: Vec<PathBuf>,
}

impl Loader<'_, '_> {
    fn node(&mut self, path: addr::Module, module: Arc<Module>, variables: Vec<Value>) -> Node {
        let scope = EarlyScope { module: &module, env: self.env, variables };
        let children = module.calls.iter().map(|call| self.child(&path, call, &scope)).collect();
        Node { path, module: module.clone(), children }
    }

    fn child(&mut self, path: &addr::Module, call: &ModuleCall, scope: &EarlyScope<'_>) -> Option<Arc<Node>> {
        let source = self.text(call.source.as_ref()?, scope, "Invalid module source address")?;
        let version = match &call.version {
            // A version that is null is as good as none.
            Some(expr) if expr.as_constant().is_some_and(Value::is_null) => None,
            Some(expr) => Some((self.text(expr, scope, "Invalid module version")?, expr.span)),
            None => None,
        };
        let version = version.as_ref().map(|(text, span)| (text.as_str(), *span));
        let child = path.child(call.name.clone());
        let source_span = call.source.as_ref().map_or(call.header, |source| source.span);
        let wanted = Wanted { path: &child, source: &source, source_span, version, caller: &scope.module.dir };
        let dir = self.folder(&wanted)?;
        let span = call.source.as_ref().map_or(call.header, |source| source.span);
        if self.above.contains(&dir) || self.above.len() >= DEPTH_MAX {
            let chain: Vec<String> = self.above.iter().map(|dir| dir.display().to_string()).collect();
            let detail = format!(
                "The module {:?} calls itself, directly or through others: {} -> {}. A module cannot contain itself.",
                call.name,
                chain.join(" -> "),
                dir.display()
            );
            self.diags.error(span, "Module calls itself", detail);
            return None;
        }
        if !self.reader.is_folder(&dir) {
            let detail = format!("There is no folder {} for the module {:?}.", dir.display(), call.name);
            self.diags.error(span, "Unreadable module directory", detail);
            return None;
        }
        let module = self.reader.module(&dir, self.diags);
        let variables = early_inputs(call, &module, scope);
        self.above.push(dir);
        let node = self.node(path.child(call.name.clone()), module, variables);
        self.above.pop();
        Some(Arc::new(node))
    }

    /// Returns the source or version of a call as text.
    fn text(&mut self, expr: &Expr, scope: &EarlyScope<'_>, summary: &str) -> Option<EcoString> {
        let mut evaluator = Evaluator::new(scope, self.env);
        let value = evaluator.eval_as(expr, &Type::String);
        let failed = evaluator.diags.has_errors();
        self.diags.append(evaluator.diags);
        if failed {
            return None;
        }
        match value.as_str() {
            Some(text) => Some(text.into()),
            None => {
                let detail = "Where a module comes from must be known before anything else: source and version may refer \
                              to variables and local values that have a value then.";
                self.diags.error(expr.span, summary, detail);
                None
            }
        }
    }

    /// Returns the folder that a source means.
    fn folder(&mut self, wanted: &Wanted<'_>) -> Option<PathBuf> {
        let source = wanted.source;
        if is_local(source) {
            if let Some((_, span)) = wanted.version {
                let detail = "A module of a local path has no version: it is what the folder holds.";
                self.diags.error(span, "Invalid module version", detail);
            }
            let dir = normal(&wanted.caller.join(source));
            self.modules.local(wanted, &dir);
            return Some(dir);
        }
        if !source.contains(['/', ':', '.']) {
            let detail = format!("A local module source begins with ./ or ../: write \"./{source}\".");
            self.diags.error(wanted.source_span, "Module not installed", detail);
            return None;
        }
        match self.modules.folder(wanted) {
            Ok(dir) => Some(dir),
            Err(problem) => {
                self.diags.push(problem);
                None
            }
        }
    }
}

/// Tells whether a module source means a folder beside the calling module's.
pub fn is_local(source: &str) -> bool {
    source == "." || source == ".." || source.starts_with("./") || source.starts_with("../")
}

/// Removes `.` and `name/..` from a path, without looking at the file system.
pub fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    if out.as_os_str().is_empty() { PathBuf::from(".") } else { out }
}

/// The values that a call gives to the called module's variables, as far as they are known early.
fn early_inputs(call: &ModuleCall, module: &Module, scope: &EarlyScope<'_>) -> Vec<Value> {
    let sources_vary = module.calls.iter().any(|call| call.source.as_ref().is_some_and(|s| s.as_constant().is_none()));
    let value = |variable: &crate::module::Variable| {
        let unknown = Value::unknown(variable.ty.without_optional());
        // Most modules have only constant sources, and nobody needs the values.
        if !sources_vary && module.calls.is_empty() {
            return unknown;
        }
        let input = call.inputs.iter().find(|(name, _)| name.name == variable.name);
        let given = input.map(|(_, expr)| {
            let mut evaluator = Evaluator::new(scope, scope.env);
            let value = evaluator.eval(expr);
            if evaluator.diags.has_errors() { Value::dynamic() } else { value }
        });
        variable.prepare(given, None).unwrap_or(unknown)
    };
    module.variables.iter().map(value).collect()
}

/// What can be referred to before anything is planned: variables and local values.
struct EarlyScope<'a> {
    module: &'a Module,
    env: &'a Environment,
    variables: Vec<Value>,
}

impl Scope for EarlyScope<'_> {
    fn value(&self, subject: &Subject, span: Span, diags: &mut Diagnostics) -> Value {
        match subject {
            Subject::Variable(place) => self.variables[*place as usize].clone(),
            Subject::Local(place) => match self.module.locals.get(*place as usize) {
                Some(local) => early_local(self, &local.value, diags),
                None => Value::dynamic(),
            },
            _ => {
                let detail = "Only variables and local values can be referred to here: everything else has its value \
                              later.";
                diags.push(Diagnostic::error("Invalid module source address", detail).at(span));
                Value::dynamic()
            }
        }
    }
}

fn early_local(scope: &EarlyScope<'_>, expr: &Expr, diags: &mut Diagnostics) -> Value {
    // A cycle of local values is reported elsewhere; here it only must not run forever.
    const LOCALS_DEPTH_MAX: u32 = 1000;
    thread_local!(static DEPTH: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
    let depth = DEPTH.with(|depth| depth.replace(depth.get() + 1));
    let value = if depth < LOCALS_DEPTH_MAX {
        let mut evaluator = Evaluator::new(scope, scope.env);
        let value = evaluator.eval(expr);
        diags.append(evaluator.diags);
        value
    } else {
        Value::dynamic()
    };
    DEPTH.with(|cell| cell.set(depth));
    value
}
