//! Tests of `fileset`; the expected values are Terraform's.

use std::collections::BTreeSet;

use super::super::testing::{check_in, scratch};
use super::super::{Environment, find};

const FILES: &[&str] = &[
    ".dot",
    ".hid/h.txt",
    "a.txt",
    "b.txt",
    "c.md",
    "d1/a.txt",
    "d1/d2/a.txt",
    "d1/d2/deep.txt",
    "d1/x.md",
    "br[1].txt",
    "st*r.txt",
    "{x}.txt",
    "é.txt",
    "sp ce/q.txt",
];

/// Each pattern with the files that it matches.
const CASES: &[(&str, &[&str])] = &[
    ("*", &[".dot", "a.txt", "b.txt", "c.md", "br[1].txt", "st*r.txt", "{x}.txt", "é.txt"]),
    ("**", FILES),
    ("**/*", FILES),
    ("**/**", FILES),
    ("**/", FILES),
    ("*.md", &["c.md"]),
    ("**/*.md", &["c.md", "d1/x.md"]),
    ("d1/**", &["d1/a.txt", "d1/d2/a.txt", "d1/d2/deep.txt", "d1/x.md"]),
    ("d1/**/**/a.txt", &["d1/d2/a.txt"]),
    ("**/d2/*", &["d1/d2/a.txt", "d1/d2/deep.txt"]),
    ("*/a.txt", &["d1/a.txt"]),
    ("{a,b}.{txt,md}", &["a.txt", "b.txt"]),
    ("{a,{b,c}}.txt", &["b.txt"]),
    ("{,a}.txt", &["a.txt"]),
    ("a{,.txt}", &["a.txt"]),
    ("*.{txt", &[]),
    ("{}", &[]),
    ("[ab].txt", &["a.txt", "b.txt"]),
    ("[^a].txt", &["b.txt", "é.txt"]),
    ("[!a].txt", &["a.txt"]),
    ("[^]", &[]),
    ("[a-c].*", &["a.txt", "b.txt", "c.md"]),
    ("?.txt", &["a.txt", "b.txt", "é.txt"]),
    ("br[1].txt", &[]),
    ("br[[]1].txt", &["br[1].txt"]),
    ("br\\[1\\].txt", &["br[1].txt"]),
    ("st\\*r.txt", &["st*r.txt"]),
    ("\\{x\\}.txt", &["{x}.txt"]),
    ("\\[", &[]),
    ("*\\", &[]),
    ("a.txt\\", &[]),
    ("a**", &["a.txt"]),
    ("**a.txt", &["a.txt"]),
    ("a.txt*", &["a.txt"]),
    ("*a.txt*", &["a.txt"]),
    ("a.txt?", &[]),
    (".*", &[".dot"]),
    ("a.txt", &["a.txt"]),
    ("/a.txt", &["a.txt"]),
    ("./d1/../c.md", &["c.md"]),
    ("d1", &[]),
    ("nope", &[]),
    ("nope/[", &[]),
    ("a.txt/*", &[]),
    ("", &[]),
    ("sp ce/*", &["sp ce/q.txt"]),
];

fn fileset(env: &Environment, path: &str, pattern: &str) -> BTreeSet<String> {
    let result = find("fileset").expect("it exists").call(vec![path.into(), pattern.into()], env);
    let result = result.unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let files = result.as_sequence().expect("a set").iter();
    files.map(|file| file.as_str().expect("a string").to_string()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(ToString::to_string).collect()
}

/// A base folder whose name looks like a pattern, with the files in a folder `fix`.
fn environment() -> (tempfile::TempDir, Environment) {
    let files: Vec<(String, &[u8])> = FILES.iter().map(|file| (format!("[ba*se]/fix/{file}"), &b"x"[..])).collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    let folder = scratch(&files);
    let env = Environment::for_tests(folder.path().join("[ba*se]"));
    (folder, env)
}

#[test]
fn patterns_match_as_in_terraform() {
    let (_folder, env) = environment();
    for (pattern, expected) in CASES {
        assert_eq!(fileset(&env, "fix", pattern), names(expected), "{pattern}");
    }
}

#[test]
fn paths_are_relative_to_the_folder() {
    let (_folder, env) = environment();
    assert_eq!(fileset(&env, "fix/d1", "../*.md"), names(&["../c.md"]));
    assert_eq!(fileset(&env, "", "fix/*.md"), names(&["fix/c.md"]));
    assert_eq!(fileset(&env, "./fix/", "*.md"), names(&["c.md"]));
    assert_eq!(fileset(&env, "nope", "*"), names(&[]));
    // The folder is a part of the pattern, too.
    assert_eq!(fileset(&env, "f*", "*.md"), names(&["../fix/c.md"]));
    let absolute = env.base_dir.parent().expect("a folder").join("?ba?se?/fix");
    assert_eq!(fileset(&env, &absolute.to_string_lossy(), "*.md").len(), 1);
}

#[test]
fn patterns_that_cannot_be_read() {
    let (_folder, env) = environment();
    for pattern in ["[", "[a", "{a", "[]a].txt", "[a-]*", "[-a]*", "[\\]", "d1/{d2/a,x}.*"] {
        check_in(&env, "fileset", ["fix".into(), pattern.into()], Err("is not a pattern"));
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_circles_end() {
    let (_folder, env) = environment();
    let fix = env.base_dir.join("fix");
    std::os::unix::fs::symlink("d1", fix.join("link")).expect("a link can be made");
    std::os::unix::fs::symlink("..", fix.join("d1/up")).expect("a link can be made");
    std::os::unix::fs::symlink(".", fix.join("d1/self")).expect("a link can be made");
    assert_eq!(fileset(&env, "fix", "link/*.md"), names(&["link/x.md"]));
    assert!(fileset(&env, "fix", "**/*.md").contains("d1/x.md"));
    std::os::unix::fs::symlink("nowhere", fix.join("broken.md")).expect("a link can be made");
    check_in(&env, "fileset", ["fix".into(), "*.md".into()], Err("cannot look at"));
}
