//! `graph`: what needs what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use lang::objects::{Kind, Objects};
use lang::tree::Node;
use serde_json::json;

use super::Run;
use crate::configuration::Configuration;
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
    PlanRefreshOnly,
    /// The same as "all".
    PlanDestroy,
    /// The same as "all".
    Apply,
}

/// Print which resource needs which.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// How it is written: "dot", "mermaid" or "json".
    #[arg(long, value_name = "FORMAT", default_value = "dot")]
    format: Format,

    /// What is in it: "resources", or "all" with everything that has a name. Terraform's names "plan", "apply",
    /// "plan-destroy" and "plan-refresh-only" mean all, too: there is one graph, and to destroy it is gone through backwards.
    #[arg(long = "type", value_name = "TYPE", default_value = "resources")]
    extent: Extent,

    /// Draw what needs itself in red.
    #[arg(long)]
    draw_cycles: bool,

    /// Refused: a saved plan has no graph of its own.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,

    /// Accepted for scripts: it has no effect in Terraform either.
    #[arg(long, value_name = "N")]
    module_depth: Option<String>,
}

impl Run for Args {
    const NAME: &'static str = "graph";

    fn run(self, session: &mut Session) -> Exit {
        if let Some(path) = &self.plan {
            let detail = format!(
                "A saved plan goes by the graph of its configuration and has none of its own, so -plan={} has nothing to show. \
                 Leave the flag out in the folder of the configuration.",
                path.display()
            );
            session.problem("Graph of a plan", detail);
            return Exit::FAILURE;
        }
        let read = match Configuration::to_look_at(session) {
            Ok(read) => read,
            Err(exit) => return exit,
        };
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
        let graph = Graph::of(&read.root, &objects, &shown);
        let cycles = if self.draw_cycles { graph.cycles() } else { BTreeSet::new() };
        let text = match self.format {
            Format::Dot => graph.dot(&cycles),
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
    /// The module that each is in, and its name there.
    places: Vec<(String, String)>,
    edges: Vec<(usize, usize)>,
}

impl Graph {
    /// Leaves out what is not shown; what needs something through it needs it directly.
    fn of(root: &Node, objects: &Objects, shown: &BTreeSet<u32>) -> Graph {
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
        let mut modules: Vec<String> = Vec::new();
        root.visit(&mut |node| modules.push(node.path.to_string()));
        let names: Vec<String> = order.iter().map(|object| objects.names[*object as usize].to_string()).collect();
        let places = names.iter().map(|name| place(&modules, name)).collect();
        Graph { names, places, edges }
    }

    fn named_edges(&self) -> Vec<[&str; 2]> {
        self.edges.iter().map(|(from, to)| [self.names[*from].as_str(), self.names[*to].as_str()]).collect()
    }

    /// Returns the edges between objects that need each other.
    fn cycles(&self) -> BTreeSet<(usize, usize)> {
        let mut needs: Vec<Vec<u32>> = vec![Vec::new(); self.names.len()];
        self.edges.iter().for_each(|(from, to)| needs[*from].push(*to as u32));
        let edges = |cycle: Vec<u32>| {
            let steps = (0..cycle.len()).map(|at| (cycle[at] as usize, cycle[(at + 1) % cycle.len()] as usize));
            steps.collect::<Vec<_>>()
        };
        graph::cycles(&needs).into_iter().flat_map(edges).collect()
    }

    /// Returns the modules with the places of what is in each, the root module's without a name.
    fn by_module(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut modules: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, (module, _)) in self.places.iter().enumerate() {
            modules.entry(module).or_default().push(at);
        }
        modules
    }

    fn dot(&self, cycles: &BTreeSet<(usize, usize)>) -> String {
        let quote = lang::print::quote;
        let mut text =
            String::from("digraph G {\n  rankdir = \"RL\";\n  node [shape = rect, fontname = \"sans-serif\"];\n");
        for (module, members) in self.by_module() {
            let indent = if module.is_empty() { "  " } else { "    " };
            if !module.is_empty() {
                let (cluster, label) = (quote(&format!("cluster_{module}")), quote(module));
                text.push_str(&format!(
                    "  subgraph {cluster} {{\n    label = {label}\n    fontname = \"sans-serif\"\n"
                ));
            }
            for at in members {
                let (name, label) = (quote(&self.names[at]), quote(&self.places[at].1));
                text.push_str(&format!("{indent}{name} [label={label}];\n"));
            }
            text.push_str(if module.is_empty() { "" } else { "  }\n" });
        }
        for edge in &self.edges {
            let colour = if cycles.contains(edge) { " [color = \"red\", penwidth = \"2.0\"]" } else { "" };
            let (from, to) = (quote(&self.names[edge.0]), quote(&self.names[edge.1]));
            text.push_str(&format!("  {from} -> {to}{colour};\n"));
        }
        text.push_str("}\n");
        text
    }

    fn mermaid(&self) -> String {
        let mut text = String::from("graph RL\n");
        let shown = |name: &str| name.replace('"', "#quot;");
        for (number, (module, members)) in self.by_module().into_iter().enumerate() {
            let indent = if module.is_empty() { "  " } else { "    " };
            if !module.is_empty() {
                text.push_str(&format!("  subgraph m{number}[\"{}\"]\n", shown(module)));
            }
            for at in members {
                text.push_str(&format!("{indent}n{at}[\"{}\"]\n", shown(&self.places[at].1)));
            }
            text.push_str(if module.is_empty() { "" } else { "  end\n" });
        }
        for (from, to) in &self.edges {
            text.push_str(&format!("  n{from} --> n{to}\n"));
        }
        text
    }
}

/// Parts a name into the module it is in and the rest: the longest module that it begins with.
fn place(modules: &[String], name: &str) -> (String, String) {
    let rest = |module: &String| name.strip_prefix(module.as_str()).and_then(|rest| rest.strip_prefix('.'));
    let inside = modules.iter().filter(|module| !module.is_empty());
    let found =
        inside.filter_map(|module| rest(module).map(|rest| (module, rest))).max_by_key(|(module, _)| module.len());
    match found {
        // The call of a module is called like the module, and stands outside of it.
        Some((module, rest)) => (module.clone(), rest.to_owned()),
        None => (String::new(), name.to_owned()),
    }
}
