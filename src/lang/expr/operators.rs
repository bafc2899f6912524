//! Infix and prefix operators, and the result of a conditional whose condition is unknown.

use diag::Diagnostic;
use syntax::tree::{BinaryOp, UnaryOp};
use value::{Kind, OperationError, Refinement, Type, Value, convert};

use super::{Evaluator, Expr};

impl Evaluator<'_> {
    /// Evaluates a row of operators of equal rank from left to right.
    pub(super) fn binary(&mut self, first: &Expr, rest: &[(BinaryOp, Expr)], expr: &Expr) -> Value {
        let mut left = self.eval(first);
        let mut left_span = first.span;
        for (index, (op, right_expr)) in rest.iter().enumerate() {
            let whole = left_span.to(right_expr.span);
            // Only the first operand of a row has an expression of its own to point at.
            let left_expr = if index == 0 { first } else { expr };
            left = match op {
                BinaryOp::And | BinaryOp::Or => self.logical(*op, left, left_expr, right_expr),
                _ => {
                    let right = self.eval(right_expr);
                    self.plain(*op, (left, left_expr), (right, right_expr), whole)
                }
            };
            left_span = whole;
        }
        left
    }

    /// `&&` and `||`: the right operand's mistakes do not count when the left decides.
    fn logical(&mut self, op: BinaryOp, left: Value, left_expr: &Expr, right_expr: &Expr) -> Value {
        let Some(left) = self.operand(left, left_expr, &Type::Bool, "left") else {
            self.eval(right_expr);
            return Value::unknown(Type::Bool);
        };
        let decided = left.as_bool() == Some(op == BinaryOp::Or);
        let outer = std::mem::take(&mut self.diags);
        let right = self.eval(right_expr);
        let right = self.operand(right, right_expr, &Type::Bool, "right");
        let found = std::mem::replace(&mut self.diags, outer);
        if decided {
            let marks = right.map(|right| right.marks()).unwrap_or_default();
            return left.with_marks(marks);
        }
        self.diags.append(found);
        let Some(right) = right else { return Value::unknown(Type::Bool).with_marks(left.marks()) };
        let result = if op == BinaryOp::And { left.and(&right) } else { left.or(&right) };
        self.result(result, Type::Bool, left_expr.span.to(right_expr.span), right_expr)
    }

    fn plain(
        &mut self,
        op: BinaryOp,
        (left, left_expr): (Value, &Expr),
        (right, right_expr): (Value, &Expr),
        span: diag::Span,
    ) -> Value {
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            let equal = left.equals(&right);
            return match op {
                BinaryOp::Equal => equal,
                _ => equal.not().unwrap_or_else(|_| Value::unknown(Type::Bool)),
            };
        }
        let left = self.operand(left, left_expr, &Type::Number, "left");
        let right = self.operand(right, right_expr, &Type::Number, "right");
        let ty = result_type(op);
        let (Some(left), Some(right)) = (left, right) else { return Value::unknown(ty) };
        let result = match op {
            BinaryOp::Less => left.less_than(&right),
            BinaryOp::LessEqual => left.less_or_equal(&right),
            BinaryOp::Greater => right.less_than(&left),
            BinaryOp::GreaterEqual => right.less_or_equal(&left),
            BinaryOp::Add => left.add(&right),
            BinaryOp::Subtract => left.subtract(&right),
            BinaryOp::Multiply => left.multiply(&right),
            BinaryOp::Divide => left.divide(&right),
            _ => left.remainder(&right),
        };
        self.result(result, ty, span, right_expr)
    }

    fn result(&mut self, result: Result<Value, OperationError>, ty: Type, span: diag::Span, expr: &Expr) -> Value {
        result.unwrap_or_else(|error| {
            let detail = format!("Error during operation: {}.", error.0);
            self.fail_with(Diagnostic::error("Operation failed", detail).at(span), expr);
            Value::unknown(ty)
        })
    }

    /// Converts an operand; nothing if it does not convert, which is reported.
    fn operand(&mut self, value: Value, expr: &Expr, ty: &Type, side: &str) -> Option<Value> {
        match convert(&value, ty) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(expr, "Invalid operand", format!("Unsuitable value for {side} operand: {error}."));
                None
            }
        }
    }

    /// Evaluates a prefix operator.
    pub(super) fn unary(&mut self, op: UnaryOp, operand: &Expr) -> Value {
        let value = self.eval(operand);
        let ty = if op == UnaryOp::Not { Type::Bool } else { Type::Number };
        let Some(value) = self.operand(value, operand, &ty, "unary") else { return Value::unknown(ty) };
        let result = if op == UnaryOp::Not { value.not() } else { value.negate() };
        self.result(result, ty, operand.span, operand)
    }
}

fn result_type(op: BinaryOp) -> Type {
    match op {
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => {
            Type::Number
        }
        _ => Type::Bool,
    }
}

/// Returns what is known of a value that will be one of two.
pub(super) fn either(a: &Value, b: &Value, ty: Type) -> Value {
    if a.is_null() && b.is_null() {
        return Value::null(ty);
    }
    let mut refinement = Refinement { not_null: not_null(a) && not_null(b), ..Refinement::default() };
    let (a_ty, b_ty) = (a.ty(), b.ty());
    if a_ty == Type::Number && b_ty == Type::Number {
        refinement.number_min = wider(bound(a, true), bound(b, true), true);
        refinement.number_max = wider(bound(a, false), bound(b, false), false);
    } else if a_ty == b_ty && a_ty.is_collection() {
        let (a, b) = (length_bounds(a), length_bounds(b));
        refinement.length_min = Some(a.0.min(b.0)).filter(|least| *least > 0);
        refinement.length_max = a.1.zip(b.1).map(|(a, b)| a.max(b));
    }
    Value::unknown(ty).refine(refinement)
}

fn not_null(value: &Value) -> bool {
    match value.kind() {
        Kind::Null(_) => false,
        Kind::Unknown(_, refinement) => refinement.not_null,
        _ => true,
    }
}

type Bound = Option<(value::Number, bool)>;

fn bound(value: &Value, lower: bool) -> Bound {
    match value.kind() {
        Kind::Number(number) => Some((number.clone(), true)),
        Kind::Unknown(_, refinement) if lower => refinement.number_min.clone(),
        Kind::Unknown(_, refinement) => refinement.number_max.clone(),
        _ => None,
    }
}

fn wider(a: Bound, b: Bound, lower: bool) -> Bound {
    let (a, b) = a.zip(b)?;
    if a.0 == b.0 {
        return Some((a.0, a.1 || b.1));
    }
    Some(if (a.0 < b.0) == lower { a } else { b })
}

fn length_bounds(value: &Value) -> (u64, Option<u64>) {
    match value.kind() {
        Kind::Unknown(_, refinement) => (refinement.length_min.unwrap_or(0), refinement.length_max),
        _ => {
            let count = value.element_count().unwrap_or(0) as u64;
            (count, Some(count))
        }
    }
}
