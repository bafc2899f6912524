//! Expressions that must be constant: no references, and no functions that touch the world.

use diag::Diagnostics;
use syntax::tree::Expr;
use value::{Type, Value, convert};

use crate::expr::{Evaluator, NoNames, Scope, Subject, compile};
use crate::functions::Environment;

struct Nothing;

impl Scope for Nothing {
    fn value(&self, _: &Subject, _: diag::Span, _: &mut Diagnostics) -> Value {
        Value::dynamic()
    }
}

/// Evaluates an expression that may refer to nothing.
pub fn evaluate(tree: &Expr) -> (Value, Diagnostics) {
    let mut diags = Diagnostics::new();
    // Functions are not for constants: HCL offers none where no scope is.
    crate::constant::refuse_calls(tree, &mut diags);
    if diags.has_errors() {
        return (Value::dynamic(), diags);
    }
    let expr = compile(tree, &NoNames, &mut diags);
    if diags.has_errors() {
        return (Value::dynamic(), diags);
    }
    let env = Environment::nowhere();
    let mut evaluator = Evaluator::new(&Nothing, &env);
    let value = evaluator.eval(&expr);
    diags.append(evaluator.diags);
    (value, diags)
}

/// Evaluates a constant and converts it; nothing if that fails, which is reported.
pub fn evaluate_as(tree: &Expr, ty: &Type, diags: &mut Diagnostics) -> Option<Value> {
    let (value, found) = evaluate(tree);
    let failed = found.has_errors();
    diags.append(found);
    if failed {
        return None;
    }
    match convert(&value, ty) {
        Ok(value) => Some(value),
        Err(error) => {
            diags.error(tree.span, "Unsuitable value type", format!("Unsuitable value: {error}."));
            None
        }
    }
}

fn refuse_calls(tree: &Expr, diags: &mut Diagnostics) {
    syntax::visit(tree, &mut |node| {
        if let syntax::tree::ExprKind::Call(call) = &node.kind {
            diags.error(
                node.span,
                "Function calls not allowed",
                format!("Functions may not be called here, so {:?} cannot be used.", call.name.name),
            );
        }
    });
}
