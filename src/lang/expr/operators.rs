//! Infix and prefix operators, and the result of a conditional whose condition is unknown.

use diag::{Diagnostic, Span};
use syntax::tree::{BinaryOp, UnaryOp};
use value::{ConversionError, Kind, OperationError, Refinement, Type, Value, convert};

use super::shown::About;
use super::{Evaluator, Expr};

/// One operation of a row: the operands' expressions and places.
struct Operation<'e> {
    op: BinaryOp,
    first: &'e Expr,
    /// What follows the first operand, up to the right operand of this operation.
    rest: &'e [(BinaryOp, Expr)],
}

impl<'e> Operation<'e> {
    fn right(&self) -> &'e Expr {
        self.rest.last().map_or(self.first, |(_, right)| right)
    }

    fn left_rest(&self) -> &'e [(BinaryOp, Expr)] {
        self.rest.split_last().map_or(&[], |(_, left)| left)
    }

    fn left_span(&self) -> Span {
        self.left_rest().last().map_or(self.first.span, |(_, last)| self.first.span.to(last.span))
    }

    fn span(&self) -> Span {
        self.left_span().to(self.right().span)
    }
}

impl Evaluator<'_> {
    /// Evaluates a row of operators of equal rank from left to right.
    pub(super) fn binary(&mut self, first: &Expr, rest: &[(BinaryOp, Expr)]) -> Value {
        let outer = std::mem::take(&mut self.diags);
        let mut left = self.eval(first);
        for index in 0..rest.len() {
            let operation = Operation { op: rest[index].0, first, rest: &rest[..=index] };
            left = match operation.op {
                BinaryOp::And | BinaryOp::Or => self.logical(&operation, left),
                _ => self.plain(&operation, left),
            };
        }
        let found = std::mem::replace(&mut self.diags, outer);
        self.diags.append(found);
        left
    }

    /// `&&` and `||`: where one operand decides, mistakes in the other do not count.
    ///
    /// While evaluating a row, its diagnostics so far are those of the left operand.
    fn logical(&mut self, operation: &Operation<'_>, left: Value) -> Value {
        let left_found = std::mem::take(&mut self.diags);
        let right = self.eval(operation.right());
        let right_found = std::mem::take(&mut self.diags);
        let operands = self.operands(operation, left, right, &Type::Bool);
        let Some((left, right)) = operands else {
            self.diags.append(left_found);
            self.diags.append(right_found);
            return Value::unknown(Type::Bool);
        };
        let marks = left.marks() | right.marks();
        let decisive = Some(operation.op == BinaryOp::Or);
        let (known_left, known_right) = (left.is_known(), right.is_known());
        // The result, where one operand decides, and whether that is the left one.
        let decided = match (left.as_bool(), right.as_bool()) {
            (None, None) if !known_left && !known_right && !left_found.has_errors() => Some((None, true)),
            (value, _) if value == decisive => Some((value, true)),
            // Null on the left is a mistake that nothing to the right excuses.
            (_, value) if value == decisive && !left.is_null() => Some((value, false)),
            (None, Some(_)) if !known_left => Some((None, true)),
            (Some(_), None) if !known_right => Some((None, false)),
            _ => None,
        };
        if let Some((value, is_left)) = decided {
            self.diags.append(if is_left { left_found } else { right_found });
            let result = value.map_or_else(|| Value::unknown(Type::Bool).refine_not_null(), Value::bool);
            return result.with_marks(marks);
        }
        let failed = left_found.has_errors() || right_found.has_errors();
        self.diags.append(left_found);
        self.diags.append(right_found);
        if failed {
            return Value::unknown(Type::Bool).with_marks(marks);
        }
        let result = if operation.op == BinaryOp::And { left.and(&right) } else { left.or(&right) };
        self.result(result, Type::Bool, operation)
    }

    fn plain(&mut self, operation: &Operation<'_>, left: Value) -> Value {
        let found = self.diags.len();
        let right = self.eval(operation.right());
        let ty = result_type(operation.op);
        // A mistake in the left operand leaves it unknown, which does no harm here.
        if matches!(operation.op, BinaryOp::Equal | BinaryOp::NotEqual) {
            if self.failed_since(found) {
                return Value::unknown(ty).with_marks(left.marks() | right.marks());
            }
            let equal = left.equals(&right);
            return match operation.op {
                BinaryOp::Equal => equal,
                _ => equal.not().unwrap_or_else(|_| Value::unknown(Type::Bool)),
            };
        }
        let Some((left, right)) = self.operands(operation, left, right, &Type::Number) else {
            return Value::unknown(ty);
        };
        if self.failed_since(found) {
            return Value::unknown(ty).with_marks(left.marks() | right.marks());
        }
        let result = match operation.op {
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
        self.result(result, ty, operation)
    }

    fn result(&mut self, result: Result<Value, OperationError>, ty: Type, operation: &Operation<'_>) -> Value {
        result.unwrap_or_else(|error| {
            let problem = Diagnostic::error("Operation failed", format!("Error during operation: {}.", error.0));
            let about = About::Row(operation.first, operation.rest);
            self.fail_about(problem.at(operation.span()), &about, &[]);
            Value::unknown(ty)
        })
    }

    /// Converts both operands; nothing if one does not convert, which is reported.
    fn operands(&mut self, operation: &Operation<'_>, left: Value, right: Value, ty: &Type) -> Option<(Value, Value)> {
        let left = convert(&left, ty).map_err(|error| {
            let problem = unsuitable("left", &error).at(operation.left_span()).within(operation.span());
            self.fail_about(problem, &About::Row(operation.first, operation.left_rest()), &[]);
        });
        let right = convert(&right, ty).map_err(|error| {
            let problem = unsuitable("right", &error).at(operation.right().span).within(operation.span());
            self.fail_with(problem, operation.right());
        });
        left.ok().zip(right.ok())
    }

    /// Evaluates a prefix operator.
    pub(super) fn unary(&mut self, op: UnaryOp, operand: &Expr, expr: &Expr) -> Value {
        let found = self.diags.len();
        let value = self.eval(operand);
        let ty = if op == UnaryOp::Not { Type::Bool } else { Type::Number };
        let value = match convert(&value, &ty) {
            Ok(value) => value,
            Err(error) => {
                self.fail_with(unsuitable("unary", &error).at(operand.span).within(expr.span), operand);
                return Value::unknown(ty);
            }
        };
        if self.failed_since(found) {
            return Value::unknown(ty);
        }
        let result = if op == UnaryOp::Not { value.not() } else { value.negate() };
        result.unwrap_or_else(|error| {
            let detail = format!("Error during operation: {}.", error.0);
            self.fail(expr, "Operation failed", detail);
            Value::unknown(ty)
        })
    }
}

fn unsuitable(side: &str, error: &ConversionError) -> Diagnostic {
    Diagnostic::error("Invalid operand", format!("Unsuitable value for {side} operand: {error}."))
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
