//! The tree as compact text, for tests: prefix notation, one step at a time.

use std::fmt::Write;

use crate::tree::*;

/// Writes a body: attributes, then blocks.
pub fn body(body: &Body) -> String {
    let Body::Native(body) = body else { return "(json)".to_owned() };
    let mut out = String::from("{");
    for attribute in &body.attributes {
        write!(out, "{}={};", attribute.name.name, expr(&attribute.expr)).unwrap();
    }
    for block in &body.blocks {
        write!(out, "{}", block.kind.name).unwrap();
        for label in &block.labels {
            write!(out, " {}", quoted(&label.name)).unwrap();
        }
        write!(out, "{};", self::body(&block.body)).unwrap();
    }
    out + "}"
}

/// Writes an expression.
pub fn expr(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Null => "null".to_owned(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Number(text) => text.to_string(),
        ExprKind::String(text) => quoted(text),
        ExprKind::Template(parts) => match parts.as_slice() {
            [Part::Interpolation(inner)] => format!("(wrap {})", self::expr(inner)),
            _ => self::parts(parts),
        },
        ExprKind::Variable(name) => name.to_string(),
        ExprKind::Traversal(traversal) => steps(self::expr(&traversal.base), &traversal.steps),
        ExprKind::Call(call) => {
            let args: String = call.args.iter().map(|arg| format!(" {}", self::expr(arg))).collect();
            format!("(call {}{args}{})", call.name.name, if call.expand { "..." } else { "" })
        }
        ExprKind::Tuple(elements) => {
            format!("[{}]", elements.iter().map(self::expr).collect::<Vec<_>>().join(" "))
        }
        ExprKind::Object(items) => {
            let item = |item: &ObjectItem| format!("{}={}", self::expr(&item.key), self::expr(&item.value));
            format!("{{{}}}", items.iter().map(item).collect::<Vec<_>>().join(" "))
        }
        ExprKind::For(looped) => for_expr(looped),
        ExprKind::Conditional(conditional) => format!(
            "(? {} {} {})",
            self::expr(&conditional.condition),
            self::expr(&conditional.then),
            self::expr(&conditional.otherwise)
        ),
        ExprKind::Binary(binary) => {
            let fold = |left, (op, _, right): &(BinaryOp, _, Expr)| format!("({op:?} {left} {})", self::expr(right));
            binary.rest.iter().fold(self::expr(&binary.first), fold)
        }
        ExprKind::Unary(unary) => format!("({:?} {})", unary.op, self::expr(&unary.operand)),
        ExprKind::Parens(inner) => format!("(p {})", self::expr(inner)),
        ExprKind::JsonString(string) => format!("(json {} {})", quoted(&string.text), self::expr(&string.template)),
        ExprKind::Invalid => "INVALID".to_owned(),
    }
}

fn for_expr(looped: &For) -> String {
    let key = looped.key.as_ref().map_or(String::new(), |key| format!("{},", key.name));
    let mut out = format!("(for {key}{} {}", looped.value.name, expr(&looped.collection));
    if let Some(result_key) = &looped.result_key {
        write!(out, " {} =>", expr(result_key)).unwrap();
    }
    write!(out, " {}", expr(&looped.result)).unwrap();
    if looped.group {
        out.push_str("...");
    }
    if let Some(condition) = &looped.condition {
        write!(out, " if {}", expr(condition)).unwrap();
    }
    out + ")"
}

fn steps(base: String, list: &[Step]) -> String {
    list.iter().fold(base, |base, step| match step {
        Step::Attr(name) => format!("(. {base} {})", name.name),
        Step::Index(key, _) => format!("(i {base} {})", expr(key)),
        Step::LegacyIndex(digits, _) => format!("(i {base} {digits})"),
        Step::AttrSplat(inner, _) => format!("(.* {base} {})", steps("@".to_owned(), inner)),
        Step::FullSplat(inner, _) => format!("(* {base} {})", steps("@".to_owned(), inner)),
    })
}

fn parts(parts: &[Part]) -> String {
    match parts {
        [] => return quoted(""),
        [Part::Literal(text, _)] => return quoted(text),
        _ => {}
    }
    let part = |part: &Part| match part {
        Part::Literal(text, _) => quoted(text),
        Part::Interpolation(inner) => expr(inner),
        Part::If { condition, then, otherwise, .. } => {
            format!("(? {} {} {})", expr(condition), self::parts(then), self::parts(otherwise))
        }
        Part::For { key, value, collection, body, .. } => {
            let key = key.as_ref().map_or(String::new(), |key| format!("{},", key.name));
            format!("(join {key}{} {} {})", value.name, expr(collection), self::parts(body))
        }
    };
    format!("(t {})", parts.iter().map(part).collect::<Vec<_>>().join(" "))
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if (' '..='~').contains(&c) => out.push(c),
            c => write!(out, "<{:x}>", c as u32).unwrap(),
        }
    }
    out + "\""
}
