//! What the names at the start of references mean in a module.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use addr::{Mode, Resource};
use diag::{Diagnostic, Span, did_you_mean};
use ecow::EcoString;

use crate::expr::{Names, ReferenceContext, Subject};

/// The names that a module declares, with their places in its lists.
#[derive(Debug, Default)]
pub struct ModuleNames {
    pub(crate) variables: HashMap<EcoString, u32>,
    pub(crate) locals: HashMap<EcoString, u32>,
    pub(crate) resources: HashMap<Resource, u32>,
    pub(crate) calls: HashMap<EcoString, u32>,
    /// How many undeclared names have been compared with the declared ones.
    hints: AtomicUsize,
}

/// Where more names are undeclared than this, they are not mistyped; and each costs a look at all that are declared.
const HINTS_MAX: usize = 100;

/// Which of the names that depend on the place mean something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed {
    /// `count.index`: inside a block with `count`.
    pub count: bool,
    /// `each.key`, `each.value`: inside a block with `for_each`.
    pub each: bool,
    /// `self`: in provisioners, connections and postconditions.
    pub this: bool,
    /// What is wrong with names is of no interest here, and looking for hints would be in vain.
    pub silent: bool,
    /// `type(…)`: in a console.
    pub console: bool,
}

/// A module's names as seen from one place in it.
#[derive(Clone, Debug)]
pub struct ScopedNames {
    /// The module's names.
    pub module: Arc<ModuleNames>,
    /// What else means something.
    pub allowed: Allowed,
}

/// Names that the language keeps for later use.
const RESERVED: &[&str] = &["template", "lazy", "arg"];

impl Names for ScopedNames {
    fn is_console(&self) -> bool {
        self.allowed.console
    }

    fn resolve(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        let names = &*self.module;
        match reference.root {
            "var" => declared(reference, self, &names.variables, &VARIABLE).map(|place| (Subject::Variable(place), 1)),
            "local" => declared(reference, self, &names.locals, &LOCAL).map(|place| (Subject::Local(place), 1)),
            "module" => declared(reference, self, &names.calls, &MODULE).map(|place| (Subject::Module(place), 1)),
            "data" => self.resource(reference, Mode::Data, 1),
            "ephemeral" => self.resource(reference, Mode::Ephemeral, 1),
            "resource" => self.resource(reference, Mode::Managed, 1),
            root if addr::SHORT_CALLS.contains(&root) && !self.is_resource(reference) => self.short_call(reference),
            "path" => path(reference),
            "terraform" | "gantry" | "tofu" => settings(reference),
            "each" => self.each(reference),
            "count" => self.count(reference),
            "self" if self.allowed.this => Ok((Subject::This, 0)),
            "self" => Err(invalid(
                reference.root_span,
                "Invalid \"self\" reference",
                "\"self\" means the resource instance around, so it is available only in provisioner, connection and \
                 postcondition blocks.",
            )),
            root if RESERVED.contains(&root) => Err(invalid(
                reference.root_span,
                "Reserved symbol name",
                format!(
                    "The name {root:?} is reserved. Write resource.{root} if a resource type of that name is meant."
                ),
            )),
            _ => self.resource(reference, Mode::Managed, 0),
        }
    }
}

impl ScopedNames {
    fn may_hint(&self) -> bool {
        !self.allowed.silent && self.module.hints.fetch_add(1, Ordering::Relaxed) < HINTS_MAX
    }

    /// Tells whether a resource is meant, of a provider that has a type of such a name.
    fn is_resource(&self, reference: &ReferenceContext<'_>) -> bool {
        let Some((name, _)) = reference.attributes.first() else { return false };
        let resource = Resource { mode: Mode::Managed, kind: reference.root.into(), name: name.clone() };
        self.module.resources.contains_key(&resource)
    }

    fn short_call(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        let root = reference.root;
        let (name, _) = attribute(reference, root, &format!("{root}.NAME"))?;
        if let Some(place) = self.module.calls.get(&*format!("{root}.{name}")) {
            return Ok((Subject::Module(*place), 1));
        }
        let known = self.module.calls.keys().filter_map(|call| call.strip_prefix(root)?.strip_prefix('.'));
        let mut known: Vec<&str> = known.collect();
        known.sort_unstable();
        let hint = did_you_mean(name, known).map(|near| format!(" Did you mean {near:?}?")).unwrap_or_default();
        let detail = format!("There is no {root} {name:?} in this module.{hint}");
        Err(invalid(reference.span, &format!("Reference to undeclared {root}"), detail))
    }

    fn each(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        let name = attribute(reference, "each", "each.key or each.value")?;
        let subject = match name.0 {
            "key" => Subject::EachKey,
            "value" => Subject::EachValue,
            _ => return Err(unknown_attribute(reference, "each", name, &["key", "value"])),
        };
        if !self.allowed.each {
            let detail = "The \"each\" object exists only where the block around sets \"for_each\".";
            return Err(invalid(reference.span, "Reference to \"each\" in context without for_each", detail));
        }
        Ok((subject, 1))
    }

    fn count(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        let name = attribute(reference, "count", "count.index")?;
        if name.0 != "index" {
            return Err(unknown_attribute(reference, "count", name, &["index"]));
        }
        if !self.allowed.count {
            let detail = "The \"count\" object exists only where the block around sets \"count\".";
            return Err(invalid(reference.span, "Reference to \"count\" in non-counted context", detail));
        }
        Ok((Subject::CountIndex, 1))
    }

    fn resource(
        &self,
        reference: &ReferenceContext<'_>,
        mode: Mode,
        skip: usize,
    ) -> Result<(Subject, usize), Diagnostic> {
        let wanted = 2 - usize::from(skip == 0);
        if reference.attributes.len() < wanted {
            let detail = if skip == 0 {
                format!(
                    "{:?} is neither a name of the language nor a resource: a reference to a resource has the form \
                     TYPE.NAME, to a variable var.NAME, to a local value local.NAME.",
                    reference.root
                )
            } else {
                format!("A reference to this kind of object has the form {}.TYPE.NAME.", reference.root)
            };
            return Err(invalid(reference.span, "Invalid reference", detail));
        }
        let kind = if skip == 0 { EcoString::from(reference.root) } else { reference.attributes[0].0.clone() };
        let name = reference.attributes[wanted - 1].0.clone();
        let resource = Resource { mode, kind, name };
        match self.module.resources.get(&resource) {
            Some(place) => Ok((Subject::Resource(*place), wanted)),
            None => Err(self.undeclared(&resource, reference)),
        }
    }

    fn undeclared(&self, resource: &Resource, reference: &ReferenceContext<'_>) -> Diagnostic {
        let what = match resource.mode {
            Mode::Managed => "managed resource",
            Mode::Data => "data resource",
            Mode::Ephemeral => "ephemeral resource",
        };
        let mut detail =
            format!("A {what} {:?} {:?} has not been declared in this module.", resource.kind, resource.name);
        let other = |mode| Resource { mode, ..resource.clone() };
        let others = [Mode::Managed, Mode::Data, Mode::Ephemeral].map(other);
        if let Some(other) = others.iter().find(|other| self.module.resources.contains_key(*other)) {
            detail.push_str(&format!(" Did you mean the {} {other}?", other.mode.block()));
        } else if self.may_hint() {
            let mut known: Vec<String> = self
                .module
                .resources
                .keys()
                .filter(|known| known.mode == resource.mode)
                .map(Resource::to_string)
                .collect();
            known.sort();
            if let Some(near) = did_you_mean(&resource.to_string(), known.iter().map(String::as_str)) {
                detail.push_str(&format!(" Did you mean {near}?"));
            }
        }
        invalid(reference.span, "Reference to undeclared resource", detail)
    }
}

impl ModuleNames {
    /// Makes the names of a module.
    pub(super) fn new(
        variables: HashMap<EcoString, u32>,
        locals: HashMap<EcoString, u32>,
        resources: HashMap<Resource, u32>,
        calls: HashMap<EcoString, u32>,
    ) -> ModuleNames {
        ModuleNames { variables, locals, resources, calls, hints: AtomicUsize::new(0) }
    }

    /// Returns the place of a resource in the module's list.
    pub fn resource_place(&self, resource: &Resource) -> Option<&u32> {
        self.resources.get(resource)
    }
}

struct Declaration {
    root: &'static str,
    summary: &'static str,
    what: &'static str,
    remedy: fn(&str) -> String,
}

const VARIABLE: Declaration = Declaration {
    root: "var",
    summary: "Reference to undeclared input variable",
    what: "An input variable",
    remedy: |name| format!(" It can be declared with a variable {name:?} {{}} block."),
};

const LOCAL: Declaration = Declaration {
    root: "local",
    summary: "Reference to undeclared local value",
    what: "A local value",
    remedy: |_| String::new(),
};

const MODULE: Declaration = Declaration {
    root: "module",
    summary: "Reference to undeclared module",
    what: "A module call",
    remedy: |_| String::new(),
};

fn declared(
    reference: &ReferenceContext<'_>,
    scope: &ScopedNames,
    names: &HashMap<EcoString, u32>,
    declaration: &Declaration,
) -> Result<u32, Diagnostic> {
    let root = declaration.root;
    let (name, _) = attribute(reference, root, &format!("{root}.NAME"))?;
    if let Some(place) = names.get(name) {
        return Ok(*place);
    }
    let mut known: Vec<&str> = Vec::new();
    if scope.may_hint() {
        known.extend(names.keys().map(EcoString::as_str));
        known.sort_unstable();
    }
    let hint = match did_you_mean(name, known) {
        Some(near) => format!(" Did you mean {near:?}?"),
        None => (declaration.remedy)(name),
    };
    let detail = format!("{} with the name {name:?} has not been declared in this module.{hint}", declaration.what);
    Err(invalid(reference.span, declaration.summary, detail))
}

fn attribute<'a>(reference: &'a ReferenceContext<'_>, root: &str, form: &str) -> Result<(&'a str, Span), Diagnostic> {
    match reference.attributes.first() {
        Some((name, span)) => Ok((name, *span)),
        None => {
            let detail = format!("The {root:?} object cannot be used as a whole. Name one of its attributes: {form}.");
            Err(invalid(reference.span, "Invalid reference", detail))
        }
    }
}

fn path(reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
    let name = attribute(reference, "path", "path.module, path.root or path.cwd")?;
    match name.0 {
        "module" | "root" | "cwd" => Ok((Subject::Path(name.0.into()), 1)),
        _ => Err(unknown_attribute(reference, "path", name, &["module", "root", "cwd"])),
    }
}

fn settings(reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
    let root = reference.root;
    let name = attribute(reference, root, &format!("{root}.workspace"))?;
    match name.0 {
        "workspace" => Ok((Subject::Workspace, 1)),
        "applying" => Ok((Subject::Applying, 1)),
        "env" => Err(invalid(
            name.1,
            "Invalid \"terraform\" attribute",
            format!("The attribute is called \"workspace\" now: write {root}.workspace."),
        )),
        _ => Err(unknown_attribute(reference, root, name, &["workspace", "applying"])),
    }
}

fn unknown_attribute(
    _reference: &ReferenceContext<'_>,
    root: &str,
    (name, span): (&str, Span),
    known: &[&str],
) -> Diagnostic {
    let mut detail = format!("The {root:?} object does not have an attribute named {name:?}.");
    match did_you_mean(name, known.iter().copied()) {
        Some(near) => detail.push_str(&format!(" Did you mean {near:?}?")),
        None => detail.push_str(&format!(" It has: {}.", known.join(", "))),
    }
    invalid(span, &format!("Invalid {root:?} attribute"), detail)
}

fn invalid(span: Span, summary: &str, detail: impl Into<String>) -> Diagnostic {
    Diagnostic::error(summary, detail).at(span)
}
