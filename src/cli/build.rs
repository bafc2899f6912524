//! Makes the modules of the repository a part of the program: a table of paths and texts.

#![allow(clippy::disallowed_methods, reason = "cargo talks to build scripts by environment variables")]

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../modules");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let (mut table, mut digest) = (String::new(), DefaultHasher::new());
    for file in &files {
        let name = file.strip_prefix(&root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        digest.write(name.as_bytes());
        digest.write(&fs::read(file)?);
        let _ = writeln!(table, "    ({name:?}, include_str!({:?})),", file.canonicalize()?.display().to_string());
    }
    let text = format!(
        "pub(super) const FILES: &[(&str, &str)] = &[\n{table}];\npub(super) const DIGEST: &str = \"{:016x}\";\n",
        digest.finish()
    );
    fs::write(PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("modules.rs"), text)
}

/// Collects what a module consists of; its tests stay in the repository.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            collect(&path, files)?;
        } else if !path.to_string_lossy().ends_with(".tftest.hcl") {
            files.push(path);
        }
    }
    Ok(())
}
