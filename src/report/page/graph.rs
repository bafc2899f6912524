//! Drawings of who needs whom: nodes in layers, what is needed above what needs it.

use std::fmt::Write;

use super::html::escape;

/// Nodes beside each other; more of a layer go into further rows, so that a drawing stays as wide as a page.
const ROW_MAX: usize = 4;
const WIDTH: usize = 216;
const HEIGHT: usize = 46;
const GAP: usize = 20;
const ROW_GAP: usize = 16;
const LAYER_GAP: usize = 44;
const MARGIN: usize = 8;
/// Letters that fit into a node, of the name and of what is below it.
const NAME_MAX: usize = 26;
const SUB_MAX: usize = 34;
/// Layers are sorted so often by what is around their nodes.
const SWEEPS: usize = 4;

/// A box.
pub(super) struct Node {
    pub(super) name: String,
    /// What stands below the name.
    pub(super) sub: String,
    /// What it is in full.
    pub(super) title: String,
    /// What happens to it: `add`, `change`, `remove`, `read`, or nothing.
    pub(super) class: &'static str,
}

/// Draws nodes with links from what is needed to what needs it.
pub(super) fn svg(label: &str, nodes: &[Node], links: &[(usize, usize)]) -> String {
    let links = reduced(nodes.len(), links);
    let layers = layers(nodes.len(), &links);
    let places = places(&layers, nodes.len());
    let width = places.iter().map(|(x, _)| x + WIDTH).max().unwrap_or(0) + MARGIN;
    let height = places.iter().map(|(_, y)| y + HEIGHT).max().unwrap_or(0) + MARGIN;
    let label = escape(label);
    let mut out = format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{label}\" tabindex=\"0\">\n<svg width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\">\n<title>{label}</title>\n"
    );
    for (from, to) in &links {
        let ((x, y), (to_x, to_y)) = (places[*from], places[*to]);
        let (x, y, to_x) = (x + WIDTH / 2, y + HEIGHT, to_x + WIDTH / 2);
        let bend = to_y.saturating_sub(y) / 2;
        let (down, up) = (y + bend, to_y.saturating_sub(bend));
        let _ = writeln!(out, "<path class=\"edge\" d=\"M{x} {y}C{x} {down} {to_x} {up} {to_x} {to_y}\"/>");
    }
    for (node, (x, y)) in nodes.iter().zip(&places) {
        let (name, sub) = (escape(&short(&node.name, NAME_MAX)), escape(&short(&node.sub, SUB_MAX)));
        let (text_x, name_y, sub_y) = (x + 12, y + 20, y + 36);
        let _ = writeln!(
            out,
            "<g class=\"{}\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"7\"/>\
             <text x=\"{text_x}\" y=\"{name_y}\">{name}</text><text class=\"sub\" x=\"{text_x}\" y=\"{sub_y}\">{sub}</text></g>",
            node.class,
            escape(&node.title)
        );
    }
    out.push_str("</svg>\n</div>\n");
    out
}

/// Keeps the end of a text that is too long: that is what tells addresses apart.
fn short(text: &str, max: usize) -> String {
    let count = text.chars().count();
    if count <= max {
        text.to_owned()
    } else {
        format!("…{}", text.chars().skip(count - max + 1).collect::<String>())
    }
}

/// Leaves out links that others imply, and those that would close a circle.
fn reduced(count: usize, links: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut sorted: Vec<(usize, usize)> = links.iter().copied().filter(|(from, to)| from != to).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut outs: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to) in sorted {
        if !reaches(&outs, to, from) {
            outs[from].push(to);
        }
    }
    let mut kept = Vec::new();
    for from in 0..count {
        for to in outs[from].clone() {
            let is_implied = outs[from].iter().any(|other| *other != to && reaches(&outs, *other, to));
            if !is_implied {
                kept.push((from, to));
            }
        }
    }
    kept
}

fn reaches(outs: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; outs.len()];
    let mut open = vec![from];
    while let Some(node) = open.pop() {
        if node == to {
            return true;
        }
        if !std::mem::replace(&mut seen[node], true) {
            open.extend(outs[node].iter().copied());
        }
    }
    false
}

/// Puts each node below all that it needs, and sorts each layer by what its nodes are linked with.
fn layers(count: usize, links: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut depth = vec![0; count];
    // Links close no circle, so this ends.
    let mut has_changed = true;
    while has_changed {
        has_changed = false;
        for (from, to) in links {
            if depth[*to] <= depth[*from] {
                depth[*to] = depth[*from] + 1;
                has_changed = true;
            }
        }
    }
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); depth.iter().max().map_or(0, |deepest| deepest + 1)];
    for (node, depth) in depth.iter().enumerate() {
        layers[*depth].push(node);
    }
    let mut place = vec![0.0; count];
    let settle = |layer: &[usize], place: &mut Vec<f64>| {
        let middle = layer.len() as f64 / 2.0;
        layer.iter().enumerate().for_each(|(at, node)| place[*node] = at as f64 - middle);
    };
    layers.iter().for_each(|layer| settle(layer, &mut place));
    for sweep in 0..SWEEPS {
        let is_down = sweep % 2 == 0;
        let order: Vec<usize> = if is_down { (0..layers.len()).collect() } else { (0..layers.len()).rev().collect() };
        for at in order {
            let weight = |node: usize| {
                let near = links.iter().filter_map(|(from, to)| match is_down {
                    true if *to == node => Some(place[*from]),
                    false if *from == node => Some(place[*to]),
                    _ => None,
                });
                let (sum, count) = near.fold((0.0, 0), |(sum, count), place| (sum + place, count + 1));
                if count == 0 { place[node] } else { sum / f64::from(count) }
            };
            let mut weighed: Vec<(f64, usize)> = layers[at].iter().map(|node| (weight(*node), *node)).collect();
            weighed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            layers[at] = weighed.into_iter().map(|(_, node)| node).collect();
            settle(&layers[at], &mut place);
        }
    }
    layers
}

/// Returns the upper left corner of each node.
fn places(layers: &[Vec<usize>], count: usize) -> Vec<(usize, usize)> {
    let widest = layers.iter().map(|layer| layer.len().min(ROW_MAX)).max().unwrap_or(0);
    let whole = widest * (WIDTH + GAP);
    let mut places = vec![(0, 0); count];
    let mut y = MARGIN;
    for layer in layers {
        for row in layer.chunks(ROW_MAX) {
            let left = MARGIN + (whole - row.len() * (WIDTH + GAP)) / 2;
            for (at, node) in row.iter().enumerate() {
                places[*node] = (left + at * (WIDTH + GAP), y);
            }
            y += HEIGHT + ROW_GAP;
        }
        y += LAYER_GAP - ROW_GAP;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::{Node, layers, reduced, short, svg};

    #[test]
    fn implied_links_are_not_drawn_and_circles_are_opened() {
        assert_eq!(reduced(3, &[(0, 1), (1, 2), (0, 2), (0, 1)]), [(0, 1), (1, 2)]);
        assert_eq!(reduced(2, &[(0, 1), (1, 0), (1, 1)]), [(0, 1)]);
    }

    #[test]
    fn what_is_needed_stands_above_what_needs_it() {
        assert_eq!(layers(4, &[(3, 0), (0, 1), (3, 2)]), [vec![3], vec![0, 2], vec![1]]);
        assert_eq!(layers(0, &[]), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn names_that_are_too_long_keep_their_end() {
        assert_eq!(short("aws_subnet.private", 10), "…t.private");
        assert_eq!(short("short", 10), "short");
    }

    #[test]
    fn names_are_text_in_a_drawing_too() {
        let node = |name: &str| Node { name: name.into(), sub: String::new(), title: name.into(), class: "add" };
        let drawn = svg("a \"graph\"", &[node("<b>"), node("c")], &[(0, 1)]);
        assert!(
            drawn.contains("&lt;b&gt;") && !drawn.contains("<b>") && drawn.contains("a &quot;graph&quot;"),
            "{drawn}"
        );
        assert_eq!(drawn.matches("<path").count(), 1);
    }
}
