//! Writes a configuration of the simulation as source text.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::model::{Block, CONDUIT, Copies, INPUT, Item, Model, ModuleCall, ROOM, Ref, Which};

/// Returns the files of a configuration by their paths.
pub(super) fn files(model: &Model) -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([("/c/main.tf".to_owned(), root(model))]);
    for (place, body) in model.bodies.iter().enumerate() {
        let mut out = String::from(
            "variable \"prefix\" {}\nvariable \"input\" {}\nvariable \"refs\" {}\nvariable \"after\" {}\n",
        );
        for block in &body.blocks {
            let scope = Scope { blocks: body.blocks.iter().collect(), calls: Vec::new(), is_module: true };
            resource(&mut out, block, &scope);
        }
        let shown: Vec<String> = body
            .blocks
            .iter()
            .take(body.shown)
            .map(|block| all(&address(block), &block.copies, attribute(block)))
            .collect();
        let _ = writeln!(out, "output \"ids\" {{\n  value = join(\" \", compact([{}]))\n}}", shown.join(", "));
        moved(&mut out, &body.moved);
        files.insert(format!("/c/m{place}/main.tf"), out);
    }
    files
}

/// What references may mean.
struct Scope<'a> {
    blocks: Vec<&'a Block>,
    calls: Vec<&'a ModuleCall>,
    is_module: bool,
}

fn root(model: &Model) -> String {
    let mut out = String::from("provider \"fake\" {\n  latency = \"3ms\"\n  delay   = \"40ms\"\n}\n\nlocals {\n");
    let wanted = model.wanted();
    for (name, of) in [("refs", 0), ("after", 1)] {
        let _ = writeln!(out, "  {name} = {{");
        for (object, wanted) in &wanted {
            let names: Vec<&str> = [&wanted.refs, &wanted.after][of].iter().map(String::as_str).collect();
            let _ = writeln!(out, "    {object:?} = {:?}", names.join(" "));
        }
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    let scope = Scope {
        blocks: model
            .items
            .iter()
            .filter_map(|item| if let Item::Block(block) = item { Some(block) } else { None })
            .collect(),
        calls: model
            .items
            .iter()
            .filter_map(|item| if let Item::Call(call) = item { Some(call) } else { None })
            .collect(),
        is_module: false,
    };
    for room in scope.blocks.iter().filter(|block| block.kind == ROOM) {
        let _ = writeln!(
            out,
            "provider \"fake\" {{\n  alias = \"r{}\"\n  room = {}.id\n  latency = \"3ms\"\n  delay = \"40ms\"\n}}",
            room.number,
            address(room)
        );
    }
    for item in &model.items {
        match item {
            Item::Block(block) => resource(&mut out, block, &scope),
            Item::Call(call) => module(&mut out, call, &scope),
        }
    }
    let shown: Vec<String> = model
        .items
        .iter()
        .map(|item| match item {
            Item::Block(block) => all(&address(block), &block.copies, attribute(block)),
            Item::Call(call) => all(&format!("module.{}", call.label), &call.copies, "ids"),
        })
        .collect();
    let _ = writeln!(out, "output \"ids\" {{\n  value = join(\" \", compact([{}]))\n}}", shown.join(", "));
    moved(&mut out, &model.moved);
    out
}

fn moved(out: &mut String, moved: &[(String, String)]) {
    for (from, to) in moved {
        let _ = writeln!(out, "moved {{\n  from = {from}\n  to   = {to}\n}}");
    }
}

fn attribute(block: &Block) -> &'static str {
    if block.kind == CONDUIT { "output" } else { "id" }
}

fn address(block: &Block) -> String {
    format!("{}.{}", block.kind, block.label)
}

/// Returns an expression for all of something as one text.
fn all(address: &str, copies: &Copies, attribute: &str) -> String {
    match copies {
        Copies::One => format!("{address}.{attribute}"),
        Copies::Count(_) => format!("join(\" \", {address}[*].{attribute})"),
        Copies::Each(_) => format!("join(\" \", values({address})[*].{attribute})"),
    }
}

fn repetition(out: &mut String, copies: &Copies) -> &'static str {
    match copies {
        Copies::One => "",
        Copies::Count(count) => {
            let _ = writeln!(out, "  count = {count}");
            "-${count.index}"
        }
        Copies::Each(names) => {
            let names: Vec<String> = names.iter().map(|name| format!("{:?}", name.to_string())).collect();
            let _ = writeln!(out, "  for_each = toset([{}])", names.join(", "));
            "-${each.key}"
        }
    }
}

fn values(refs: &[Ref], own: &Copies, scope: &Scope<'_>) -> String {
    let value = |found: &Ref| {
        if found.to == INPUT {
            return Some("var.input".to_owned());
        }
        let block = scope.blocks.iter().find(|block| block.number == found.to);
        let call = scope.calls.iter().find(|call| call.number == found.to);
        let (address, copies, attribute) = match (block, call) {
            (Some(block), _) => (address(block), &block.copies, attribute(block)),
            (_, Some(call)) => (format!("module.{}", call.label), &call.copies, "ids"),
            _ => return None,
        };
        Some(match &found.which {
            Which::All => all(&address, copies, attribute),
            Which::One(key) => format!("{address}{}.{attribute}", copies.quoted(key)),
            Which::Same if matches!(own, Copies::Each(_)) => format!("{address}[each.key].{attribute}"),
            Which::Same => format!("{address}[count.index].{attribute}"),
        })
    };
    let values: Vec<String> = refs.iter().filter_map(value).collect();
    format!("join(\" \", compact([{}]))", values.join(", "))
}

fn resource(out: &mut String, block: &Block, scope: &Scope<'_>) {
    let _ = writeln!(out, "\nresource {:?} {:?} {{", block.kind, block.label);
    if block.kind == CONDUIT {
        return conduit(out, block, scope);
    }
    let suffix = match block.copies {
        Copies::Count(count) if block.is_late && !block.refs.is_empty() => {
            // The number of copies can depend on no copy's own number.
            let of_all = |found: &Ref| match found.which {
                Which::Same => Ref { which: Which::All, ..*found },
                _ => found.clone(),
            };
            let refs: Vec<Ref> = block.refs.iter().map(of_all).collect();
            let _ = writeln!(out, "  count = {} == \"-\" ? 0 : {count}", values(&refs, &Copies::One, scope));
            "-${count.index}"
        }
        _ => repetition(out, &block.copies),
    };
    let (prefix, lists) = if scope.is_module { ("${var.prefix}", "var") } else { ("", "local") };
    let name = format!("\"{prefix}n{}{suffix}\"", block.number);
    let ids = values(&block.refs, &block.copies, scope);
    let tied = if block.is_tied { format!("/${{{ids}}}") } else { String::new() };
    let _ = writeln!(out, "  name = {name}\n  size = {}\n  region = \"r{}{tied}\"", block.size, block.region);
    let _ = writeln!(out, "  delay = \"{}ms\"", block.delay_ms);
    if let Some(room) = block.room {
        let _ = writeln!(out, "  provider = fake.r{room}\n  owns = {}", block.owns);
    }
    let _ = writeln!(
        out,
        "  tags = {{\n    ids = {ids}\n    refs = {lists}.refs[{name}]\n    after = {lists}.after[{name}]\n  }}"
    );
    after(out, &block.after, scope);
    life(out, block, scope);
    out.push_str("}\n");
}

fn conduit(out: &mut String, block: &Block, scope: &Scope<'_>) {
    let ids = values(&block.refs, &block.copies, scope);
    let _ = writeln!(out, "  input = {ids}");
    if block.is_tied {
        let _ = writeln!(out, "  triggers_replace = [{ids}, {}]", block.region);
    }
    after(out, &block.after, scope);
    life(out, block, scope);
    out.push_str("}\n");
}

fn life(out: &mut String, block: &Block, scope: &Scope<'_>) {
    let triggers = block.refs.iter().filter(|_| block.is_triggered);
    let triggers = triggers.filter_map(|found| scope.blocks.iter().find(|known| known.number == found.to));
    let triggers: Vec<String> = triggers.map(|known| address(known)).collect();
    if !block.creates_first && triggers.is_empty() {
        return;
    }
    out.push_str("  lifecycle {\n");
    if block.creates_first {
        out.push_str("    create_before_destroy = true\n");
    }
    if !triggers.is_empty() {
        let _ = writeln!(out, "    replace_triggered_by = [{}]", triggers.join(", "));
    }
    out.push_str("  }\n");
}

fn after(out: &mut String, after: &[Ref], scope: &Scope<'_>) {
    let address = |found: &Ref| {
        let block = scope.blocks.iter().find(|block| block.number == found.to);
        let call = scope.calls.iter().find(|call| call.number == found.to);
        block.map(|block| address(block)).or_else(|| Some(format!("module.{}", call?.label)))
    };
    let addresses: Vec<String> = after.iter().filter_map(address).collect();
    if !addresses.is_empty() {
        let _ = writeln!(out, "  depends_on = [{}]", addresses.join(", "));
    }
}

fn module(out: &mut String, call: &ModuleCall, scope: &Scope<'_>) {
    let _ = writeln!(out, "\nmodule {:?} {{\n  source = \"./m{}\"", call.label, call.body);
    let suffix = repetition(out, &call.copies);
    let _ = writeln!(out, "  prefix = \"m{}{suffix}-\"", call.number);
    let _ = writeln!(out, "  input = {}", values(&call.refs, &call.copies, scope));
    out.push_str("  refs = local.refs\n  after = local.after\n");
    after(out, &call.after, scope);
    out.push_str("}\n");
}
