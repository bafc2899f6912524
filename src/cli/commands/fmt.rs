//! `fmt`: brings configuration files into the one standard layout.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::{fs, mem};

use clap::ArgAction;
use diag::{Diagnostic, Diagnostics, Sources};
use similar::{Algorithm, TextDiff};

use super::Run;
use crate::{Exit, Session, environment};

/// How the names of files in native syntax end.
const ENDINGS: [&str; 5] = [".gantry.hcl", ".tf", ".tfmock.hcl", ".tftest.hcl", ".tfvars"];

/// Some input could not be read or makes no sense.
const BROKEN_INPUT: Exit = Exit(2);

/// With `-check`: some input is not in standard layout.
const NOT_FORMATTED: Exit = Exit(3);

/// Bring configuration files into the standard layout.
///
/// Rewrites the configuration files (.gantry.hcl, .tf), variable files (.tfvars) and test files (.tftest.hcl,
/// .tfmock.hcl) of the current directory; files in JSON syntax have no standard layout and stay as they are.
///
/// Each target is a directory, whose files are rewritten, or a file. A single dash ("-") as the first target stands
/// for standard input, whose layout goes to standard output.
///
/// The exit code is 0 if all went well, 2 if some input could not be read or makes no sense, and with -check 3 if some
/// input is not in the standard layout.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Do not list the files whose layout differs. For standard input nothing is ever listed.
    #[arg(long, default_value_t = true, action = ArgAction::Set)]
    list: bool,

    /// Do not change files. Standard input and -check never change any.
    #[arg(long, default_value_t = true, action = ArgAction::Set)]
    write: bool,

    /// Show what differs from the standard layout.
    #[arg(long)]
    diff: bool,

    /// Only tell whether the input is in standard layout: the exit code is 0 if it is, 3 if not.
    #[arg(long)]
    check: bool,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,

    /// Look into subdirectories, too.
    #[arg(long)]
    recursive: bool,

    /// Files and directories; the current directory if there is none.
    #[arg(value_name = "TARGET")]
    targets: Vec<PathBuf>,
}

impl Run for Args {
    const NAME: &'static str = "fmt";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        let mut work = Work { args: self, ..Work::default() };
        if work.args.is_standard_input() {
            work.standard_input(&mut session.ui.input);
        } else {
            work.targets();
        }
        if work.is_output_wanted() {
            session.ui.out.print_bytes(&work.output);
        }
        session.ui.diagnostics(&work.sources, &work.diagnostics);
        match work.diagnostics.has_errors() {
            true => BROKEN_INPUT,
            false if work.args.check && work.has_differences => NOT_FORMATTED,
            false => Exit::SUCCESS,
        }
    }
}

impl Args {
    fn is_standard_input(&self) -> bool {
        self.targets.first().is_some_and(|target| target == "-")
    }
}

impl Default for Args {
    fn default() -> Args {
        <Args as clap::Parser>::parse_from(["fmt"])
    }
}

/// One run of the command.
#[derive(Default)]
struct Work {
    args: Args,
    sources: Sources,
    diagnostics: Diagnostics,
    /// What goes to standard output.
    output: Vec<u8>,
    has_differences: bool,
}

impl Work {
    /// With `-check`, Terraform prints what it found only if there is no error, and only if the list is wanted; then
    /// the differences are left out as well.
    fn is_output_wanted(&self) -> bool {
        let is_listing = self.args.list && !self.args.is_standard_input();
        !self.args.check || (is_listing && !self.diagnostics.has_errors())
    }

    fn standard_input(&mut self, input: &mut dyn Read) {
        let mut text = Vec::new();
        if let Err(error) = input.read_to_end(&mut text) {
            return self.problem("Failed to read standard input", &error);
        }
        let Some(formatted) = self.format("<stdin>", &text) else { return };
        self.has_differences = formatted != text;
        if self.args.diff {
            self.show_difference("<stdin>", &text, &formatted);
        } else if !self.args.check {
            self.output = formatted;
            if self.output.last() != Some(&b'\n') {
                self.output.push(b'\n');
            }
        }
    }

    fn targets(&mut self) {
        let mut targets = mem::take(&mut self.args.targets);
        if targets.is_empty() {
            targets.push(PathBuf::from("."));
        }
        let current = environment::current_directory().unwrap_or_default();
        for target in targets {
            let path = relative(&current, &target);
            match fs::metadata(&target) {
                // A target that is not there ends the run: what else was asked for may rest on the same mistake.
                Err(error) => {
                    return self.problem(format!("No file or directory at {}", target.display()), &error);
                }
                Ok(metadata) if metadata.is_dir() => self.directory(&path),
                Ok(_) if has_known_ending(path.file_name()) => self.file(&path),
                Ok(_) => self.diagnostics.push(Diagnostic::error(
                    format!("Not a file that gantry fmt can process: {}", target.display()),
                    format!("The names of such files end in {}.", ENDINGS.join(", ")),
                )),
            }
        }
    }

    fn directory(&mut self, path: &Path) {
        let entries = match entries(path, self.args.recursive) {
            Ok(entries) => entries,
            Err(error) => return self.problem(format!("Failed to read directory {}", shown(path)), &error),
        };
        for (path, is_directory) in entries {
            match is_directory {
                true => self.directory(&path),
                false => self.file(&path),
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let name = shown(path);
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) => return self.problem(format!("Failed to read file {name}"), &error),
        };
        let Some(formatted) = self.format(&name, &text) else { return };
        if formatted == text {
            return;
        }
        self.has_differences = true;
        if self.args.list {
            self.output.extend_from_slice(format!("{name}\n").as_bytes());
        }
        if self.args.write
            && !self.args.check
            && let Err(error) = replace(path, &formatted)
        {
            self.problem(format!("Failed to write {name}"), &error);
        }
        if self.args.diff {
            self.show_difference(&name, &text, &formatted);
        }
    }

    /// Returns the text in standard layout, or nothing and a diagnostic if it makes no sense.
    fn format(&mut self, name: &str, text: &[u8]) -> Option<Vec<u8>> {
        let file = self.sources.add(name, text);
        let (_, diagnostics) = syntax::parse(file, text);
        let is_broken = diagnostics.has_errors();
        self.diagnostics.append(diagnostics);
        (!is_broken).then(|| syntax::format(text))
    }

    fn show_difference(&mut self, name: &str, old: &[u8], new: &[u8]) {
        self.output.extend_from_slice(&difference(name, old, new));
    }

    fn problem(&mut self, summary: impl Into<String>, error: &io::Error) {
        self.diagnostics.push(Diagnostic::error(summary, format!("{error}.")));
    }
}

/// Returns the files to format and, if wanted, the directories to look into, which are told by `true`. Sorted by name.
///
/// Hidden files and editors' leftovers are left out.
fn entries(directory: &Path, is_recursive: bool) -> io::Result<BTreeSet<(PathBuf, bool)>> {
    let read = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let mut entries = BTreeSet::new();
    for entry in fs::read_dir(read)? {
        let entry = entry?;
        let name = entry.file_name();
        // A link to a directory is not followed: it may lead anywhere, and in circles.
        let is_directory = entry.file_type()?.is_dir();
        let is_wanted = if is_directory { is_recursive } else { has_known_ending(Some(&name)) };
        if is_wanted && !is_ignored(&name) {
            entries.insert((directory.join(&name), is_directory));
        }
    }
    Ok(entries)
}

fn is_ignored(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") || name.ends_with(b"~") || (name.starts_with(b"#") && name.ends_with(b"#"))
}

fn has_known_ending(name: Option<&OsStr>) -> bool {
    name.is_some_and(|name| ENDINGS.iter().any(|ending| name.as_encoded_bytes().ends_with(ending.as_bytes())))
}

/// Returns how messages name a path.
fn shown(path: &Path) -> String {
    if path.as_os_str().is_empty() { ".".to_owned() } else { path.display().to_string() }
}

/// Returns `path` as seen from `current`, without detours; nothing is read from disk for it.
fn relative(current: &Path, path: &Path) -> PathBuf {
    let target = without_dots(&current.join(path));
    let current = without_dots(current);
    let shared = current.components().zip(target.components()).take_while(|(a, b)| a == b).count();
    let up = current.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(target.components().skip(shared)).collect()
}

fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => _ = clean.pop(),
            other => clean.push(other),
        }
    }
    clean
}

/// Puts new text in the place of a file at once, so that no reader ever sees half of it. The permissions stay.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    // A link stays a link: what it points to gets the text.
    let path = fs::canonicalize(path)?;
    let old = fs::metadata(&path)?;
    if old.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new().prefix(".gantry-fmt-").tempfile_in(directory)?;
    new.write_all(text)?;
    new.as_file().set_permissions(old.permissions())?;
    keep_owner(new.as_file(), &old)?;
    new.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// Gives the new file to the old one's owner, where that is someone else and we may.
#[cfg(unix)]
fn keep_owner(new: &fs::File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let now = new.metadata()?;
    if (now.uid(), now.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    fchown(new, Some(old.uid()), Some(old.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_new: &fs::File, _old: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Returns the difference as `diff -u` writes it.
fn difference(name: &str, old: &[u8], new: &[u8]) -> Vec<u8> {
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).diff_lines(old, new);
    let mut written = Vec::new();
    let (old_name, new_name) = (format!("old/{name}"), format!("new/{name}"));
    diff.unified_diff()
        .context_radius(3)
        .header(&old_name, &new_name)
        .to_writer(&mut written)
        .expect("writing to memory does not fail");
    written
}

#[cfg(test)]
mod tests;
