//! Crates: the code map, the manifests and the arrows between them.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::Tree;

/// A crate that tests of any crate may use.
const FOR_TESTS: &str = "testkit";

/// The table in `src/README.md` says of each crate exactly what its manifest says.
pub(super) fn code_map_equals_manifests(tree: &Tree) -> Vec<String> {
    let rows = rows(tree);
    let ours = our_crates(tree);
    let mut complaints = Vec::new();
    for folder in tree.crates("src").filter(|folder| !rows.iter().any(|row| row.name == *folder)) {
        complaints.push(format!("src/{folder} has no row in src/README.md"));
    }
    let mut above = BTreeSet::new();
    for row in &rows {
        for later in row.uses.iter().filter(|used| !above.contains(*used)) {
            complaints.push(format!("`{}` uses `{later}`, which comes later in src/README.md or never", row.name));
        }
        above.insert(row.name.clone());
        let Some(manifest) = tree.text(&format!("src/{}/Cargo.toml", row.name)) else {
            complaints.push(format!("`{}` has a row and no folder in src/", row.name));
            continue;
        };
        let used = |kind| -> BTreeSet<String> {
            dependencies(manifest, kind).into_keys().filter(|n| ours.contains(n)).collect()
        };
        let (uses, mut in_tests) = (used("dependencies"), used("dev-dependencies"));
        if uses != row.uses {
            complaints.push(format!("{}: the map says {:?}, the manifest says {uses:?}", row.name, row.uses));
        }
        in_tests.remove(FOR_TESTS);
        // What is above is there anyway; providers are what engines are tested with.
        let providers: BTreeSet<&str> = tree.crates("providers").collect();
        in_tests.retain(|name| !above.contains(name) && !providers.contains(name.as_str()));
        for extra in in_tests {
            complaints.push(format!("{}: uses `{extra}` in tests, which the map does not allow", row.name));
        }
    }
    complaints
}

/// A provider sees the engine through `sdk` and nothing else.
pub(super) fn providers_use_sdk_only(tree: &Tree) -> Vec<String> {
    let ours = our_crates(tree);
    let mut complaints = Vec::new();
    for provider in tree.crates("providers") {
        let manifest = tree.text(&format!("providers/{provider}/Cargo.toml")).unwrap_or_default();
        let mut uses_sdk = false;
        for kind in ["dependencies", "dev-dependencies"] {
            for (name, _) in dependencies(manifest, kind) {
                uses_sdk |= name == "sdk";
                let is_allowed = name == "sdk" || (name == FOR_TESTS && kind == "dev-dependencies");
                if ours.contains(&name) && !is_allowed {
                    complaints.push(format!("providers/{provider} uses `{name}`; a provider uses `sdk` only"));
                }
            }
        }
        if !uses_sdk {
            complaints.push(format!("providers/{provider} does not use `sdk`"));
        }
    }
    complaints
}

/// Versions and paths of dependencies stand in the root manifest only.
pub(super) fn versions_in_one_place(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for path in members_by_folder(tree).map(|folder| format!("{folder}/Cargo.toml")) {
        let manifest = tree.text(&path).unwrap_or_default();
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, _) in dependencies(manifest, kind).into_iter().filter(|(_, is_shared)| !is_shared) {
                complaints.push(format!("{path}: {name} takes no version from the workspace"));
            }
        }
    }
    complaints
}

/// Every crate folder is listed as a member, so that `--workspace` means all of them.
pub(super) fn workspace_members(tree: &Tree) -> Vec<String> {
    let listed: BTreeSet<String> = members(tree.text("Cargo.toml").unwrap_or_default()).into_iter().collect();
    let present: BTreeSet<String> = members_by_folder(tree).collect();
    let unlisted = present.difference(&listed).map(|folder| format!("{folder} is no member of the workspace"));
    let absent = listed.difference(&present).map(|folder| format!("{folder} is a member and has no manifest"));
    unlisted.chain(absent).collect()
}

fn members_by_folder(tree: &Tree) -> impl Iterator<Item = String> {
    ["providers", "src"].into_iter().flat_map(|parent| tree.crates(parent).map(move |name| format!("{parent}/{name}")))
}

/// Returns the members that the root manifest lists, in its order.
pub(super) fn members(manifest: &str) -> Vec<String> {
    let list = manifest.split_once("\nmembers = [").and_then(|(_, rest)| rest.split_once(']'));
    let entries = list.map_or("", |(entries, _)| entries).split(',');
    entries.map(|entry| entry.trim().trim_matches('"').to_owned()).filter(|entry| !entry.is_empty()).collect()
}

struct Row {
    name: String,
    uses: BTreeSet<String>,
}

/// Reads the rows of the code map: `| `name` | what | uses |`.
fn rows(tree: &Tree) -> Vec<Row> {
    let map = tree.text("src/README.md").unwrap_or_default();
    let rows = map.lines().skip_while(|line| !line.starts_with("| crate |")).take_while(|line| line.starts_with('|'));
    let mut found = Vec::new();
    for row in rows.skip(2) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, .., uses] = cells[..] else { continue };
        let uses = uses.split(' ').filter(|word| !word.is_empty() && *word != "nothing");
        found.push(Row { name: name.trim_matches('`').to_owned(), uses: uses.map(str::to_owned).collect() });
    }
    found
}

/// Returns the names of the crates of this workspace, as manifests use them.
fn our_crates(tree: &Tree) -> BTreeSet<String> {
    let root = tree.text("Cargo.toml").unwrap_or_default();
    let lines = sections(root).remove("workspace.dependencies").unwrap_or_default();
    let ours = lines.into_iter().filter(|line| line.contains("path = "));
    ours.filter_map(|line| line.split('=').next()).map(|name| name.trim().to_owned()).collect()
}

/// Returns the dependencies of a kind, with whether their version is the workspace's; those for one platform included.
fn dependencies(manifest: &str, kind: &str) -> BTreeMap<String, bool> {
    let mut found = BTreeMap::new();
    for (section, lines) in sections(manifest) {
        let section = match section.strip_prefix("target.") {
            Some(rest) => rest.rsplit_once("'.").or(rest.rsplit_once("\".")).map_or("", |(_, section)| section),
            None => section,
        };
        if section == kind {
            for line in lines {
                let (key, value) = line.split_once('=').unwrap_or((line, ""));
                let (name, detail) = key.trim().split_once('.').unwrap_or((key.trim(), ""));
                let is_shared = detail == "workspace" || value.contains("workspace = true");
                found.insert(name.trim_matches('"').to_owned(), is_shared);
            }
        } else if let Some(name) = section.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.')) {
            found.insert(name.to_owned(), lines.iter().any(|line| line.replace(' ', "") == "workspace=true"));
        }
    }
    found
}

/// Returns the lines of each section of a manifest, comments and empty lines left out.
fn sections(manifest: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut sections: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut current = "";
    for line in manifest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(name) => current = name.trim_matches(['[', ']']),
            None => sections.entry(current).or_default().push(line),
        }
    }
    sections
}
