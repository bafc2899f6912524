//! Walking over expressions, and what counts as a name.

use crate::tree::{Body, Expr, ExprKind, Part, Step};

/// Tells whether text is a name: a letter or underscore, then letters, digits, underscores, hyphens.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    let starts = chars.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c));
    starts && chars.all(|c| c == '-' || unicode_ident::is_xid_continue(c))
}

/// Calls `visit` for the expression and all expressions inside it, outer before inner.
pub fn visit<'a>(expr: &'a Expr, see: &mut dyn FnMut(&'a Expr)) {
    // Bounds the native stack: trees may be as deep as the parser allows.
    stacker::maybe_grow(64 * 1024, 1024 * 1024, || visit_children(expr, see));
}

fn visit_children<'a>(expr: &'a Expr, see: &mut dyn FnMut(&'a Expr)) {
    see(expr);
    match &expr.kind {
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Variable(_)
        | ExprKind::Invalid => {}
        ExprKind::Template(parts) => visit_parts(parts, see),
        ExprKind::Traversal(traversal) => {
            visit(&traversal.base, see);
            visit_steps(&traversal.steps, see);
        }
        ExprKind::Call(call) => call.args.iter().for_each(|arg| visit(arg, see)),
        ExprKind::Tuple(items) => items.iter().for_each(|item| visit(item, see)),
        ExprKind::Object(items) => items.iter().for_each(|item| {
            visit(&item.key, see);
            visit(&item.value, see);
        }),
        ExprKind::For(inner) => {
            visit(&inner.collection, see);
            inner.result_key.iter().for_each(|key| visit(key, see));
            visit(&inner.result, see);
            inner.condition.iter().for_each(|condition| visit(condition, see));
        }
        ExprKind::Conditional(inner) => {
            [&inner.condition, &inner.then, &inner.otherwise].into_iter().for_each(|part| visit(part, see));
        }
        ExprKind::Binary(row) => {
            visit(&row.first, see);
            row.rest.iter().for_each(|(_, _, operand)| visit(operand, see));
        }
        ExprKind::Unary(unary) => visit(&unary.operand, see),
        ExprKind::Parens(inner) => visit(inner, see),
        ExprKind::JsonString(string) => visit(&string.template, see),
    }
}

fn visit_steps<'a>(steps: &'a [Step], see: &mut dyn FnMut(&'a Expr)) {
    for step in steps {
        match step {
            Step::Attr(_) | Step::LegacyIndex(..) => {}
            Step::Index(key, _) => visit(key, see),
            Step::AttrSplat(each, _) | Step::FullSplat(each, _) => visit_steps(each, see),
        }
    }
}

fn visit_parts<'a>(parts: &'a [Part], see: &mut dyn FnMut(&'a Expr)) {
    for part in parts {
        match part {
            Part::Literal(..) => {}
            Part::Interpolation(inner) => visit(inner, see),
            Part::If { condition, then, otherwise, .. } => {
                visit(condition, see);
                visit_parts(then, see);
                visit_parts(otherwise, see);
            }
            Part::For { collection, body, .. } => {
                visit(collection, see);
                visit_parts(body, see);
            }
        }
    }
}

/// Gives one place to a reference that was read out of a string: places inside the string are not places of the file.
pub fn respan(expr: &mut Expr, span: diag::Span) {
    expr.span = span;
    if let ExprKind::Traversal(traversal) = &mut expr.kind {
        traversal.base.span = span;
        for step in &mut traversal.steps {
            match step {
                Step::Attr(name) => name.span = span,
                Step::Index(key, place) => {
                    *place = span;
                    respan(key, span);
                }
                Step::LegacyIndex(_, place) | Step::AttrSplat(_, place) | Step::FullSplat(_, place) => *place = span,
            }
        }
    }
}

/// Calls `visit` for every expression in a body, nested blocks included, whatever their names.
pub fn visit_body<'a>(body: &'a Body, see: &mut dyn FnMut(&'a Expr)) {
    match body {
        Body::Native(native) => {
            native.attributes.iter().for_each(|attribute| visit(&attribute.expr, see));
            native.blocks.iter().for_each(|block| visit_body(&block.body, see));
        }
        Body::Json(json) => visit(&json.value, see),
        Body::Layers(layers) => {
            visit_body(&layers.base, see);
            visit_body(&layers.top, see);
        }
    }
}
