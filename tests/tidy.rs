//! The rules of the house: what the code map, the style card and the design promise, checked against the tree.
//!
//! A rule is a pure function over a [`Tree`] in `tidy/`, one line in [`RULES`], and a case below that breaks it.

mod map;
mod rust;
mod size;
mod texts;
mod tree;

use tree::Tree;

/// Returns what is wrong, a line each.
type Rule = fn(&Tree) -> Vec<String>;

/// Every rule by name.
const RULES: &[(&str, Rule)] = &[
    // sorted
    ("absolute_paths", texts::absolute_paths),
    ("code_map_equals_manifests", map::code_map_equals_manifests),
    ("crates_say_what_is_not_here", rust::crates_say_what_is_not_here),
    ("file_headers", rust::file_headers),
    ("forgotten_files", rust::forgotten_files),
    ("long_files", size::long_files),
    ("long_functions", size::long_functions),
    ("printing_only_in_cli", rust::printing_only_in_cli),
    ("providers_use_sdk_only", map::providers_use_sdk_only),
    ("readme_beside_hcl", texts::readme_beside_hcl),
    ("sorted_lists", texts::sorted_lists),
    ("versions_in_one_place", map::versions_in_one_place),
    ("workspace_members", map::workspace_members),
];

#[test]
fn the_repository_keeps_every_rule() {
    let tree = Tree::of_repository();
    let broken: Vec<String> = RULES
        .iter()
        .flat_map(|(name, rule)| rule(&tree).into_iter().map(move |complaint| format!("{name}: {complaint}")))
        .collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// A small tree that keeps every rule.
fn good_tree() -> Tree {
    Tree::of(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"providers/fake\", \"src/cli\", \"src/diag\", \"src/sdk\"]\n\
             [workspace.dependencies]\n\
             cli = { package = \"gantry-cli\", path = \"src/cli\" }\n\
             diag = { package = \"gantry-diag\", path = \"src/diag\" }\n\
             fake = { package = \"gantry-provider-fake\", path = \"providers/fake\" }\n\
             sdk = { package = \"gantry-sdk\", path = \"src/sdk\" }\n\
             serde = \"1\"\n\
             [[test]]\nname = \"main\"\npath = \"tests/main.rs\"\n\
             [dependencies]\ncli.workspace = true\nfake.workspace = true\n",
        ),
        (
            "src/README.md",
            "| crate | what | uses |\n|---|---|---|\n| `diag` | x | nothing |\n| `sdk` | x | diag |\n\
             | `cli` | x | diag sdk |\n",
        ),
        ("src/main.rs", "//! The program.\n\nfn main() {}\n"),
        ("src/diag/Cargo.toml", "[dependencies]\nserde.workspace = true\n"),
        ("src/diag/lib.rs", "//! Diagnostics.\n//!\n//! *Not here:* printing.\n\nmod span;\n"),
        ("src/diag/span.rs", "//! Spans.\n\n/// One.\npub fn one() -> u8 {\n    1\n}\n"),
        ("src/sdk/Cargo.toml", "[dependencies]\ndiag = { workspace = true }\n"),
        ("src/sdk/lib.rs", "//! For providers.\n//!\n//! *Not here:* engine.\n"),
        (
            "src/cli/Cargo.toml",
            "[dependencies]\ndiag.workspace = true\nsdk.workspace = true\n[dev-dependencies]\nsdk.workspace = true\n",
        ),
        ("src/cli/lib.rs", "//! Prints.\n//! *Not here:* meaning.\n\nfn p() {\n    println!();\n}\n"),
        ("providers/fake/Cargo.toml", "[dependencies]\nsdk.workspace = true\n"),
        ("providers/fake/lib.rs", "//! In memory.\n//!\n//! *Not here:* a cloud.\n"),
        ("modules/README.md", "# Modules\n"),
        ("modules/addon/kafka/main.tf", "locals {}\n"),
        ("modules/addon/kafka/README.md", "# Kafka\n"),
        ("tests/main.rs", "//! Tests.\n\nmod tidy;\n"),
        ("tests/tidy.rs", "//! Rules.\n\nmod tree;\n"),
        ("tests/tidy/tree.rs", "//! A tree.\n"),
    ])
}

#[test]
fn a_good_tree_keeps_every_rule() {
    let tree = good_tree();
    for (name, rule) in RULES {
        assert_eq!(rule(&tree), Vec::<String>::new(), "{name}");
    }
}

/// A rule, the files that break it when they are put into the good tree, and part of the complaint.
///
/// A file without text is taken out of the tree.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const CASES: &[Case] = &[
    ("absolute_paths", &[("README.md", concat!("Look at /wo", "rk/notes.\n"))], "README.md:1"),
    ("absolute_paths", &[("examples/a.tf", concat!("x = \"/ho", "me/jane/key\"\n"))], "examples/a.tf:1"),
    ("code_map_equals_manifests", &[("src/plan/Cargo.toml", "")], "src/plan has no row"),
    ("code_map_equals_manifests", &[("src/sdk/Cargo.toml", GONE)], "`sdk` has a row and no folder"),
    ("code_map_equals_manifests", &[("src/sdk/Cargo.toml", "[dependencies]\n")], "sdk: the map says"),
    (
        "code_map_equals_manifests",
        &[("src/diag/Cargo.toml", "[dependencies]\nsdk.workspace = true\n")],
        "diag: the map",
    ),
    ("code_map_equals_manifests", &[("src/diag/Cargo.toml", "[dev-dependencies.sdk]\nworkspace = true\n")], "in tests"),
    ("code_map_equals_manifests", &[("src/README.md", UPSIDE_DOWN)], "`cli` uses `sdk`, which comes later"),
    ("crates_say_what_is_not_here", &[("src/diag/lib.rs", "//! Diagnostics.\n\nmod span;\n")], "src/diag/lib.rs"),
    ("crates_say_what_is_not_here", &[("providers/fake/lib.rs", "//! In memory.\n")], "providers/fake/lib.rs"),
    ("file_headers", &[("src/diag/span.rs", "pub fn one() {}\n")], "src/diag/span.rs: the first line"),
    ("file_headers", &[("tests/tidy.rs", "//! Two\n//! lines.\n\nmod tree;\n")], "tests/tidy.rs: the header goes on"),
    ("forgotten_files", &[("tests/forgotten.rs", "//! Never run.\n")], "tests/forgotten.rs"),
    ("forgotten_files", &[("src/diag/deep/er.rs", "//! Never built.\n")], "src/diag/deep/er.rs"),
    ("forgotten_files", &[("src/diag/lib.rs", "//! D.\n//! *Not here:* x.\n// mod span;\n")], "src/diag/span.rs"),
    ("printing_only_in_cli", &[("src/diag/span.rs", "//! S.\nfn f() {\n    eprintln!(\"x\");\n}\n")], "span.rs:3"),
    ("providers_use_sdk_only", &[("providers/fake/Cargo.toml", "[dependencies]\ndiag.workspace = true\n")], "`diag`"),
    ("providers_use_sdk_only", &[("providers/fake/Cargo.toml", "[dependencies]\n")], "does not use `sdk`"),
    ("readme_beside_hcl", &[("modules/addon/kafka/README.md", GONE)], "modules/addon/kafka has no README.md"),
    ("readme_beside_hcl", &[("examples/lake/main.gantry.hcl", "")], "examples/lake has no README.md"),
    (
        "sorted_lists",
        &[("src/diag/span.rs", "//! S.\nconst A: &[&str] = &[\n    // sorted\n    b,\n    a,\n];\n")],
        "rs:5",
    ),
    ("sorted_lists", &[("Cargo.toml", "[workspace]\nmembers = [\"src/b\", \"src/a\"]\n")], "members"),
    (
        "versions_in_one_place",
        &[("src/diag/Cargo.toml", "[dependencies]\nserde = \"1\"\n")],
        "src/diag/Cargo.toml: serde",
    ),
    (
        "versions_in_one_place",
        &[("src/sdk/Cargo.toml", "[dependencies]\ndiag = { path = \"../diag\" }\n")],
        "sdk/Cargo",
    ),
    ("workspace_members", &[("src/plan/Cargo.toml", "")], "src/plan is no member"),
    ("workspace_members", &[("src/diag/Cargo.toml", GONE)], "src/diag is a member and has no manifest"),
];

/// Stands for "take this file out of the tree".
const GONE: &str = "\0";

const UPSIDE_DOWN: &str = "| crate | what | uses |\n|---|---|---|\n| `diag` | x | nothing |\n| `cli` | x | diag sdk |\n\
                           | `sdk` | x | diag |\n";

#[test]
fn each_rule_has_been_seen_to_fail() {
    for (name, change, expected) in CASES {
        let complaints = broken(name, change);
        assert!(complaints.iter().any(|c| c.contains(expected)), "{name}: no {expected:?} in {complaints:?}");
    }
    for (name, _) in RULES {
        // The size rules need more text than a table has room for; their cases are in `tidy/size.rs`.
        assert!(name.starts_with("long_") || CASES.iter().any(|case| case.0 == *name), "{name} has no case");
    }
}

fn broken(name: &str, change: &[(&str, &str)]) -> Vec<String> {
    let mut tree = good_tree();
    for (path, text) in change {
        match *text {
            GONE => tree.remove(path),
            text => tree.insert(path, text),
        }
    }
    let (_, rule) = RULES.iter().find(|(known, _)| *known == name).expect("the case names a rule");
    rule(&tree)
}
