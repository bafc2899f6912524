//! One entry after the other: text to what the console shows for it.

use std::rc::Rc;

use diag::{Diagnostic, Diagnostics, Sources};
use lang::evaluation::{Evaluation, Instance, Repeated, World};
use lang::module::{Allowed, Condition, ScopedNames, Variable};
use lang::print::print_value;
use syntax::TokenKind;
use value::{Kind, Value};

/// What the user typed wants.
pub(super) enum Entry {
    /// The end.
    Exit,
    /// An explanation.
    Help,
    /// A value.
    Reply(Reply),
}

/// What came of an expression.
pub(super) struct Reply {
    /// Its value as text; nothing if the expression is wrong.
    pub(super) value: Option<String>,
    /// What is wrong with the expression, or with what it refers to.
    pub(super) diags: Diagnostics,
}

impl Reply {
    /// Makes a reply that is a text.
    pub(super) fn of(text: &str) -> Reply {
        Reply { value: Some(text.to_owned()), diags: Diagnostics::new() }
    }
}

/// Evaluates expressions in the scope of the root module.
pub(super) struct Console<'a> {
    evaluation: Evaluation<'a>,
    root: Rc<Instance<'a>>,
    names: ScopedNames,
    sources: Sources,
}

impl<'a> Console<'a> {
    /// Makes a console; `variables` are the values of the root module's variables.
    pub(super) fn new(world: World<'a>, variables: Vec<Value>, sources: Sources) -> Console<'a> {
        let names = ScopedNames {
            module: world.root.module.names.clone(),
            allowed: Allowed { console: true, ..Allowed::default() },
        };
        let evaluation = Evaluation::new(world, variables);
        let root = evaluation.root();
        Console { evaluation, root, names, sources }
    }

    /// Returns the files that diagnostics point into.
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Checks the values of the root module's variables by the variables' own rules; what is in `diags` already is not
    /// said again.
    pub(super) fn check_variables(&self, diags: &mut Diagnostics) {
        let mut found = Diagnostics::new();
        for variable in &self.root.node.module.variables {
            variable.validations.iter().for_each(|rule| self.check(variable, rule, &mut found));
        }
        found.append(self.evaluation.take_diagnostics());
        for problem in found {
            if !diags.iter().any(|known| (known.subject, &known.summary) == (problem.subject, &problem.summary)) {
                diags.push(problem);
            }
        }
    }

    fn check(&self, variable: &Variable, rule: &Condition, diags: &mut Diagnostics) {
        let eval = |expr| self.evaluation.eval(&self.root, Repeated::default(), expr);
        let (holds, found) = eval(&rule.condition);
        diags.append(found);
        if holds.unmark().0.as_bool() != Some(false) {
            return;
        }
        let (message, found) = eval(&rule.message);
        diags.append(found);
        let (message, marks) = message.unmark();
        let said = message.as_str().filter(|_| marks.is_empty());
        let detail = said.unwrap_or("Its message cannot be shown: it comes from a sensitive value.");
        diags.push(Diagnostic::error("Invalid value for variable", detail).at(variable.header));
    }

    /// Does what an entry wants.
    pub(super) fn entry(&mut self, text: &str) -> Entry {
        match text.trim() {
            "" => Entry::Reply(Reply::of("")),
            "exit" => Entry::Exit,
            "help" => Entry::Help,
            _ => Entry::Reply(self.evaluate(text)),
        }
    }

    fn evaluate(&mut self, text: &str) -> Reply {
        // A heredoc ends with a line break; nothing else needs one.
        let text = if text.contains('\n') { format!("{text}\n") } else { text.to_owned() };
        let file = self.sources.add("<console-input>", text.as_bytes());
        let (tree, mut diags) = syntax::parse_expression(file, text.as_bytes(), 0);
        if diags.has_errors() {
            return Reply { value: None, diags };
        }
        let expr = lang::expr::compile(&tree, &self.names, &mut diags);
        if diags.has_errors() {
            return Reply { value: None, diags };
        }
        let (value, found) = self.evaluation.eval(&self.root, Repeated::default(), &expr);
        diags.append(found);
        if has_type_inside(&value) {
            let detail = "What type(...) gives is no value of the language: it can only be shown by itself.";
            diags.push(Diagnostic::error("Invalid use of type function", detail).at(expr.span));
        }
        let value = (!diags.has_errors()).then(|| print_value(&value));
        // What is wrong elsewhere in the configuration leaves something unknown; the expression itself is right.
        diags.append(self.evaluation.take_diagnostics());
        Reply { value, diags }
    }
}

/// Tells whether a value that is no type itself holds one.
fn has_type_inside(value: &Value) -> bool {
    let mut found = false;
    value.walk(|path, part| {
        found |= !path.0.is_empty() && matches!(part.kind(), Kind::Meta(_));
        !found
    });
    found
}

/// Tells whether more lines may make text an expression that it is not yet: a bracket or a heredoc is open.
pub(super) fn could_continue(text: &str) -> bool {
    let mut open = 0_i64;
    let mut heredocs = 0_i64;
    for token in syntax::lex(format!("{text}\n").as_bytes()) {
        match token.kind {
            TokenKind::OpenBrace
            | TokenKind::OpenBracket
            | TokenKind::OpenParen
            | TokenKind::InterpolationStart
            | TokenKind::DirectiveStart => open += 1,
            TokenKind::CloseBrace | TokenKind::CloseBracket | TokenKind::CloseParen | TokenKind::TemplateEnd => {
                open -= 1;
            }
            TokenKind::OpenHeredoc => heredocs += 1,
            TokenKind::CloseHeredoc => heredocs -= 1,
            _ => {}
        }
    }
    heredocs > 0 || open > 0
}
