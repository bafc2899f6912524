//! The scope of validation: types are known, values mostly not.

use std::cell::{OnceCell, RefCell};

use diag::{Diagnostics, Span};
use ecow::EcoString;
use value::{Type, Value};

use super::Providers;
use crate::expr::{Evaluator, Scope, Subject};
use crate::functions::{CallError, Environment};
use crate::module::{Repetition, undeclared_provider};
use crate::tree::Node;

/// The scope of one module.
pub(super) struct ValidationScope<'a> {
    node: &'a Node,
    providers: &'a dyn Providers,
    pub(super) env: &'a Environment,
    locals: Vec<OnceCell<Value>>,
    /// Mistakes in local values: reported once, wherever the value is asked for first.
    diags: RefCell<Diagnostics>,
}

impl<'a> ValidationScope<'a> {
    pub(super) fn new(node: &'a Node, providers: &'a dyn Providers, env: &'a Environment) -> ValidationScope<'a> {
        let locals = node.module.locals.iter().map(|_| OnceCell::new()).collect();
        ValidationScope { node, providers, env, locals, diags: RefCell::default() }
    }

    pub(super) fn into_diagnostics(self) -> Diagnostics {
        self.diags.into_inner()
    }

    /// Returns the value of a local value, as far as it is known.
    pub(super) fn local(&self, place: usize) -> Value {
        let (Some(cell), Some(local)) = (self.locals.get(place), self.node.module.locals.get(place)) else {
            return Value::dynamic();
        };
        let compute = || {
            let mut evaluator = Evaluator::new(self, self.env);
            let value = evaluator.eval(&local.value);
            self.diags.borrow_mut().append(evaluator.diags);
            value
        };
        cell.get_or_init(compute).clone()
    }

    fn module_call(&self, place: usize) -> Value {
        let (Some(call), Some(child)) = (self.node.module.calls.get(place), self.node.children.get(place)) else {
            return Value::dynamic();
        };
        let Some(child) = child else { return Value::dynamic() };
        let outputs = child.module.outputs.iter().map(|output| (output.name.clone(), Type::Dynamic));
        let object = Type::object(outputs);
        Value::unknown(match call.repetition {
            Repetition::Single => object,
            Repetition::Count(_) => Type::list(object),
            Repetition::ForEach(_) => Type::map(object),
        })
    }

    fn path(&self, name: &str) -> Value {
        let shown = |path: &std::path::Path| -> EcoString {
            let text = path.to_string_lossy();
            if text.is_empty() { ".".into() } else { text.as_ref().into() }
        };
        match name {
            "module" => Value::string(shown(&self.node.module.dir)),
            "root" => Value::string("."),
            _ => Value::string(shown(&self.env.base_dir)),
        }
    }
}

impl Scope for ValidationScope<'_> {
    fn value(&self, subject: &Subject, _span: Span, _diags: &mut Diagnostics) -> Value {
        match subject {
            Subject::Variable(place) => match self.node.module.variables.get(*place as usize) {
                Some(variable) => Value::unknown(variable.ty.without_optional()).with_marks(variable.marks()),
                None => Value::dynamic(),
            },
            Subject::Local(place) => self.local(*place as usize),
            Subject::Module(place) => self.module_call(*place as usize),
            Subject::Path(name) => self.path(name),
            Subject::Workspace | Subject::EachKey => Value::unknown(Type::String).refine_not_null(),
            Subject::CountIndex => Value::unknown(Type::Number).refine_not_null(),
            Subject::Applying => Value::unknown(Type::Bool).refine_not_null().with_marks(value::Marks::EPHEMERAL),
            Subject::Resource(_) | Subject::EachValue | Subject::This | Subject::Output(_) | Subject::Outside(_) => {
                Value::dynamic()
            }
        }
    }

    fn call_provider(&self, provider: &str, function: &str, args: Vec<Value>) -> Result<Value, CallError> {
        let address = self.node.module.required_provider(provider).ok_or_else(|| undeclared_provider(provider))?;
        match self.providers.call(&address, function, args) {
            Some(result) => result,
            None => Err(CallError::new(format!("the provider {provider:?} has no function {function:?}"))),
        }
    }
}
