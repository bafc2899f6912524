//! Directed graphs of numbered things: cycles, and the order in which steps run.
//!
//! *Not here:* what the things are; anything of configurations, plans or providers.

mod schedule;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

pub use schedule::{Lock, Schedule, Step, simulate};

/// Finds the cycles of a graph given as the neighbours of each node.
///
/// Of every knot of nodes that reach each other one shortest cycle is returned, in the order of its edges, beginning
/// with its least node; cycles are sorted by that node. Takes time linear in nodes and edges for graphs without
/// cycles.
pub fn cycles(edges: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let mut found: Vec<Vec<u32>> = components(edges).filter_map(|knot| shortest_cycle(&knot, edges)).collect();
    found.sort_unstable();
    found
}

/// Finds the knots of a graph given as the neighbours of each node: nodes that all reach each other, two or more.
///
/// In no particular order; linear in nodes and edges.
pub fn knots(edges: &[Vec<u32>]) -> Vec<Vec<u32>> {
    components(edges).filter(|knot| knot.len() > 1).collect()
}

fn components(edges: &[Vec<u32>]) -> impl Iterator<Item = Vec<u32>> {
    let mut graph = DiGraph::<(), (), u32>::with_capacity(edges.len(), edges.len());
    for _ in edges {
        graph.add_node(());
    }
    for (from, targets) in edges.iter().enumerate() {
        for to in targets {
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(*to as usize), ());
        }
    }
    // Kosaraju's algorithm, because petgraph's Tarjan recurses and long chains are normal here.
    kosaraju_scc(&graph).into_iter().map(|knot| knot.iter().map(|node| node.index() as u32).collect())
}

/// Returns a shortest cycle through the least node of a knot; nothing if the knot is a node without an edge to itself.
fn shortest_cycle(knot: &[u32], edges: &[Vec<u32>]) -> Option<Vec<u32>> {
    let start = *knot.iter().min()?;
    if knot.len() == 1 {
        return edges[start as usize].contains(&start).then(|| vec![start]);
    }
    let inside: std::collections::HashSet<u32> = knot.iter().copied().collect();
    let mut from: std::collections::HashMap<u32, u32> = std::collections::HashMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in edges[node as usize].iter().copied().filter(|next| inside.contains(next)) {
            if next == start {
                let mut cycle = vec![node];
                while let Some(before) = from.get(cycle.last()?) {
                    cycle.push(*before);
                }
                cycle.reverse();
                return Some(cycle);
            }
            if let std::collections::hash_map::Entry::Vacant(place) = from.entry(next) {
                place.insert(node);
                queue.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{cycles, knots};

    #[test]
    fn names_the_nodes_of_each_cycle_in_order() {
        assert!(cycles(&[vec![1], vec![2], vec![]]).is_empty());
        assert_eq!(cycles(&[vec![0]]), [[0]]);
        assert_eq!(cycles(&[vec![1], vec![2], vec![0], vec![0]]), [[0, 1, 2]]);
        assert_eq!(cycles(&[vec![], vec![2], vec![1], vec![4], vec![5, 3], vec![3]]), [vec![1, 2], vec![3, 4]]);
    }

    #[test]
    fn finds_what_reaches_each_other() {
        let mut found = knots(&[vec![0], vec![2], vec![1], vec![4], vec![5, 3], vec![3]]);
        found.iter_mut().for_each(|knot| knot.sort_unstable());
        found.sort_unstable();
        assert_eq!(found, [vec![1, 2], vec![3, 4, 5]]);
    }

    #[test]
    fn a_long_chain_does_not_overflow_the_stack() {
        let length = 200_000u32;
        let mut edges: Vec<Vec<u32>> = (1..length).map(|next| vec![next]).collect();
        edges.push(vec![0]);
        assert_eq!(cycles(&edges)[0].len(), length as usize);
    }
}
