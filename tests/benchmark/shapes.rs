//! The configurations to measure with: N resources in several shapes, all with the built-in provider only.

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

/// The shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// N blocks without references.
    Flat,
    /// N blocks, each refers to the one before.
    Chain,
    /// Layers of 100 blocks; each block refers to up to three of the layer before.
    Dag100,
    /// One block with `count`.
    Count,
    /// One block with `for_each` over a set that is written out or computed.
    ForEach,
    /// One block with `for_each` over a local value of at most 1024 elements.
    ForEachLocal,
    /// 100 calls of a module of N/100 blocks.
    Modules,
}

/// How many elements `range` may have.
const RANGE_MAX: usize = 1024;

impl Shape {
    /// All of them.
    pub const ALL: [Shape; 7] =
        [Shape::Flat, Shape::Chain, Shape::Dag100, Shape::Count, Shape::ForEach, Shape::ForEachLocal, Shape::Modules];

    /// Returns the shape's name.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Flat => "flat",
            Shape::Chain => "chain",
            Shape::Dag100 => "dag100",
            Shape::Count => "count",
            Shape::ForEach => "foreach",
            Shape::ForEachLocal => "foreachl",
            Shape::Modules => "modules",
        }
    }

    /// Writes the configuration into a folder.
    pub fn write(self, count: usize, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let main = match self {
            Shape::Flat => (0..count).map(|i| block(i, &format!("\"v{i}\""))).collect(),
            Shape::Chain => (0..count).map(|i| block(i, &chain_input(i))).collect(),
            Shape::Dag100 => (0..count).map(|i| block(i, &layer_input(i))).collect(),
            Shape::Count => {
                format!(
                    "resource \"terraform_data\" \"r\" {{\n  count = {count}\n  input = \"v${{count.index}}\"\n}}\n"
                )
            }
            Shape::ForEach if count <= RANGE_MAX => {
                let keys = format!("toset([for i in range({count}) : \"k${{i}}\"])");
                format!("resource \"terraform_data\" \"r\" {{\n  for_each = {keys}\n  input = each.key\n}}\n")
            }
            Shape::ForEach => {
                let thousands = count / 1000;
                over_local(&format!(
                    "toset(flatten([for h in range({thousands}) : [for l in range(1000) : \"k${{h}}-${{l}}\"]]))"
                ))
            }
            Shape::ForEachLocal => {
                over_local(&format!("toset([for i in range({}) : \"k${{i}}\"])", count.min(RANGE_MAX)))
            }
            Shape::Modules => {
                fs::create_dir_all(folder.join("mod"))?;
                fs::write(folder.join("mod/main.tf"), module((count / 100).max(1)))?;
                let call = |i| format!("module \"m{i}\" {{\n  source = \"./mod\"\n  prefix = \"p{i}\"\n}}\n");
                (0..100).map(call).collect()
            }
        };
        fs::write(folder.join("main.tf"), main)
    }
}

fn block(number: usize, input: &str) -> String {
    format!("resource \"terraform_data\" \"r{number}\" {{\n  input = {input}\n}}\n")
}

fn chain_input(number: usize) -> String {
    match number.checked_sub(1) {
        None => "\"v0\"".into(),
        Some(before) => format!("terraform_data.r{before}.id"),
    }
}

fn layer_input(number: usize) -> String {
    let (layer, place) = (number / 100, number % 100);
    let Some(before) = layer.checked_sub(1) else { return format!("\"v{number}\"") };
    let mut places = vec![place, (place * 7 + 1) % 100, (place * 13 + 5) % 100];
    places.sort_unstable();
    places.dedup();
    let references: Vec<String> = places.iter().map(|p| format!("terraform_data.r{}.id", before * 100 + p)).collect();
    format!("[{}]", references.join(", "))
}

fn over_local(keys: &str) -> String {
    format!(
        "locals {{\n  ks = {keys}\n}}\nresource \"terraform_data\" \"r\" {{\n  for_each = local.ks\n  input = each.key\n}}\n"
    )
}

fn module(count: usize) -> String {
    let mut text = String::from("variable \"prefix\" {\n  type = string\n}\n");
    for i in 0..count {
        text.push_str(&block(i, &format!("\"${{var.prefix}}-{i}\"")));
    }
    write!(text, "output \"first\" {{\n  value = terraform_data.r0.id\n}}\n").expect("a text takes all");
    text
}
