//! `fileset`: the files of a folder that match a pattern.
//!
//! The pattern language is that of the Go library `doublestar` 1.1, with its corners: a second `**` in a row means `*`,
//! alternatives do not nest and hold no `/`, a class cannot begin with `-` or `]`. By hand, because no crate has these
//! corners. Folders that lead back to themselves by links are entered once (Terraform goes around 40 times).

mod pattern;
#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::path::Path;

use value::{Type, Value};

use self::pattern::{BadPattern, is_literal, matches, split};
use super::paths::{clean, join};
use super::{Call, CallError, Code, Environment, Function, Outcome, Returns, example, param, types};

pub(super) static FILESET: Function = Function {
    name: "fileset",
    summary: "Returns the paths, relative to a folder, of the files in it that match a pattern: `*` and `?` within a \
              name, `**` for folders at any depth, `{a,b}` for alternatives, `[a-z]` and `[^a-z]` for characters.",
    params: &[param("path", types::string), param("pattern", types::string)],
    rest: None,
    returns: Returns::Fixed(types::set_string),
    examples: &[
        example(r#"fileset("missing", "*")"#, "toset([])"),
        example(r#"fileset("/", "[")"#, "error: is not a pattern"),
    ],
    code: Code::Eager(fileset),
};

fn fileset(call: &Call<'_>) -> Outcome {
    let (path, pattern) = (call.text(0), call.text(1));
    let base = if path.starts_with('/') { String::new() } else { call.env.base_dir.to_string_lossy().into_owned() };
    let folder = join(&base, path);
    // The base folder is not the user's choice: what looks like a pattern in its name is none.
    let full = clean(&format!("{}/{path}/{pattern}", escape(&base)));
    let mut found = Vec::new();
    let mut walk = Walk { env: call.env, within: Vec::new(), found: &mut found };
    let parts = split(full.trim_start_matches('/'), '/');
    let root = if full.starts_with('/') { "/" } else { "." };
    walk.glob(root, &parts).map_err(|BadPattern| {
        CallError::argument(1, format!("{} is not a pattern that can be read", call.shown(pattern)))
    })?;
    let mut files = Vec::with_capacity(found.len());
    for file in found {
        let metadata =
            call.env.files.metadata(Path::new(&file)).map_err(|error| {
                CallError::new(format!("cannot look at {}, which matches: {error}", call.shown(&file)))
            })?;
        if metadata.is_file() {
            files.push(Value::string(relative(&folder, &file)));
        }
    }
    Ok(Value::set(Type::String, files))
}

fn escape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if matches!(c, '*' | '?' | '[' | '{' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Returns how to get from a folder to a path; both are clean and both absolute or both not.
fn relative(folder: &str, path: &str) -> String {
    let parts = |path: &str| path.split('/').filter(|part| !matches!(*part, "" | ".")).map(String::from).collect();
    let (from, to): (Vec<String>, Vec<String>) = (parts(folder), parts(path));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    up.chain(to[common..].iter().map(String::as_str)).collect::<Vec<_>>().join("/")
}

struct Walk<'a> {
    env: &'a Environment,
    /// The folders that are being walked through by `**`, by what identifies them.
    within: Vec<(u64, u64)>,
    found: &'a mut Vec<String>,
}

impl Walk<'_> {
    /// Finds what matches in a folder.
    fn glob(&mut self, folder: &str, parts: &[&str]) -> Result<(), BadPattern> {
        let literal = parts.iter().take_while(|part| is_literal(part)).count();
        let folder = parts[..literal].iter().fold(folder.to_string(), |folder, name| join(&folder, name));
        let Ok(metadata) = self.env.files.metadata(Path::new(&folder)) else { return Ok(()) };
        let Some((part, rest)) = parts[literal..].split_first() else {
            self.found.push(folder);
            return Ok(());
        };
        if !metadata.is_dir() {
            return Ok(());
        }
        // A folder that cannot be read has no files for us.
        let names = self.names(&folder);
        if *part != "**" {
            return self.glob_names(&folder, &names, part, rest);
        }
        self.glob_below(&folder, &names, &parts[literal..])?;
        match rest.split_first() {
            Some((part, rest)) => self.glob_names(&folder, &names, part, rest),
            None => Ok(()),
        }
    }

    /// Matches one part of the pattern with the names in a folder.
    fn glob_names(&mut self, folder: &str, names: &[String], part: &str, rest: &[&str]) -> Result<(), BadPattern> {
        for name in names {
            if matches(part, name)? {
                let path = join(folder, name);
                if rest.is_empty() {
                    self.found.push(path);
                } else {
                    self.glob(&path, rest)?;
                }
            }
        }
        Ok(())
    }

    /// Goes through all folders below; `parts` begin with `**`.
    fn glob_below(&mut self, folder: &str, names: &[String], parts: &[&str]) -> Result<(), BadPattern> {
        let is_last = parts.len() == 1;
        for name in names {
            let path = join(folder, name);
            let metadata = match self.env.files.metadata(Path::new(&path)) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == ErrorKind::NotFound && is_last => continue,
                Err(_) => continue,
            };
            if metadata.is_dir() {
                let id = identity(&metadata);
                if self.within.contains(&id) {
                    continue;
                }
                self.within.push(id);
                let result = self.glob(&path, parts);
                self.within.pop();
                result?;
            } else if is_last {
                self.found.push(path);
            }
        }
        Ok(())
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let paths = self.env.files.list(Path::new(folder)).unwrap_or_default();
        let mut names: Vec<String> =
            paths.iter().filter_map(|path| path.file_name().and_then(|name| name.to_str()).map(String::from)).collect();
        names.sort();
        names
    }
}

#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Without numbers for files, the time of creation tells folders apart well enough to end the walk.
#[cfg(not(unix))]
fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    let created = metadata.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    (0, created.map_or(0, |time| time.as_nanos() as u64))
}
