//! `graph`: what needs what.

use std::collections::BTreeSet;
use std::path::Path;

use diag::Diagnostics;
use lang::objects::{Kind, Objects};
use serde_json::json;

use super::Run;
use crate::configuration::{Configuration, Purity};
use crate::render::json;
use crate::{Exit, Session};

/// How the graph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For Graphviz.
    Dot,
    /// For Mermaid, as Markdown viewers have it.
    Mermaid,
    /// Names of nodes and pairs of names.
    Json,
}

/// What is in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Extent {
    /// Resources only, and what they need through other things.
    Resources,
    /// Variables, locals, outputs, provider configurations and module calls, too.
    All,
    /// The same as "all".
    Plan,
    /// The same as "all".
    Apply,
}

/// Print which resource needs which.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// How it is written: "dot", "mermaid" or "json".
    #[arg(long, value_name = "FORMAT", default_value = "dot")]
    format: Format,

    /// What is in it: "resources", or "all" (also called "plan" and "apply") with everything that has a name.
    #[arg(long = "type", value_name = "TYPE", default_value = "resources")]
    extent: Extent,
}

impl Run for Args {
    const NAME: &'static str = "graph";

    fn run(self, session: &mut Session) -> Exit {
        let mut diags = Diagnostics::new();
        let read = Configuration::read(Path::new("."), Purity::Pure, session, &mut diags);
        session.ui.diagnostics(&read.sources, &diags);
        if diags.has_errors() {
            return Exit::FAILURE;
        }
        let objects = Objects::of(&read.root);
        let mut shown = BTreeSet::new();
        if self.extent == Extent::Resources {
            read.root.visit(&mut |node| {
                let resources = 0..node.module.resources.len() as u32;
                shown.extend(resources.map(|offset| objects.place(&node.path, Kind::Resource, offset)));
            });
        } else {
            shown.extend(0..objects.names.len() as u32);
        }
        let graph = Graph::of(&objects, &shown);
        let text = match self.format {
            Format::Dot => graph.dot(),
            Format::Mermaid => graph.mermaid(),
            Format::Json => json::pretty(&json!({ "nodes": graph.names, "edges": graph.named_edges() })),
        };
        session.ui.out.print(&text);
        Exit::SUCCESS
    }
}

/// Names, and who needs whom by their places.
struct Graph {
    names: Vec<String>,
    edges: Vec<(usize, usize)>,
}

impl Graph {
    /// Leaves out what is not shown; what needs something through it needs it directly.
    fn of(objects: &Objects, shown: &BTreeSet<u32>) -> Graph {
        let mut order: Vec<u32> = shown.iter().copied().collect();
        order.sort_by(|a, b| objects.names[*a as usize].cmp(&objects.names[*b as usize]));
        let mut places = vec![usize::MAX; objects.names.len()];
        order.iter().enumerate().for_each(|(place, object)| places[*object as usize] = place);
        let mut edges = Vec::new();
        // Who has been here last, so that nothing is visited twice for one object.
        let mut visited = vec![u32::MAX; objects.names.len()];
        for object in &order {
            let mut open = objects.edges[*object as usize].clone();
            while let Some(next) = open.pop() {
                if std::mem::replace(&mut visited[next as usize], *object) == *object {
                    continue;
                }
                if shown.contains(&next) {
                    edges.push((places[*object as usize], places[next as usize]));
                } else {
                    open.extend(&objects.edges[next as usize]);
                }
            }
        }
        edges.sort_unstable();
        Graph { names: order.iter().map(|object| objects.names[*object as usize].to_string()).collect(), edges }
    }

    fn named_edges(&self) -> Vec<[&str; 2]> {
        self.edges.iter().map(|(from, to)| [self.names[*from].as_str(), self.names[*to].as_str()]).collect()
    }

    fn dot(&self) -> String {
        let mut text =
            String::from("digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n");
        for name in &self.names {
            let name = lang::print::quote(name);
            text.push_str(&format!("  {name} [label={name}];\n"));
        }
        for [from, to] in self.named_edges() {
            text.push_str(&format!("  {} -> {};\n", lang::print::quote(from), lang::print::quote(to)));
        }
        text.push_str("}\n");
        text
    }

    fn mermaid(&self) -> String {
        let mut text = String::from("graph RL\n");
        for (place, name) in self.names.iter().enumerate() {
            text.push_str(&format!("  n{place}[\"{}\"]\n", name.replace('"', "#quot;")));
        }
        for (from, to) in &self.edges {
            text.push_str(&format!("  n{from} --> n{to}\n"));
        }
        text
    }
}
