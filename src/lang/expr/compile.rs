//! From tree to compiled expression.

use diag::{Diagnostics, Span};
use ecow::EcoString;
use syntax::tree::{self, ExprKind};
use value::{Number, Value};

use super::reference::reference_text;
use super::{Call, Callee, Expr, For, Names, Node, Part, PartLoop, Reference, ReferenceContext, Shape, Step};
use crate::functions::{self, Code};

/// Compiles an expression; what is wrong with it goes to `diags` and leaves an expression in it that is known to be wrong.
pub fn compile(tree: &tree::Expr, names: &dyn Names, diags: &mut Diagnostics) -> Expr {
    Compiler::new(names, diags).expr(tree)
}

/// Compiles an expression if it is a reference itself. References inside others are met on their own, so what stands in
/// its keys is left out: else the innermost of many nested ones would be compiled as many times.
pub fn compile_reference(tree: &tree::Expr, names: &dyn Names, diags: &mut Diagnostics) -> Option<Expr> {
    let traversal = match &tree.kind {
        ExprKind::Variable(_) => return Some(compile(tree, names, diags)),
        ExprKind::Traversal(traversal) if matches!(traversal.base.kind, ExprKind::Variable(_)) => traversal,
        _ => return None,
    };
    let without_inside = |step: &tree::Step| match step {
        tree::Step::Index(key, span) if !matches!(key.kind, ExprKind::Number(_) | ExprKind::String(_)) => {
            tree::Step::Index(tree::Expr { kind: ExprKind::Null, span: key.span }, *span)
        }
        tree::Step::AttrSplat(inner, span) | tree::Step::FullSplat(inner, span) => {
            let named = inner.iter().take_while(|step| matches!(step, tree::Step::Attr(..)));
            tree::Step::FullSplat(named.cloned().collect(), *span)
        }
        step => step.clone(),
    };
    let steps = traversal.steps.iter().map(without_inside).collect();
    let shallow = tree::Traversal { base: traversal.base.clone(), steps };
    Some(compile(&tree::Expr { kind: ExprKind::Traversal(Box::new(shallow)), span: tree.span }, names, diags))
}

/// Compiles expressions of one scope.
pub struct Compiler<'a> {
    names: &'a dyn Names,
    diags: &'a mut Diagnostics,
    /// Names of the `for` variables around, outermost first; the place is the stack slot.
    slots: Vec<EcoString>,
}

impl<'a> Compiler<'a> {
    /// Makes a compiler for a scope of names.
    pub fn new(names: &'a dyn Names, diags: &'a mut Diagnostics) -> Compiler<'a> {
        Compiler { names, diags, slots: Vec::new() }
    }

    /// Makes a compiler whose only names are those of `slots`, in the order of the evaluator's stack.
    pub fn with_slots(names: &'a dyn Names, slots: Vec<EcoString>, diags: &'a mut Diagnostics) -> Compiler<'a> {
        Compiler { names, diags, slots }
    }

    /// Compiles one expression.
    pub fn expr(&mut self, tree: &tree::Expr) -> Expr {
        // Bounds the native stack: trees may be as deep as the parser allows.
        stacker::maybe_grow(64 * 1024, 1024 * 1024, || Expr { node: self.node(tree), span: tree.span })
    }

    fn node(&mut self, tree: &tree::Expr) -> Node {
        match &tree.kind {
            ExprKind::Null => Node::Constant(Value::NULL),
            ExprKind::Bool(value) => Node::Constant(Value::bool(*value)),
            ExprKind::Number(text) => self.number(text, tree.span),
            ExprKind::String(text) => Node::Constant(Value::string(text.clone())),
            ExprKind::Template(parts) => self.template(parts),
            ExprKind::Variable(name) => self.reference(name, tree.span, &[], tree.span),
            ExprKind::Traversal(traversal) => self.traversal(traversal, tree.span),
            ExprKind::Call(call) => self.call(call),
            ExprKind::Tuple(items) => Node::Tuple(items.iter().map(|item| self.expr(item)).collect()),
            ExprKind::Object(items) => self.object(items),
            ExprKind::For(inner) => self.for_expr(inner),
            ExprKind::Conditional(inner) => Node::Conditional(Box::new([
                self.expr(&inner.condition),
                self.expr(&inner.then),
                self.expr(&inner.otherwise),
            ])),
            ExprKind::Binary(row) => {
                let first = self.expr(&row.first);
                let rest = row.rest.iter().map(|(op, _, operand)| (*op, self.expr(operand))).collect();
                Node::Binary(Box::new((first, rest)))
            }
            ExprKind::Unary(unary) => match (unary.op, &unary.operand.kind) {
                (tree::UnaryOp::Negate, ExprKind::Number(text)) => match self.number(text, tree.span) {
                    Node::Constant(value) => match value.negate() {
                        Ok(value) => Node::Constant(value),
                        Err(_) => Node::Invalid,
                    },
                    other => other,
                },
                _ => Node::Unary(unary.op, Box::new(self.expr(&unary.operand))),
            },
            ExprKind::Parens(inner) => Node::Parens(Box::new(self.expr(inner))),
            ExprKind::JsonString(string) => self.expr(&string.template).node,
            ExprKind::Invalid => Node::Invalid,
        }
    }

    fn number(&mut self, text: &str, span: Span) -> Node {
        match Number::parse(text) {
            Ok(number) => Node::Constant(Value::from(number)),
            Err(_) => {
                self.diags.error(
                    span,
                    "Invalid number literal",
                    format!("`{text}` is not a number, or has an exponent beyond what a number can hold."),
                );
                Node::Invalid
            }
        }
    }

    fn template(&mut self, parts: &[tree::Part]) -> Node {
        if let [tree::Part::Interpolation(only)] = parts {
            return Node::Wrap(Box::new(self.expr(only)));
        }
        Node::Template(self.parts(parts))
    }

    fn parts(&mut self, parts: &[tree::Part]) -> Vec<Part> {
        parts.iter().map(|part| self.part(part)).collect()
    }

    fn part(&mut self, part: &tree::Part) -> Part {
        match part {
            tree::Part::Literal(text, _) => Part::Literal(text.clone()),
            tree::Part::Interpolation(inner) => Part::Interpolation(self.expr(inner)),
            tree::Part::If { condition, then, otherwise, span } => {
                let condition = self.expr(condition);
                Part::If(Box::new((condition, self.parts(then), self.parts(otherwise))), *span)
            }
            tree::Part::For { key, value, collection, body, span } => {
                let collection = self.expr(collection);
                let has_key = key.is_some();
                let body = self.within(key.as_ref(), value, |compiler| compiler.parts(body));
                Part::For(Box::new(PartLoop { has_key, collection, body, span: *span }))
            }
        }
    }

    /// Compiles something in which the names of a `for` mean its variables.
    fn within<T>(&mut self, key: Option<&tree::Ident>, value: &tree::Ident, compile: impl FnOnce(&mut Self) -> T) -> T {
        let depth = self.slots.len();
        self.slots.extend(key.map(|key| key.name.clone()));
        self.slots.push(value.name.clone());
        let result = compile(self);
        self.slots.truncate(depth);
        result
    }

    fn for_expr(&mut self, tree: &tree::For) -> Node {
        let collection = self.expr(&tree.collection);
        let (result_key, result, condition) = self.within(tree.key.as_ref(), &tree.value, |compiler| {
            (
                tree.result_key.as_ref().map(|key| compiler.expr(key)),
                compiler.expr(&tree.result),
                tree.condition.as_ref().map(|condition| compiler.expr(condition)),
            )
        });
        Node::For(Box::new(For {
            has_key: tree.key.is_some(),
            collection,
            result_key,
            result,
            group: tree.group,
            condition,
        }))
    }

    fn object(&mut self, items: &[tree::ObjectItem]) -> Node {
        let items: Vec<(Expr, Expr)> =
            items.iter().map(|item| (self.object_key(&item.key), self.expr(&item.value))).collect();
        let keys: Option<Vec<&str>> = items.iter().map(|(key, _)| key.as_constant().and_then(Value::as_str)).collect();
        let Some(keys) = keys else { return Node::Object(items) };
        let mut by_name: Vec<u32> = (0..keys.len() as u32).collect();
        by_name.sort_by_key(|place| keys[*place as usize]);
        if by_name.windows(2).any(|pair| keys[pair[0] as usize] == keys[pair[1] as usize]) {
            return Node::Object(items);
        }
        let names = by_name.iter().map(|place| EcoString::from(keys[*place as usize])).collect();
        let values = items.into_iter().map(|(_, value)| value).collect();
        Node::Shape(Box::new(Shape { names, order: by_name, values }))
    }

    fn object_key(&mut self, key: &tree::Expr) -> Expr {
        match &key.kind {
            // Where a name stands, these words are names.
            ExprKind::Null => Expr::constant(Value::string("null"), key.span),
            ExprKind::Bool(value) => Expr::constant(Value::string(value.to_string()), key.span),
            ExprKind::Variable(name) => Expr::constant(Value::string(name.clone()), key.span),
            ExprKind::Traversal(traversal) if is_plain_traversal(traversal) => {
                self.diags.error(
                    key.span,
                    "Ambiguous attribute key",
                    "This could be a reference or a name with a dot. Put it in parentheses if its value is the key, \
                     or in quotes if the text is.",
                );
                Expr { node: Node::Invalid, span: key.span }
            }
            _ => self.expr(key),
        }
    }

    fn traversal(&mut self, tree: &tree::Traversal, span: Span) -> Node {
        if let ExprKind::Variable(name) = &tree.base.kind {
            return self.reference(name, tree.base.span, &tree.steps, span);
        }
        let base = self.expr(&tree.base);
        let steps = self.steps(&tree.steps);
        Node::Steps(Box::new((base, steps)))
    }

    fn steps(&mut self, steps: &[tree::Step]) -> Vec<Step> {
        steps.iter().map(|step| self.step(step)).collect()
    }

    fn step(&mut self, step: &tree::Step) -> Step {
        match step {
            tree::Step::Attr(name) => Step::Attr(name.name.clone(), with_dot(name.span)),
            tree::Step::Index(key, span) => Step::Index(self.expr(key), *span),
            tree::Step::LegacyIndex(digits, span) => {
                let node = self.number(digits, *span);
                Step::Index(Expr { node, span: *span }, with_dot(*span))
            }
            tree::Step::AttrSplat(each, span) | tree::Step::FullSplat(each, span) => {
                Step::Splat(self.steps(each), *span)
            }
        }
    }

    fn reference(&mut self, root: &EcoString, root_span: Span, steps: &[tree::Step], span: Span) -> Node {
        if let Some(slot) = self.slots.iter().rposition(|name| name == root) {
            let base = Node::Slot(slot as u32, root.clone());
            if steps.is_empty() {
                return base;
            }
            let steps = self.steps(steps);
            return Node::Steps(Box::new((Expr { node: base, span: root_span }, steps)));
        }
        let attributes: Vec<(EcoString, Span)> = steps
            .iter()
            .map_while(|step| match step {
                tree::Step::Attr(name) => Some((name.name.clone(), name.span)),
                _ => None,
            })
            .collect();
        let context = ReferenceContext { root, root_span, attributes: &attributes, span };
        match self.names.resolve(&context) {
            Ok((subject, taken)) => {
                let subject_span = attributes[..taken].last().map_or(root_span, |(_, last)| root_span.to(*last));
                let mut text = root.clone();
                for (name, _) in &attributes[..taken] {
                    text.push('.');
                    text.push_str(name);
                }
                let steps = self.steps(&steps[taken..]);
                let text = reference_text(&text, &steps);
                Node::Reference(Box::new(Reference { subject, steps, subject_span, span, text }))
            }
            Err(diagnostic) => {
                self.diags.push(diagnostic);
                // Mistakes inside the steps are worth reporting, too.
                self.steps(steps);
                Node::Invalid
            }
        }
    }

    fn call(&mut self, tree: &tree::Call) -> Node {
        let name = tree.name.name.clone();
        let callee = self.callee(&name, tree);
        let taken = if matches!(callee, Callee::Convert(_)) { 1 } else { tree.args.len() };
        let args = tree.args[..taken].iter().map(|arg| self.expr(arg)).collect();
        Node::Call(Box::new(Call {
            callee,
            name,
            name_span: tree.name.span,
            args,
            expand: tree.expand,
            parens: tree.parens,
            starts: tree.args[..taken].iter().map(start).collect(),
        }))
    }

    fn callee(&mut self, name: &str, tree: &tree::Call) -> Callee {
        if let Some(rest) = name.strip_prefix("provider::") {
            return match rest.split_once("::") {
                Some((provider, function)) => Callee::Provider(provider.into(), function.into()),
                None => Callee::Unknown,
            };
        }
        match name.strip_prefix("core::").unwrap_or(name) {
            "try" => Callee::Try,
            "can" => Callee::Can,
            "type" if self.names.is_console() => Callee::Type,
            "templatestring" => Callee::TemplateString,
            "convert" if tree.args.len() == 2 => {
                let (ty, diags) = crate::types::parse_type(&tree.args[1]);
                self.diags.append(diags);
                Callee::Convert(ty)
            }
            _ => match functions::find(name) {
                // With a wrong number of arguments it only has to say so.
                Some(function) if !matches!(function.code, Code::Lazy) || function.name == "convert" => {
                    Callee::BuiltIn(function)
                }
                _ => Callee::Unknown,
            },
        }
    }
}

/// Widens the place of an attribute name to the dot in front of it.
fn with_dot(name: Span) -> Span {
    Span { start: name.start.saturating_sub(1), ..name }
}

/// Returns the bytes that an expression starts with: where messages about an argument point.
fn start(tree: &tree::Expr) -> Span {
    let first_byte = Span { end: tree.span.start + 1, ..tree.span };
    match &tree.kind {
        ExprKind::Tuple(_) | ExprKind::Object(_) | ExprKind::For(_) | ExprKind::Unary(_) => first_byte,
        ExprKind::Call(call) => call.name.span.to(Span { end: call.parens.start + 1, ..call.parens }),
        ExprKind::Conditional(inner) => start(&inner.condition),
        ExprKind::Binary(row) => start(&row.first),
        ExprKind::String(_) => text_in_quotes(tree.span),
        ExprKind::Template(parts) => match &parts[..] {
            [tree::Part::Interpolation(_)] | [] => tree.span,
            [tree::Part::Literal(_, span), ..] => *span,
            [tree::Part::Interpolation(first), ..] => start(first),
            [tree::Part::If { condition, .. }, ..] => start(condition),
            [tree::Part::For { span, .. }, ..] => *span,
        },
        ExprKind::Traversal(traversal) => match traversal.steps.last() {
            Some(tree::Step::Index(key, span)) if !is_literal(key) => Span { end: span.start + 1, ..*span },
            Some(tree::Step::FullSplat(_, span) | tree::Step::AttrSplat(_, span)) => *span,
            _ => tree.span,
        },
        _ => tree.span,
    }
}

/// A text's own bytes; a heredoc has no quotes, and where exactly its text starts matters to nobody.
fn text_in_quotes(span: Span) -> Span {
    if span.len() < 2 { span } else { Span { start: span.start + 1, end: span.end - 1, ..span } }
}

fn is_literal(key: &tree::Expr) -> bool {
    matches!(key.kind, ExprKind::Number(_) | ExprKind::String(_))
}

/// Tells whether a traversal is a name with attribute and constant index steps: what HCL calls a static traversal.
fn is_plain_traversal(traversal: &tree::Traversal) -> bool {
    matches!(traversal.base.kind, ExprKind::Variable(_))
        && traversal.steps.iter().all(|step| match step {
            tree::Step::Attr(_) | tree::Step::LegacyIndex(..) => true,
            tree::Step::Index(key, _) => matches!(key.kind, ExprKind::Number(_) | ExprKind::String(_)),
            _ => false,
        })
}
