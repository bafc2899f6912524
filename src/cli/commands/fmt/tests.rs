//! Tests of `fmt`.

use super::*;

fn check_relative(current: &str, path: &str, expected: &str) {
    assert_eq!(relative(Path::new(current), Path::new(path)), Path::new(expected), "{path}");
}

// As `terraform fmt` names files.
#[test]
fn names_paths_as_seen_from_the_current_directory() {
    check_relative("/w", "sub/./a.tf", "sub/a.tf");
    check_relative("/w", "../w/a.tf", "a.tf");
    check_relative("/w", "/w/sub", "sub");
    check_relative("/w/x", "/o/a.tf", "../../o/a.tf");
    check_relative("/w", ".", "");
}

#[test]
fn knows_the_files_it_may_touch() {
    let known = |name: &str| has_known_ending(Some(OsStr::new(name))) && !is_ignored(OsStr::new(name));
    for name in ["a.tf", "a.gantry.hcl", "a.tfvars", "a.tftest.hcl", "a.tfmock.hcl"] {
        assert!(known(name), "{name}");
    }
    for name in ["a.hcl", "a.tf.json", "a.tf~", ".a.tf", "#a.tf#", "a.tf.bak", "a.gantry.json", "a.tfvars.json"] {
        assert!(!known(name), "{name}");
    }
}

fn check_difference(old: &str, new: &str, expected: &str) {
    let written = difference("a.tf", old.as_bytes(), new.as_bytes());
    assert_eq!(String::from_utf8(written).expect("the input is text"), expected);
}

// As `diff -u --label old/a.tf --label new/a.tf` writes them.
#[test]
fn writes_differences_as_diff_does() {
    check_difference(
        "x=1\ny   = 2\n\n\n\n\n\n\n\nz  =3",
        "x = 1\ny = 2\n\n\n\n\n\n\n\nz = 3",
        "--- old/a.tf\n+++ new/a.tf\n@@ -1,5 +1,5 @@\n-x=1\n-y   = 2\n+x = 1\n+y = 2\n \n \n \n@@ -7,4 +7,4 @@\n \n \n \n\
         -z  =3\n\\ No newline at end of file\n+z = 3\n\\ No newline at end of file\n",
    );
    check_difference("a=1\n", "a = 1\n", "--- old/a.tf\n+++ new/a.tf\n@@ -1 +1 @@\n-a=1\n+a = 1\n");
}

#[test]
fn replaces_a_file_with_its_permissions_and_through_a_link() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("a.tf");
    fs::write(&file, "old").expect("the folder is ours");
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        fs::set_permissions(&file, fs::Permissions::from_mode(0o751)).expect("the file is ours");
        let link = folder.path().join("link.tf");
        symlink(&file, &link).expect("the folder is ours");
        replace(&link, b"new").expect("the file can be replaced");
        assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
        assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o751);
    }
    #[cfg(not(unix))]
    replace(&file, b"new").expect("the file can be replaced");
    assert_eq!(fs::read(&file).expect("it is there"), b"new");
    assert_eq!(
        fs::read_dir(folder.path())
            .expect("it is there")
            .filter(|e| !e.as_ref().is_ok_and(|e| e.path().ends_with("link.tf")))
            .count(),
        1
    );
}
