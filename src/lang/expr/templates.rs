//! Templates: inside expressions, and as text for `templatefile` and `templatestring`.

use diag::{Diagnostic, FileId, Span};
use ecow::EcoString;
use value::{Kind, Marks, Refinement, Type, Value, convert};

use super::loops::elements;
use super::{Call, Compiler, Evaluator, Expr, Names, Part, PartLoop, ReferenceContext, Subject};
use crate::functions::CallError;
use crate::functions::graphemes::safe_prefix;

const BAD_VARIABLE: &str = "Invalid template variable";
const BAD_PART: &str = "Invalid template interpolation value";
/// Bytes of known prefix that an unknown string remembers.
const PREFIX_MAX: usize = 128;
/// Templates that render templates: deeper is a runaway recursion.
const TEMPLATE_DEPTH_MAX: u32 = 1024;

/// Text as it is being put together.
#[derive(Default)]
struct Rendering {
    text: String,
    /// The text is not all of it: something unknown came, and later text is only checked.
    unknown: bool,
    failed: bool,
    marks: Marks,
}

impl Rendering {
    fn finish(self) -> Value {
        let value = if !self.unknown {
            Value::string(self.text)
        } else {
            let end = self.text.floor_char_boundary(PREFIX_MAX);
            // What follows may change the last character: a combining accent, for example.
            let prefix = EcoString::from(safe_prefix(&self.text[..end]));
            let prefix = Some(prefix).filter(|prefix| !prefix.is_empty() && !self.failed);
            Value::unknown(Type::String).refine(Refinement { not_null: true, prefix, ..Refinement::default() })
        };
        value.with_marks(self.marks)
    }

    fn push(&mut self, text: &str) {
        if !self.unknown {
            self.text.push_str(text);
        }
    }
}

impl Evaluator<'_> {
    /// Renders a template.
    pub(super) fn template(&mut self, parts: &[Part], expr: &Expr) -> Value {
        self.render(parts, expr.span).finish()
    }

    fn render(&mut self, parts: &[Part], span: Span) -> Rendering {
        let mut out = Rendering::default();
        for part in parts {
            match part {
                Part::Literal(text) => out.push(text),
                Part::Interpolation(inner) => {
                    let found = self.diags.len();
                    let value = self.eval(inner);
                    out.failed |= self.failed_since(found);
                    self.interpolate(value, inner, span, &mut out);
                }
                Part::If(inner, span) => {
                    let value = self.template_if(&inner.0, &inner.1, &inner.2, *span);
                    self.append(value, &mut out);
                }
                Part::For(inner) => {
                    let value = self.template_for(inner);
                    self.append(value, &mut out);
                }
            }
        }
        out
    }

    /// Adds a value that is a string already.
    fn append(&mut self, value: Value, out: &mut Rendering) {
        out.marks |= value.marks();
        match value.as_str() {
            Some(text) => out.push(text),
            None => out.unknown = true,
        }
    }

    fn interpolate(&mut self, value: Value, expr: &Expr, span: Span, out: &mut Rendering) {
        if value.is_null() {
            let detail = "The expression result is null. Cannot include a null value in a string template.";
            self.fail_with(Diagnostic::error(BAD_PART, detail).at(expr.span).within(span), expr);
            out.failed = true;
            return;
        }
        let (value, marks) = value.unmark();
        out.marks |= marks;
        if !value.is_known() {
            out.unknown = true;
            return;
        }
        match convert(&value, &Type::String) {
            Ok(text) => out.push(text.as_str().unwrap_or_default()),
            Err(error) => {
                let detail = format!("Cannot include the given value in a string template: {error}.");
                self.fail_with(Diagnostic::error(BAD_PART, detail).at(expr.span).within(span), expr);
                out.failed = true;
            }
        }
    }

    fn template_if(&mut self, condition_expr: &Expr, then: &[Part], otherwise: &[Part], span: Span) -> Value {
        let outer = std::mem::take(&mut self.diags);
        let then = self.render(then, span).finish();
        let then_diags = std::mem::take(&mut self.diags);
        let otherwise = self.render(otherwise, span).finish();
        let otherwise_diags = std::mem::replace(&mut self.diags, outer);
        let condition = self.eval(condition_expr);
        if condition.is_null() {
            let detail = "The condition value is null. Conditions must either be true or false.";
            self.fail_within(condition_expr, span, "Null condition", detail);
            return Value::unknown(Type::String);
        }
        let (condition, marks) = condition.unmark();
        let marks = marks | then.marks() | otherwise.marks();
        if !condition.is_known() {
            return Value::unknown(Type::String).refine_not_null().with_marks(marks);
        }
        let Some(chosen) = convert(&condition, &Type::Bool).ok().and_then(|condition| condition.as_bool()) else {
            let detail = "The condition expression must be of type bool.";
            self.fail_within(condition_expr, span, "Incorrect condition type", detail);
            return Value::unknown(Type::String).with_marks(marks);
        };
        let (value, diags) = if chosen { (then, then_diags) } else { (otherwise, otherwise_diags) };
        self.diags.append(diags);
        value.with_marks(marks)
    }

    fn template_for(&mut self, inner: &PartLoop) -> Value {
        let collection = self.eval(&inner.collection);
        if collection.is_null() {
            let detail = "A null value cannot be used as the collection in a 'for' expression.";
            self.fail_within(&inner.collection, inner.span, "Iteration over null value", detail);
            return Value::unknown(Type::String);
        }
        let (collection, marks) = collection.unmark();
        let Some(elements) = elements(&collection) else {
            let ty = collection.ty();
            if collection.is_known() || ty.is_primitive() {
                let name = ty.friendly_name();
                let detail = format!("A value of type {name} cannot be used as the collection in a 'for' expression.");
                self.fail_within(&inner.collection, inner.span, "Iteration over non-iterable value", detail);
            }
            return Value::unknown(Type::String).with_marks(marks);
        };
        let mut out = Rendering { marks, ..Rendering::default() };
        for (key, value) in elements {
            let depth = self.slots.len();
            if inner.has_key {
                self.slots.push(key);
            }
            self.slots.push(value);
            let text = self.render(&inner.body, inner.span).finish();
            self.slots.truncate(depth);
            self.append(text, &mut out);
        }
        out.finish()
    }

    /// `templatestring(reference, vars)`: the first argument must be a reference, so that nobody puts a template into
    /// a template by accident.
    pub(super) fn call_template_string(&mut self, call: &Call, expr: &Expr) -> Value {
        let function = call.function();
        if function.is_some_and(|function| self.refuse_count(function, call, call.args.len(), expr)) {
            return Value::dynamic();
        }
        let [template_expr, vars_expr] = &call.args[..] else { return Value::dynamic() };
        let found = self.diags.len();
        let template = self.eval(template_expr);
        let vars = self.eval(vars_expr);
        if self.failed_since(found) {
            return Value::dynamic();
        }
        if !is_reference(template_expr) {
            let message = "the template must be a single reference to another object whose value is the template";
            return self.fail_call(call, expr, CallError::argument(0, message));
        }
        let (template, marks) = template.unmark();
        if template.is_null() {
            return self.fail_call(call, expr, CallError::argument(0, "the template must not be null"));
        }
        let template = match convert(&template, &Type::String) {
            Ok(template) => template,
            Err(error) => return self.fail_call(call, expr, CallError::argument(0, error.to_string())),
        };
        let unknown = || Value::unknown(Type::String).refine_not_null().with_marks(marks);
        if matches!(vars.kind(), Kind::Unknown(Type::Dynamic, _)) {
            return Value::dynamic().with_marks(marks);
        }
        let Some(text) = template.as_str() else { return unknown() };
        let source =
            TemplateSource { text: text.as_bytes(), name: &template_expr_name(template_expr), syntax: Some(0) };
        let result = self.render_text(&source, vars).and_then(|value| {
            let Some(value) = value else { return Ok(unknown()) };
            convert(&value, &Type::String).map_err(|error| CallError::new(format!("invalid template result: {error}")))
        });
        match result {
            Ok(value) => value.with_marks(marks),
            Err(error) => self.fail_call(call, expr, error),
        }
    }

    /// `templatefile(path, vars)`.
    pub(super) fn call_template_file(&mut self, call: &Call, mut args: Vec<Value>, expr: &Expr) -> Value {
        let (path, marks) = args[0].clone().unmark_deep();
        let vars = args.swap_remove(1);
        let path = match convert(&path, &Type::String) {
            Ok(path) if path.is_null() => {
                return self.fail_call(call, expr, CallError::argument(0, "argument must not be null"));
            }
            Ok(path) => path,
            Err(error) => return self.fail_call(call, expr, CallError::argument(0, error.to_string())),
        };
        let Some(name) = path.as_str() else { return Value::dynamic().with_marks(marks) };
        let text = match crate::functions::read_text_file(self.env, name, marks) {
            Ok(text) => text,
            Err(error) => return self.fail_call(call, expr, error),
        };
        let source = TemplateSource { text: text.as_bytes(), name, syntax: None };
        match self.render_text(&source, vars) {
            Ok(value) => value.unwrap_or_else(Value::dynamic).with_marks(marks),
            Err(error) => self.fail_call(call, expr, error),
        }
    }

    /// Renders text as a template that sees the attributes of `vars` as its variables; nothing while these are unknown.
    fn render_text(&mut self, source: &TemplateSource<'_>, vars: Value) -> Result<Option<Value>, CallError> {
        if self.template_depth >= TEMPLATE_DEPTH_MAX {
            let message = format!("templates call each other more than {TEMPLATE_DEPTH_MAX} levels deep");
            return Err(CallError::new(message));
        }
        let (vars, marks) = vars.unmark();
        if vars.is_null() {
            return Err(CallError::argument(1, "argument must not be null"));
        }
        let Some(entries) = vars.as_entries() else {
            if vars.is_known() || !matches!(vars.ty(), Type::Dynamic | Type::Map(_) | Type::Object(_)) {
                return Err(CallError::argument(1, "invalid vars value: must be a map"));
            }
            return Ok(None);
        };
        for (name, _) in &entries {
            if !syntax::is_identifier(name) {
                let message = format!(
                    "invalid template variable name {name:?}: must start with a letter, followed by zero or more \
                     letters, digits, and underscores"
                );
                return Err(CallError::argument(1, message));
            }
        }
        let names: Vec<EcoString> = entries.iter().map(|(name, _)| (*name).clone()).collect();
        let values: Vec<Value> = entries.iter().map(|(_, value)| (*value).clone()).collect();
        let (tree, mut diags) = syntax::parse_template(FileId(0), source.text, 0);
        if let Some(problem) = diags.iter().find(|d| d.is_error()) {
            return Err(CallError { argument: source.syntax, ..source.error(problem) });
        }
        let expr = Compiler::with_slots(&TemplateNames, names, &mut diags).expr(&tree);
        if let Some(problem) = diags.iter().find(|d| d.is_error()) {
            let argument = (problem.summary == BAD_VARIABLE).then_some(1);
            return Err(CallError { argument, ..source.error(problem) });
        }
        let mut inner = Evaluator::new(self.scope, self.env);
        inner.template_depth = self.template_depth + 1;
        inner.attempts = self.attempts;
        inner.slots = values;
        let value = inner.eval(&expr);
        if let Some(problem) = inner.diags.iter().find(|d| d.is_error()) {
            return Err(source.error(problem));
        }
        Ok(Some(value.with_marks(marks)))
    }
}

struct TemplateSource<'a> {
    text: &'a [u8],
    name: &'a str,
    /// The argument at fault if the text is no template.
    syntax: Option<usize>,
}

impl TemplateSource<'_> {
    /// The place inside the template becomes part of the message: the diagnostic itself points at the call.
    fn error(&self, problem: &Diagnostic) -> CallError {
        let mut sources = diag::Sources::default();
        let file = sources.add(self.name, self.text.to_vec());
        let place = problem.subject.map(|span| sources.file(file).position(span.start as usize));
        let place = place.map(|p| format!("{}:{},{}: ", self.name, p.line, p.column)).unwrap_or_default();
        let detail = problem.detail.trim_end_matches('.');
        CallError::new(format!("{place}{}; {detail}", problem.summary))
    }
}

/// In a template text only the given variables mean something.
struct TemplateNames;

impl Names for TemplateNames {
    fn resolve(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        let detail = format!("vars map does not contain key {:?}.", reference.root);
        Err(Diagnostic::error(BAD_VARIABLE, detail).at(reference.span))
    }
}

fn is_reference(expr: &Expr) -> bool {
    match &expr.node {
        super::Node::Reference(_) => true,
        super::Node::Slot(..) => true,
        super::Node::Steps(inner) => is_reference(&inner.0),
        super::Node::Parens(inner) => is_reference(inner),
        _ => false,
    }
}

fn template_expr_name(expr: &Expr) -> String {
    expr.references().first().map(|reference| reference.text.to_string()).unwrap_or_default()
}
