//! The pages that are made from definitions: they say what the program says of itself.
#![allow(clippy::print_stdout, reason = "what was skipped, and why, is said")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::program::is_update_wanted;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn gantry(arguments: &[&str]) -> Output {
    let nowhere = tempfile::tempdir().expect("a temporary folder can be made");
    crate::program::gantry(nowhere.path(), arguments).output().expect("the program runs")
}

/// Returns the files of a folder by name.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("it can be read").path());
    let name = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    entries.map(|path| (name(&path), fs::read_to_string(&path).expect("it is text"))).collect()
}

#[test]
fn the_page_of_the_command_line_is_up_to_date() {
    let printed = String::from_utf8(gantry(&["reference", "commands"]).stdout).expect("it is text");
    let path = root().join("src/cli/README.md");
    if is_update_wanted() {
        fs::write(&path, &printed).expect("it can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(printed.contains("## apply"), "{printed}");
    assert!(written == printed, "src/cli/README.md is stale: UPDATE_EXPECT=1 cargo test --test main reference");
}

#[test]
fn the_pages_of_providers_are_up_to_date() {
    for name in ["aws", "fake", "kind", "kubernetes", "terraform"] {
        let made = tempfile::tempdir().expect("a temporary folder can be made");
        let folder = made.path().to_string_lossy().into_owned();
        let ran = gantry(&["reference", "provider", &format!("-dir={folder}"), name]);
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let (pages, kept) = (files(made.path()), root().join("providers").join(name).join("docs"));
        if is_update_wanted() {
            // Pages of what is no more go, too.
            let _ = fs::remove_dir_all(&kept);
            fs::create_dir_all(&kept).expect("a folder can be made");
            pages.iter().for_each(|(name, text)| fs::write(kept.join(name), text).expect("it can be written"));
        }
        assert!(pages.contains_key("README.md"));
        let stale: Vec<_> = files(&kept).into_iter().filter(|(name, text)| pages.get(name) != Some(text)).collect();
        let stale: Vec<_> = stale.into_iter().map(|(name, _)| name).collect();
        let absent: Vec<_> = pages.keys().filter(|page| !kept.join(page).exists()).collect();
        let how = "UPDATE_EXPECT=1 cargo test --test main reference";
        assert!(stale.is_empty() && absent.is_empty(), "providers/{name}/docs: {stale:?} {absent:?}: {how}");
    }
}

#[test]
fn the_readmes_of_modules_tell_what_they_take_and_give() {
    let folders = fs::read_dir(root().join("modules")).expect("it is there");
    let folders = folders.filter_map(|entry| fs::read_dir(entry.ok()?.path()).ok()).flatten();
    let modules: Vec<PathBuf> =
        folders.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.join("main.tf").exists()).collect();
    assert!(modules.len() > 5, "{modules:?}");
    for module in modules {
        let path = module.to_string_lossy().into_owned();
        if is_update_wanted() {
            assert!(gantry(&["reference", "module", "-write", &path]).status.success());
        }
        let ran = gantry(&["reference", "module", "-check", &path]);
        assert!(ran.status.success(), "{path}/README.md is stale: gantry reference module -write {path}");
    }
}

#[test]
fn a_readme_keeps_what_people_wrote() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().to_string_lossy().into_owned();
    let variable = "variable \"a\" {\n  type = string\n  description = \"One | two.\"\n}\n";
    fs::write(folder.path().join("main.tf"), variable).expect("it can be written");
    fs::write(folder.path().join("README.md"), "# Mine\n\nWords.\n").expect("it can be written");
    assert_eq!(gantry(&["reference", "module", "-check", &path]).status.code(), Some(3));
    assert!(gantry(&["reference", "module", "-write", &path]).status.success());
    let text = fs::read_to_string(folder.path().join("README.md")).expect("it is there");
    assert!(text.starts_with("# Mine\n\nWords.\n"), "{text}");
    assert!(text.contains("| `a` | string, **required** | One \\| two. |"), "{text}");
    let longer = text.replace("Words.", "Other words.") + "\n## More\n";
    fs::write(folder.path().join("README.md"), &longer).expect("it can be written");
    assert!(gantry(&["reference", "module", "-check", &path]).status.success());
    fs::write(folder.path().join("more.tf"), "output \"b\" {\n  value = 1\n}\n").expect("it can be written");
    assert!(gantry(&["reference", "module", "-write", &path]).status.success());
    let text = fs::read_to_string(folder.path().join("README.md")).expect("it is there");
    assert!(text.contains("Other words.") && text.contains("| `b` | any |") && text.ends_with("## More\n"), "{text}");
}

#[test]
fn manual_pages_are_what_man_reads() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let ran = gantry(&["man", &format!("-dir={}", folder.path().display())]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let pages = files(folder.path());
    assert!(pages.contains_key("gantry.1") && pages.contains_key("gantry-state-list.1"), "{:?}", pages.keys());
    if Command::new("mandoc").arg("-h").output().is_err() {
        println!("skipped: mandoc is not there");
        return;
    }
    for name in pages.keys() {
        let checked =
            Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(folder.path().join(name)).output();
        let checked = checked.expect("mandoc runs");
        let said = String::from_utf8_lossy(&checked.stdout);
        // Pages have no date: they would differ from build to build.
        let faults: Vec<&str> = said.lines().filter(|line| !line.contains("missing date")).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
    let shown = Command::new("mandoc").args(["-T", "utf8"]).arg(folder.path().join("gantry-plan.1")).output();
    let shown = shown.expect("mandoc runs").stdout;
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains("Show what an apply would do"), "{shown}");
}
