//! Texts of any kind: paths that exist on one machine only, READMEs, lists that must stay sorted.

use std::collections::BTreeSet;

use super::map;
use super::tree::Tree;

/// How paths of a workplace start. Split, so that this file keeps its own rule.
const WORKPLACES: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];

/// Names in examples that are nobody's.
const NOBODY: [&str; 3] = ["me", "user", "jovyan"];

/// The comment that marks a list as sorted: the lines behind it are, up to the line that closes the list.
const SORTED: &str = "// sorted";

/// Nothing points at a place that only one machine has.
pub(super) fn absolute_paths(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.files() {
        if !WORKPLACES.iter().any(|place| text.contains(place)) {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            if WORKPLACES.iter().any(|place| line.match_indices(place).any(|(at, _)| is_real(line, at, place))) {
                complaints.push(format!("{path}:{}: names a place on one machine", index + 1));
            }
        }
    }
    complaints
}

/// Tells whether a path that starts at `at` is one of a machine, and not the middle or end of something else.
fn is_real(line: &str, at: usize, place: &str) -> bool {
    let is_start = !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~}*".contains(c));
    let rest = &line[at + place.len()..];
    let name = &rest[..rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len())];
    is_start && !NOBODY.contains(&name)
}

/// Whoever opens a module or an example finds a README there.
pub(super) fn readme_beside_hcl(tree: &Tree) -> Vec<String> {
    let is_hcl = |path: &str| [".hcl", ".tf", ".gantry.json", ".tf.json"].iter().any(|end| path.ends_with(end));
    let hcl = tree.files().map(|(path, _)| path).filter(|path| is_hcl(path));
    let shown = hcl.filter(|path| path.starts_with("modules/") || path.starts_with("examples/"));
    let folders: BTreeSet<&str> = shown.filter_map(|path| path.rsplit_once('/').map(|(folder, _)| folder)).collect();
    let bare = folders.into_iter().filter(|folder| tree.text(&format!("{folder}/README.md")).is_none());
    bare.map(|folder| format!("{folder} has no README.md")).collect()
}

/// Lists that grow by a line each are sorted: two changes then seldom meet, and a reader finds the line.
pub(super) fn sorted_lists(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    if !map::members(tree.text("Cargo.toml").unwrap_or_default()).is_sorted() {
        complaints.push("Cargo.toml: the members are not sorted".to_owned());
    }
    for (path, text) in tree.rust_files() {
        let mut previous: Option<&str> = None;
        for (index, line) in text.lines().enumerate() {
            let trimmed = line.trim();
            match previous {
                None if trimmed == SORTED => previous = Some(""),
                Some(_) if trimmed.starts_with([']', ')', '}']) => previous = None,
                Some(before) if before > trimmed => {
                    complaints.push(format!("{path}:{}: the list is not sorted here", index + 1));
                    previous = Some(trimmed);
                }
                Some(_) => previous = Some(trimmed),
                None => {}
            }
        }
    }
    complaints
}
