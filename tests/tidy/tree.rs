//! The files that rules look at: the repository's, or made up.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use super::rust;

/// Files larger than this are data; rules see their names only.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// Files by path, parts parted by `/`; text as far as it is text.
#[derive(Default)]
pub(super) struct Tree {
    files: BTreeMap<String, String>,
    /// The Rust files without comments and texts: several rules read them, and making them is most of the work.
    code: OnceLock<BTreeMap<String, String>>,
}

impl Tree {
    /// Reads the repository; build output and hidden folders other than `.ci` are left out.
    pub(super) fn of_repository() -> Tree {
        let mut tree = Tree::default();
        tree.read(Path::new(env!("CARGO_MANIFEST_DIR")), "");
        tree
    }

    /// Makes a tree of paths and texts.
    pub(super) fn of(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            tree.insert(path, text);
        }
        tree
    }

    /// Puts a file in, in the place of one of that name.
    pub(super) fn insert(&mut self, path: &str, text: &str) {
        self.files.insert(path.to_owned(), text.to_owned());
        self.code = OnceLock::new();
    }

    /// Takes a file out.
    pub(super) fn remove(&mut self, path: &str) {
        self.files.remove(path);
        self.code = OnceLock::new();
    }

    /// Returns a file's text.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Returns all files in the order of their paths.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Returns the files written in Rust.
    pub(super) fn rust_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| path.ends_with(".rs"))
    }

    /// Returns a file in Rust without comments and texts.
    pub(super) fn code(&self, path: &str) -> &str {
        let masked = || self.rust_files().map(|(path, text)| (path.to_owned(), rust::masked(text))).collect();
        self.code.get_or_init(masked).get(path).map_or("", String::as_str)
    }

    /// Returns the folders of crates in `parent` (`src` or `providers`), by name.
    pub(super) fn crates<'a>(&'a self, parent: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.keys().filter_map(move |path| {
            let name = path.strip_prefix(parent)?.strip_prefix('/')?.strip_suffix("/Cargo.toml")?;
            (!name.contains('/')).then_some(name)
        })
    }

    fn read(&mut self, folder: &Path, prefix: &str) {
        let entries = fs::read_dir(folder).expect("a folder of the repository can be read");
        for entry in entries.map(|entry| entry.expect("an entry of the repository can be read")) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let kind = entry.file_type().expect("an entry has a type");
            if name == ".git" {
                // A folder, or in a second work tree a file.
            } else if kind.is_dir() {
                let is_ours = name == ".ci" || (!name.starts_with('.') && name != "target");
                if is_ours {
                    self.read(&entry.path(), &format!("{path}/"));
                }
            } else if kind.is_file() {
                let is_small = entry.metadata().is_ok_and(|m| m.len() <= TEXT_BYTES_MAX);
                let bytes = if is_small { fs::read(entry.path()).unwrap_or_default() } else { Vec::new() };
                self.files.insert(path, String::from_utf8(bytes).unwrap_or_default());
            }
        }
    }
}
