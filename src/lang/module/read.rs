//! From the files of a folder to a [`Module`].

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use addr::Mode;
use diag::{Diagnostic, Diagnostics, Sources, Span};
use ecow::EcoString;
use syntax::tree::{Expr as Tree, ExprKind, Ident};
use syntax::{BlockSchema, BodySchema, Content, ContentBlock};
use value::{Type, Value};

use super::files::{FileKind, list_files};
use super::names::{Allowed, ModuleNames, ScopedNames};
use super::overrides::{Blocks, merge};
use super::{Module, call, check, import, local, output, provider, refactoring, resource, short_call, variable};
use crate::expr::{Expr, compile};
use crate::functions::Files;

/// The blocks that a file may hold.
pub(super) const FILE: BodySchema<'static> = BodySchema {
    attributes: &[],
    blocks: &[
        BlockSchema { kind: "terraform", labels: &[] },
        BlockSchema { kind: "gantry", labels: &[] },
        // OpenTofu's newer place for settings that are about OpenTofu alone.
        BlockSchema { kind: "language", labels: &[] },
        BlockSchema { kind: "provider", labels: &["name"] },
        BlockSchema { kind: "variable", labels: &["name"] },
        BlockSchema { kind: "locals", labels: &[] },
        BlockSchema { kind: "output", labels: &["name"] },
        BlockSchema { kind: "module", labels: &["name"] },
        // Shorter ways to call a module, see `short_call`.
        BlockSchema { kind: "cluster", labels: &["name"] },
        BlockSchema { kind: "addon", labels: &["type", "name"] },
        BlockSchema { kind: "resource", labels: &["type", "name"] },
        BlockSchema { kind: "data", labels: &["type", "name"] },
        BlockSchema { kind: "ephemeral", labels: &["type", "name"] },
        BlockSchema { kind: "moved", labels: &[] },
        BlockSchema { kind: "removed", labels: &[] },
        BlockSchema { kind: "import", labels: &[] },
        BlockSchema { kind: "check", labels: &["name"] },
    ],
};

/// Reads modules; a folder that is asked for twice is read once.
pub struct Reader<'a> {
    files: &'a dyn Files,
    /// All files read so far.
    pub sources: &'a mut Sources,
    /// What is wrong with the expressions of the modules read so far: bad enough not to plan, but all the rest means
    /// what it says.
    pub mistakes: Diagnostics,
    modules: HashMap<PathBuf, Arc<Module>>,
    /// Providers of the program's own that the root module takes for those of a registry.
    own_providers: Vec<EcoString>,
}

impl<'a> Reader<'a> {
    /// Makes a reader.
    pub fn new(files: &'a dyn Files, sources: &'a mut Sources) -> Reader<'a> {
        Reader { files, sources, mistakes: Diagnostics::new(), modules: HashMap::new(), own_providers: Vec::new() }
    }

    /// Tells whether a path leads to a folder.
    pub(crate) fn is_folder(&self, path: &Path) -> bool {
        self.files.is_folder(path)
    }

    /// Returns the module in a folder as the root of a tree: some of its settings count for all modules of the tree.
    pub(crate) fn root(&mut self, dir: &Path, diags: &mut Diagnostics) -> Arc<Module> {
        let module = self.module(dir, diags);
        let own = module.settings.own();
        if self.own_providers == own {
            return module;
        }
        self.own_providers = own;
        // What was read before means something else in this tree.
        self.modules.clear();
        let (module, _) = read_module(dir, self.files, self.sources);
        self.keep(dir, module)
    }

    /// Returns the module in a folder; what is wrong with it is reported when it is read first: mistakes in expressions
    /// to `mistakes`, everything else to `diags`.
    pub fn module(&mut self, dir: &Path, diags: &mut Diagnostics) -> Arc<Module> {
        if let Some(known) = self.modules.get(dir) {
            return known.clone();
        }
        let (module, found) = read_module(dir, self.files, self.sources);
        diags.append(found);
        self.mistakes.append(module.mistakes.clone());
        self.keep(dir, module)
    }

    fn keep(&mut self, dir: &Path, mut module: Module) -> Arc<Module> {
        module.settings.prefer_own(&self.own_providers);
        let module = Arc::new(module);
        self.modules.insert(dir.to_path_buf(), module.clone());
        module
    }
}

/// Reads the module in a folder; mistakes in expressions are in the module.
pub fn read_module(dir: &Path, files: &dyn Files, sources: &mut Sources) -> (Module, Diagnostics) {
    let mut diags = Diagnostics::new();
    let blocks = read_blocks(dir, files, sources, &mut diags);
    (decode(dir, blocks, &mut diags), diags)
}

/// Reads the `cluster` and `addon` blocks of a folder, written out as module calls.
pub fn read_short_calls(dir: &Path, files: &dyn Files, sources: &mut Sources) -> Vec<ContentBlock> {
    let mut blocks = read_blocks(dir, files, sources, &mut Diagnostics::new());
    blocks.calls.retain(|call| call.kind.name != "module");
    blocks.calls
}

fn read_blocks(dir: &Path, files: &dyn Files, sources: &mut Sources, diags: &mut Diagnostics) -> Blocks {
    let mut blocks = Blocks::default();
    let listed = match list_files(files, dir) {
        Ok(listed) => listed,
        Err(error) => {
            let detail = format!("The folder {} cannot be read: {error}.", shown(dir));
            diags.push(Diagnostic::error("Failed to read module directory", detail));
            Vec::new()
        }
    };
    let (overriding, ordinary): (Vec<_>, Vec<_>) = listed.into_iter().partition(|(_, kind)| kind.is_override);
    for (path, kind) in ordinary {
        if let Some(content) = read_file(&path, kind, files, sources, diags) {
            blocks.add(content, diags);
        }
    }
    short_call::lower_all(&mut blocks, diags);
    blocks.drop_duplicates(diags);
    for (path, kind) in overriding {
        if let Some(content) = read_file(&path, kind, files, sources, diags) {
            merge(&mut blocks, content, diags);
        }
    }
    blocks
}

fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    if text.is_empty() { ".".into() } else { text }
}

fn read_file(
    path: &Path,
    kind: FileKind,
    files: &dyn Files,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Option<Content> {
    /// Spans count bytes in 32 bits.
    const FILE_BYTES_MAX: usize = u32::MAX as usize;
    let text = match files.read(path) {
        Ok(text) if text.len() < FILE_BYTES_MAX => text,
        Ok(_) => {
            let detail = format!("The file {} is larger than 4 GiB.", shown(path));
            diags.push(Diagnostic::error("Failed to read file", detail));
            return None;
        }
        Err(error) => {
            let detail = format!("The file {} cannot be read: {error}.", shown(path));
            diags.push(Diagnostic::error("Failed to read file", detail));
            return None;
        }
    };
    let shown_path = path.strip_prefix(".").unwrap_or(path);
    let text: Arc<[u8]> = text.into();
    let file = sources.add(shown_path, text.clone());
    let (tree, found) = if kind.json { syntax::parse_json(file, &text) } else { syntax::parse(file, &text) };
    diags.append(found);
    Some(tree.body.content(&FILE, diags))
}

/// What expressions see from one place in a module.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) names: ScopedNames,
    /// What is wrong with the module's expressions.
    pub(super) mistakes: Rc<RefCell<Diagnostics>>,
}

impl Scope {
    pub(super) fn compile(&self, tree: &Tree) -> Expr {
        compile(tree, &self.names, &mut self.mistakes.borrow_mut())
    }

    pub(super) fn with_self(&self) -> Scope {
        let allowed = Allowed { this: true, ..self.names.allowed };
        self.allowing(allowed)
    }

    pub(super) fn allowing(&self, allowed: Allowed) -> Scope {
        let names = ScopedNames { module: self.names.module.clone(), allowed };
        Scope { names, mistakes: self.mistakes.clone() }
    }

    /// Decodes `depends_on`: references that name whole objects.
    pub(super) fn depends_on(&self, content: &Content, diags: &mut Diagnostics) -> Vec<Expr> {
        let Some(attribute) = content.attribute("depends_on") else { return Vec::new() };
        let mut found = Vec::new();
        for item in static_list(&attribute.expr, diags) {
            if !matches!(item.kind, ExprKind::Variable(_) | ExprKind::Traversal(_)) {
                let detail = "\"depends_on\" lists resources and module calls by name, without quotes.";
                diags.error(item.span, "Invalid expression", detail);
                continue;
            }
            let expr = self.compile(&item);
            if expr.references().iter().any(|reference| !reference.is_whole_object()) {
                let detail = "\"depends_on\" refers to whole objects: leave out what follows the object's name.";
                diags.error(item.span, "Invalid depends_on reference", detail);
            }
            found.push(expr);
        }
        found
    }
}

fn names_of(blocks: &Blocks) -> ModuleNames {
    let places = |names: Vec<EcoString>| -> HashMap<EcoString, u32> {
        names.into_iter().enumerate().map(|(place, name)| (name, place as u32)).collect()
    };
    let labels = |blocks: &[ContentBlock]| places(blocks.iter().map(|block| block.labels[0].name.clone()).collect());
    let resources = blocks.resources.iter().enumerate();
    ModuleNames::new(
        labels(&blocks.variables),
        places(blocks.locals.iter().map(|attribute| attribute.name.name.clone()).collect()),
        resources.map(|(place, declared)| (declared.address.clone(), place as u32)).collect(),
        labels(&blocks.calls),
    )
}

fn decode(dir: &Path, mut blocks: Blocks, diags: &mut Diagnostics) -> Module {
    blocks.sort();
    let names = Arc::new(names_of(&blocks));
    let scope =
        Scope { names: ScopedNames { module: names.clone(), allowed: Allowed::default() }, mistakes: Rc::default() };
    let mut module = Module { dir: dir.to_path_buf(), names: names.clone(), ..Module::default() };
    module.settings = std::mem::take(&mut blocks.settings);
    for block in &blocks.providers {
        module.providers.extend(provider::decode(block, &scope, diags));
    }
    duplicate_providers(&module, diags);
    module.providers.sort_by(|a, b| (&a.local.name, &a.local.alias).cmp(&(&b.local.name, &b.local.alias)));
    module.variables = blocks.variables.iter().filter_map(|b| variable::decode(b, &scope, diags)).collect();
    module.locals = blocks.locals.iter().map(|attribute| local::decode(attribute, &scope)).collect();
    module.outputs = blocks.outputs.iter().filter_map(|b| output::decode(b, &scope, diags)).collect();
    module.calls = blocks.calls.iter().filter_map(|b| call::decode(b, &scope, diags)).collect();
    for declared in &blocks.resources {
        let mode = declared.address.mode;
        if let Some(mut resource) = resource::decode(&declared.block, mode, &scope, diags) {
            resource.check = declared.check.clone();
            module.resources.push(resource);
        }
    }
    module.checks = blocks.checks.iter().filter_map(|b| check::decode(b, &scope, diags)).collect();
    module.imports = blocks.imports.iter().filter_map(|b| import::decode(b, &scope, diags)).collect();
    module.moved = blocks.moved.iter().filter_map(|b| refactoring::decode_moved(b, diags)).collect();
    module.removed = blocks.removed.iter().filter_map(|b| refactoring::decode_removed(b, diags)).collect();
    module.mistakes = scope.mistakes.take();
    module
}

fn duplicate_providers(module: &Module, diags: &mut Diagnostics) {
    let mut seen: HashMap<&addr::LocalProvider, Span> = HashMap::new();
    for config in &module.providers {
        if seen.insert(&config.local, config.header).is_some() {
            let detail = match &config.local.alias {
                None => format!(
                    "There is a default configuration of the provider {:?} already. Give all but one an \"alias\".",
                    config.local.name
                ),
                Some(alias) => format!(
                    "There is a configuration of the provider {:?} with the alias {alias:?} already.",
                    config.local.name
                ),
            };
            diags.error(config.header, "Duplicate provider configuration", detail);
        }
    }
}

/// Returns the constant bool of an attribute.
pub(super) fn constant_bool(content: &Content, name: &str, diags: &mut Diagnostics) -> Option<bool> {
    constant(content, name, &Type::Bool, diags)?.as_bool()
}

/// Returns the constant string of an attribute.
pub(super) fn constant_string(content: &Content, name: &str, diags: &mut Diagnostics) -> Option<EcoString> {
    constant(content, name, &Type::String, diags)?.as_str().map(EcoString::from)
}

/// Returns the constant version constraint of an attribute; null is none.
pub(super) fn constant_version(content: &Content, name: &str, diags: &mut Diagnostics) -> Option<EcoString> {
    let attribute = content.attribute(name)?;
    crate::constant::evaluate_as(&attribute.expr, &Type::String, diags)?.as_str().map(EcoString::from)
}

fn constant(content: &Content, name: &str, ty: &Type, diags: &mut Diagnostics) -> Option<Value> {
    let attribute = content.attribute(name)?;
    let value = crate::constant::evaluate_as(&attribute.expr, ty, diags)?;
    if value.is_null() {
        let detail = format!("The value of {name:?} is null, and a {} is required.", ty.friendly_name());
        diags.error(attribute.expr.span, "Unsuitable value type", detail);
    }
    Some(value)
}

/// Returns why something should not be used any more.
pub(super) fn deprecation(content: &Content, diags: &mut Diagnostics) -> Option<EcoString> {
    let reason = constant_string(content, "deprecated", diags)?;
    if reason.trim().is_empty()
        && let Some(attribute) = content.attribute("deprecated")
    {
        let detail = "Say what to use instead; an empty reason helps nobody.";
        diags.error(attribute.expr.span, "Invalid `deprecated` value", detail);
    }
    Some(reason)
}

/// Returns an expression that is a bare word; a quoted word counts, too, as it must in JSON.
pub(crate) fn keyword(tree: &Tree) -> Option<EcoString> {
    match &tree.kind {
        ExprKind::Variable(name) | ExprKind::String(name) => Some(name.clone()),
        ExprKind::JsonString(string) => Some(string.text.clone()),
        _ => None,
    }
}

/// Returns the expression that a quoted reference means; other expressions as they are.
pub(super) fn static_tree(tree: &Tree, diags: &mut Diagnostics) -> Option<Tree> {
    match &tree.kind {
        ExprKind::JsonString(string) => provider::reread(&string.text, tree.span, diags),
        _ => Some(tree.clone()),
    }
}

/// Returns the items of a list that is written out; quoted references in it are read.
pub(super) fn static_list(tree: &Tree, diags: &mut Diagnostics) -> Vec<Tree> {
    let ExprKind::Tuple(items) = &tree.kind else {
        diags.error(tree.span, "Invalid expression", "A static list expression is required: [ a, b ].");
        return Vec::new();
    };
    let read = |item: &Tree| match &item.kind {
        ExprKind::JsonString(string) if string.text != "*" => provider::reread(&string.text, item.span, diags),
        ExprKind::String(text) if text != "*" => {
            warn_quoted_reference(item.span, diags);
            provider::reread(text, item.span, diags)
        }
        _ => Some(item.clone()),
    };
    items.iter().filter_map(read).collect()
}

/// References once had to be quoted; they work, and should be written without.
pub(super) fn warn_quoted_reference(span: Span, diags: &mut Diagnostics) {
    diags.warning(span, "Quoted references are deprecated", "Write the reference without the quotes.");
}

/// Reports a label that is no name.
pub(super) fn check_name(label: &Ident, what: &str, diags: &mut Diagnostics) {
    if !addr::is_identifier(&label.name) {
        let detail = "A name must start with a letter or underscore and may contain only letters, digits, underscores, \
                      and dashes.";
        diags.error(label.span, format!("Invalid {what} name"), detail);
    }
}

/// Reports all blocks but the first.
pub(super) fn at_most_one(blocks: &[&ContentBlock], kind: &str, diags: &mut Diagnostics) {
    for extra in blocks.iter().skip(1) {
        let detail = format!("There can be one {kind} block here. Put everything into one.");
        diags.error(extra.header, format!("Duplicate {kind} block"), detail);
    }
}

/// A declared resource, before it is decoded.
pub(super) struct DeclaredResource {
    pub(super) address: addr::Resource,
    pub(super) block: ContentBlock,
    pub(super) check: Option<EcoString>,
}

impl DeclaredResource {
    pub(super) fn new(block: ContentBlock, check: Option<EcoString>) -> Option<DeclaredResource> {
        let mode = match block.kind.name.as_str() {
            "data" => Mode::Data,
            "ephemeral" => Mode::Ephemeral,
            _ => Mode::Managed,
        };
        let [kind, name] = &block.labels[..] else { return None };
        let address = addr::Resource { mode, kind: kind.name.clone(), name: name.name.clone() };
        Some(DeclaredResource { address, block, check })
    }
}
