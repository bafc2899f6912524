//! The tests of the built-in modules, as `gantry test` runs them in the sandbox.

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn the_tests_of_the_built_in_modules_pass() {
    // In a copy, as the command makes a folder for its data.
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("modules");
    let copy = folder.path().join("modules");
    copy_folder(&from, &copy);
    let modules = modules_in(&copy);
    let mut tested = 0;
    for module in &modules {
        let name = module.strip_prefix(&copy).expect("it is in the copy").display();
        let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
        command.current_dir(module).env_clear().env("HOME", folder.path()).args(["test", "-no-color"]);
        let ran = command.output().expect("the program runs");
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{name}\n{out}\n{err}");
        let summary = out.lines().last().unwrap_or_default();
        println!("{name}: {summary} {}", err.lines().last().unwrap_or_default());
        tested += usize::from(!summary.contains(" 0 passed"));
    }
    assert!(tested >= 7, "{tested} of {} modules have tests", modules.len());
}

/// Returns the folders that hold a module.
fn modules_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for kind in std::fs::read_dir(folder).expect("it can be listed") {
        let kind = kind.expect("an entry can be read").path();
        let Ok(modules) = std::fs::read_dir(&kind) else { continue };
        found.extend(modules.map(|module| module.expect("an entry can be read").path()));
    }
    found.retain(|module| module.join("main.tf").is_file());
    found.sort();
    found
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("it can be listed") {
        let path = entry.expect("an entry can be read").path();
        let to = to.join(path.file_name().expect("it has a name"));
        match path.is_dir() {
            true => copy_folder(&path, &to),
            false => _ = std::fs::copy(&path, &to).expect("it can be copied"),
        }
    }
}
