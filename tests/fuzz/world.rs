//! What fuzzed text may see: variables of every kind, files in memory, the linked-in providers.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cli::LinkedProviders;
use diag::{Diagnostic, Diagnostics, Span};
use lang::expr::{Names, ReferenceContext, Scope, Subject};
use lang::functions::{Environment, Files};
use value::{Marks, Refinement, Type, Value};

/// Variables by name. Those that `secret` goes into are marked.
pub struct Variables(Vec<(&'static str, Value)>);

impl Variables {
    /// Makes the variables; two sets with different secrets differ in nothing else.
    pub fn new(secret: &str) -> Variables {
        let text = |text: &str| Value::string(text);
        let numbers = || [1, 2, 3].map(Value::from);
        let hidden = || text(secret).with_marks(Marks::SENSITIVE);
        let prefixed = Refinement { not_null: true, ..Refinement::default() };
        Variables(vec![
            ("b", Value::bool(true)),
            ("d", Value::dynamic()),
            ("e", Value::set(Type::String, ["x", "y"].map(text))),
            ("h", Value::list(Type::String, [text("open"), hidden()])),
            ("k", text(secret).with_marks(Marks::EPHEMERAL)),
            ("l", Value::list(Type::Number, numbers())),
            ("m", Value::map(Type::String, [("k", text("v")), ("long key", text("ä"))])),
            ("n", Value::from(7)),
            ("o", Value::object([("a", Value::from(1)), ("b", text("two")), ("s", hidden())])),
            ("s", text("héllo wörld")),
            ("t", Value::tuple([Value::from(1), text("a"), Value::bool(false), Value::null(Type::Dynamic)])),
            ("u", Value::unknown(Type::String).refine(prefixed)),
            ("v", Value::list(Type::String, [text("a"), Value::unknown(Type::String)])),
            ("w", Value::unknown(Type::list(Type::Number))),
            ("x", hidden()),
            ("y", Value::list(Type::String, ["p", secret].map(text)).with_marks(Marks::SENSITIVE)),
            ("z", Value::null(Type::String)),
        ])
    }
}

impl Names for Variables {
    fn resolve(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        let place = self.0.iter().position(|(name, _)| *name == reference.root);
        let unknown = || Diagnostic::error("No such variable", reference.root).at(reference.span);
        place.map(|place| (Subject::Local(place as u32), 0)).ok_or_else(unknown)
    }
}

impl Scope for Variables {
    fn value(&self, subject: &Subject, _: Span, _: &mut Diagnostics) -> Value {
        let Subject::Local(place) = subject else { unreachable!("no other subject is resolved") };
        self.0[*place as usize].1.clone()
    }
}

/// Files in memory.
#[derive(Default)]
pub struct MemoryFiles(pub BTreeMap<PathBuf, Vec<u8>>);

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn metadata(&self, path: &Path) -> io::Result<std::fs::Metadata> {
        // Metadata cannot be made up: any folder and any file of the machine serve.
        if self.0.contains_key(path) {
            return std::fs::metadata("/dev/null");
        }
        if self.0.keys().any(|file| file.starts_with(path)) {
            return std::fs::metadata("/");
        }
        Err(io::ErrorKind::NotFound.into())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(self.0.keys().filter(|file| file.parent() == Some(path)).cloned().collect())
    }
}

/// Returns an environment that sees these files and nothing else.
pub fn environment(files: Arc<MemoryFiles>) -> Environment {
    Environment { files, ..Environment::nowhere() }
}

/// Returns the linked-in providers.
pub fn providers() -> LinkedProviders {
    LinkedProviders::new(&[fake::provider, || terraform::provider(cli::decode_tfvars)])
}
