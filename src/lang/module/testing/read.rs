//! Finds and reads test files, and the made-up data that they name.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use diag::{Diagnostic, Diagnostics, Sources, Span};
use syntax::BodySchema;
use syntax::tree::Body;

use super::decode::{self, MOCKS, Place};
use super::{MockProvider, TestFile, overrides};
use crate::functions::Files;

/// How the names of test files end.
pub const ENDINGS: [&str; 2] = [".tftest.hcl", ".tftest.json"];

/// How the names of files with made-up data end.
const MOCK_ENDINGS: [&str; 2] = [".tfmock.hcl", ".tfmock.json"];

const MOCK_FILE: BodySchema<'static> = BodySchema { attributes: &[], blocks: MOCKS };

/// Tells whether a file of this name holds tests.
pub fn is_test_file(path: &Path) -> bool {
    ends_with(path, &ENDINGS)
}

fn ends_with(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    !name.starts_with(b".") && endings.iter().any(|ending| name.ends_with(ending.as_bytes()))
}

/// Returns the test files beside a module and in its folder for tests, sorted by name; a folder that is not there holds
/// none.
pub fn files_in(module: &Path, tests: &Path, files: &dyn Files) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let tests = module.join(tests);
    let folders = if tests == module { vec![module] } else { vec![module, &tests] };
    for folder in folders {
        let listed = files.list(folder).unwrap_or_default();
        found.extend(listed.into_iter().filter(|path| is_test_file(path) && !files.is_folder(path)));
    }
    found.sort_by(|a, b| shown(a).cmp(shown(b)));
    found.dedup();
    found
}

/// Reads a test file of the module in a folder.
pub fn read_file(
    path: &Path,
    module: &Path,
    files: &dyn Files,
    sources: &mut Sources,
    diags: &mut Diagnostics,
) -> Option<TestFile> {
    let body = body(path, files, sources, diags)?;
    let mut place = Place { files, sources, module };
    Some(decode::decode(shown(path).to_path_buf(), &body, &mut place, diags))
}

fn shown(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}

fn body(path: &Path, files: &dyn Files, sources: &mut Sources, diags: &mut Diagnostics) -> Option<Body> {
    let text: Arc<[u8]> = match files.read(path) {
        // Spans count bytes in 32 bits.
        Ok(text) if u32::try_from(text.len()).is_ok() => text.into(),
        Ok(_) => return failed(path, &io::Error::other("it is larger than 4 GiB"), diags),
        Err(error) => return failed(path, &error, diags),
    };
    let file = sources.add(shown(path), text.clone());
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let (tree, found) = if is_json { syntax::parse_json(file, &text) } else { syntax::parse(file, &text) };
    diags.append(found);
    Some(tree.body)
}

fn failed<T>(path: &Path, error: &io::Error, diags: &mut Diagnostics) -> Option<T> {
    let detail = format!("The file {} cannot be read: {error}.", shown(path).display());
    diags.push(Diagnostic::error("Failed to read file", detail));
    None
}

/// Reads all files with made-up data in the folder that a mock provider names. What stands in the block itself wins.
pub(super) fn read_mocks(
    (source, span): (&str, Span),
    while_planning: bool,
    place: &mut Place<'_, '_>,
    mock: &mut MockProvider,
    diags: &mut Diagnostics,
) {
    let folder = place.module.join(source);
    if Path::new(source).components().any(|part| matches!(part, Component::RootDir | Component::Prefix(_))) {
        let detail = "The folder with made-up data is named as seen from the module's own folder.";
        return diags.error(span, "Invalid mock data source", detail);
    }
    let mut paths: Vec<PathBuf> = match place.files.list(&folder) {
        Ok(paths) => paths.into_iter().filter(|path| ends_with(path, &MOCK_ENDINGS)).collect(),
        Err(error) => {
            let detail = format!("The folder {} cannot be read: {error}.", shown(&folder).display());
            return diags.error(span, "Failed to read mock data", detail);
        }
    };
    paths.sort();
    for path in paths {
        let Some(body) = body(&path, place.files, place.sources, diags) else { continue };
        let mut read = MockProvider::default();
        overrides::mocks(&body.content(&MOCK_FILE, diags), while_planning, &mut read, diags);
        for found in read.defaults {
            if !mock.defaults.iter().any(|known| (known.mode, &known.kind) == (found.mode, &found.kind)) {
                mock.defaults.push(found);
            }
        }
        for found in read.overrides {
            if !mock.overrides.iter().any(|known| known.target == found.target) {
                mock.overrides.push(found);
            }
        }
    }
}
