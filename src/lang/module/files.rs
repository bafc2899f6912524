//! Which files of a folder belong to its module.

use std::io;
use std::path::{Path, PathBuf};

use crate::functions::Files;

/// What a file of a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKind {
    /// JSON syntax instead of the native one.
    pub json: bool,
    /// Its blocks change blocks of the other files.
    pub is_override: bool,
}

/// File name endings of configurations, and whether they mean JSON. Longer ones first.
const ENDINGS: &[(&str, bool)] = &[(".gantry.hcl", false), (".gantry.json", true), (".tf.json", true), (".tf", false)];

impl FileKind {
    /// Returns what a file of this name is; nothing if it is no part of a module.
    pub fn of(name: &str) -> Option<FileKind> {
        if is_ignored(name) {
            return None;
        }
        let (stem, json) = ENDINGS.iter().find_map(|(ending, json)| Some((name.strip_suffix(ending)?, *json)))?;
        let is_override = stem == "override" || stem.ends_with("_override");
        Some(FileKind { json, is_override })
    }
}

/// Hidden files and what editors leave behind.
fn is_ignored(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}

/// Lists the files of a module's folder: ordinary ones first, then overrides, each sorted by name.
pub fn list_files(files: &dyn Files, dir: &Path) -> io::Result<Vec<(PathBuf, FileKind)>> {
    let mut found: Vec<(PathBuf, FileKind)> = files
        .list(dir)?
        .into_iter()
        .filter_map(|path| {
            let kind = FileKind::of(path.file_name()?.to_str()?)?;
            // A folder named like a file is none of ours; a link that leads nowhere is reported when it is read.
            (!files.is_folder(&path)).then_some((path, kind))
        })
        .collect();
    found.sort_by(|a, b| (a.1.is_override, &a.0).cmp(&(b.1.is_override, &b.0)));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::FileKind;

    #[test]
    fn knows_configuration_files_by_their_names() {
        let kind = |name| FileKind::of(name).map(|kind| (kind.json, kind.is_override));
        assert_eq!(kind("main.tf"), Some((false, false)));
        assert_eq!(kind("main.gantry.hcl"), Some((false, false)));
        assert_eq!(kind("main.tf.json"), Some((true, false)));
        assert_eq!(kind("override.tf"), Some((false, true)));
        assert_eq!(kind("a_override.gantry.json"), Some((true, true)));
        assert_eq!(kind("main.tf~"), None);
        assert_eq!(kind(".hidden.tf"), None);
        assert_eq!(kind("terraform.tfvars"), None);
    }
}
