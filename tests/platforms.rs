//! The platforms beside each other: one interface, and one spec on all of them, by what is planned and what is there then.
//!
//! `UPDATE_EXPECT=1` writes `tests/platforms/table.txt`.
#![cfg(unix)]

mod cluster;
mod facts;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::program::{gantry, is_update_wanted, said, succeed};

/// In the order of the table.
const PLATFORMS: [&str; 3] = ["eks", "kind", "sandbox"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the folders of the modules of a kind.
fn modules(kind: &str) -> Vec<PathBuf> {
    let folder = root().join("modules").join(kind);
    let entries = fs::read_dir(&folder).expect("the folder can be read");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    found.sort();
    found
}

/// Returns the blocks of a file by their names: `variable "a" {` and what follows.
fn blocks(text: &str, kind: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix(kind).and_then(|rest| rest.strip_prefix(" \"")) {
            let name = rest.split('"').next().unwrap_or_default();
            found.push((name.to_owned(), String::new()));
        }
        if let Some((_, block)) = found.last_mut() {
            block.push_str(line);
            block.push('\n');
        }
    }
    found.into_iter().map(|(name, block)| (name, block.trim_end().to_owned())).collect()
}

fn names(text: &str, kind: &str) -> Vec<String> {
    blocks(text, kind).into_iter().map(|(name, _)| name).collect()
}

/// Returns the first cells of a table in a section of a page, without what marks them as code.
fn first_cells(page: &str, section: &str, heading: &str) -> Vec<String> {
    let lines = page.lines().skip_while(|line| *line != section).skip(1).take_while(|line| !line.starts_with("## "));
    let rows = lines.skip_while(|line| !line.starts_with(heading)).skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').nth(1).unwrap_or_default().trim().trim_matches('`').to_owned()).collect()
}

#[test]
fn all_platforms_have_the_interface_that_is_written_down() {
    let page = read(&root().join("modules/README.md"));
    let section = "## What every platform takes and gives";
    let (inputs, outputs) = (first_cells(&page, section, "| input |"), first_cells(&page, section, "| output |"));
    assert!(inputs.len() > 5 && outputs.len() > 5, "{inputs:?} {outputs:?}");
    let platforms = modules("cluster");
    let known: Vec<String> =
        platforms.iter().map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    assert_eq!(known, PLATFORMS);
    for platform in &platforms {
        let variables = read(&platform.join("variables.tf"));
        assert_eq!(variables, read(&platforms[0].join("variables.tf")), "{}", platform.display());
        assert_eq!(names(&variables, "variable"), inputs, "{}", platform.display());
        assert_eq!(names(&read(&platform.join("outputs.tf")), "output"), outputs, "{}", platform.display());
    }
}

#[test]
fn what_several_add_ons_take_is_written_the_same_way_in_all() {
    let page = read(&root().join("modules/README.md"));
    let section = "## What every add-on takes and gives";
    let shared = first_cells(&page, section, "| input |");
    let listed = first_cells(&page, section, "| add-on |");
    let add_ons = modules("addon");
    let known: Vec<String> = add_ons
        .iter()
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .map(|name| format!("[{name}](addon/{name}/README.md)"))
        .collect();
    assert_eq!(listed, known);
    let mut first: BTreeMap<String, (String, String)> = BTreeMap::new();
    for add_on in &add_ons {
        let variables = blocks(&read(&add_on.join("variables.tf")), "variable");
        let order: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(order[..2], ["name", "cluster"], "{}", add_on.display());
        let is_shared = |name: &str| ["cluster", "name"].contains(&name) || shared.iter().any(|known| known == name);
        for (name, block) in variables.iter().filter(|(name, _)| is_shared(name)) {
            // An add-on may want more of a cluster, and each has a version of its own.
            let block = match name.as_str() {
                "app_version" => continue,
                "cluster" => block.split("\n\n").next().unwrap_or_default().trim_end_matches("\n}").to_owned(),
                _ => block.clone(),
            };
            let here = add_on.display().to_string();
            let (elsewhere, same) = first.entry(name.clone()).or_insert_with(|| (here.clone(), block.clone()));
            assert_eq!(block, *same, "{name} in {here} and in {elsewhere}");
        }
    }
    assert_eq!(first.len(), shared.len() + 1, "{:?}", first.keys());
}

/// Plans the spec for a platform and applies it, in the sandbox; returns the plan as JSON, and the folder with the world.
fn applied(platform: &str) -> (Json, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(root().join("tests/platforms/spec.gantry.hcl"), folder.path().join("spec.gantry.hcl")).expect("a copy");
    let variable = format!("platform={platform}");
    succeed(&mut gantry(folder.path(), &["plan", "-sandbox", "-out=plan", "-var", &variable]));
    let plan = succeed(&mut gantry(folder.path(), &["show", "-json", "plan"]));
    succeed(&mut gantry(folder.path(), &["apply", "-sandbox", "plan"]));
    (serde_json::from_str(&plan).expect("JSON"), folder)
}

/// Writes what is the same on all platforms, and what is not.
fn beside(found: &[BTreeMap<String, String>]) -> String {
    let all: BTreeSet<&String> = found.iter().flat_map(BTreeMap::keys).collect();
    let (mut same, mut different) = (String::new(), String::new());
    for name in all {
        let values: Vec<&str> = found.iter().map(|facts| facts.get(name).map_or("-", String::as_str)).collect();
        if values.windows(2).all(|pair| pair[0] == pair[1]) {
            let _ = writeln!(same, "{name}: {}", values[0]);
            continue;
        }
        let _ = writeln!(different, "{name}");
        for (platform, value) in PLATFORMS.iter().zip(values) {
            let _ = writeln!(different, "  {platform:8} {value}");
        }
    }
    format!("## The same on all platforms\n\n{same}\n## Different\n\n{different}")
}

#[test]
fn one_spec_is_the_same_on_all_platforms_but_for_what_is_listed() {
    let applied: Vec<(Json, tempfile::TempDir)> = PLATFORMS.map(applied).into();
    let planned: Vec<BTreeMap<String, String>> = applied.iter().map(|(plan, _)| facts::of(plan)).collect();
    let made: Vec<BTreeMap<String, String>> = applied.iter().map(|(_, folder)| cluster::of(folder.path())).collect();
    let table = format!(
        "What becomes of spec.gantry.hcl. UPDATE_EXPECT=1 writes this file.\n\n# What the plans say\n\n{}\n# What is in the \
         clusters then\n\n{}",
        beside(&planned),
        beside(&made)
    );
    let path = root().join("tests/platforms/table.txt");
    if is_update_wanted() {
        fs::write(&path, &table).expect("the table can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(table == expected, "{}", similar::TextDiff::from_lines(&expected, &table).unified_diff());
}

#[test]
fn built_in_modules_are_called_by_their_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |text: &str| {
        fs::write(folder.path().join("main.tf"), text).expect("it can be written");
        let ran = gantry(folder.path(), &["plan", "-sandbox"]).output().expect("the program runs");
        (ran.status.success(), said(&ran))
    };
    let call = r#"
module "lake" {
  source             = "gantry//cluster/eks"
  name               = "lake"
  kubernetes_version = "1.35"
  pools              = { core = { min = 2 } }
  providers          = { kubernetes = kubernetes.lake }
}

provider "kubernetes" {
  alias                  = "lake"
  host                   = module.lake.connection.host
  cluster_ca_certificate = module.lake.connection.cluster_ca_certificate
  eks {
    cluster_name = module.lake.connection.eks.cluster_name
    region       = module.lake.connection.eks.region
  }
}

module "team" {
  source    = "gantry//addon/namespace-quota"
  name      = "team"
  cluster   = module.lake
  providers = { kubernetes = kubernetes.lake }
}
"#;
    let (is_good, text) = run(call);
    assert!(is_good && text.contains("module.lake.aws_eks_cluster.this will be created"), "{text}");
    assert!(text.contains("module.team.kubernetes_manifest.quota"), "{text}");
    let (is_good, text) = run(&call.replace("cluster/eks", "cluster/esk"));
    assert!(!is_good && text.contains("Did you mean \"eks\"?"), "{text}");
}
