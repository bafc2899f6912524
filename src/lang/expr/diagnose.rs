//! Words for what went wrong in expressions.

use diag::{Diagnostic, FunctionCall, Span};
use value::Type;

use super::Call;
use crate::functions::{CallError, FUNCTIONS, Function, Returns};

/// Reports a call of a function that does not exist.
pub(super) fn unknown_function(call: &Call) -> Diagnostic {
    let mut detail = format!("There is no function named {:?}.", call.name);
    if let Some(near) = diag::did_you_mean(&call.name, FUNCTIONS.iter().map(|function| function.name)) {
        detail.push_str(&format!(" Did you mean {near:?}?"));
    }
    Diagnostic::error("Call to unknown function", detail).at(call.name_span).within(call.span())
}

/// Returns what is wrong with the number of arguments, if anything.
pub(super) fn argument_count(function: &Function, call: &Call, count: usize) -> Option<Diagnostic> {
    if count < function.params.len() {
        let missing = &function.params[count];
        let at_least = if function.rest.is_some() { "at least " } else { "" };
        let detail = format!(
            "Function {:?} expects {at_least}{} argument(s). The value for {:?} is missing.",
            call.name,
            function.params.len(),
            missing.name
        );
        let close = Span { start: call.parens.end.saturating_sub(1), ..call.parens };
        return Some(Diagnostic::error("Not enough function arguments", detail).at(close).within(call.span()));
    }
    if function.rest.is_none() && count > function.params.len() {
        let detail = format!("Function {:?} expects only {} argument(s).", call.name, function.params.len());
        let problem = Diagnostic::error("Too many function arguments", detail);
        return Some(problem.at(call.argument_span(function.params.len())).within(call.span()));
    }
    None
}

/// Words the failure of a call.
pub(super) fn call_failed(call: &Call, function: Option<&Function>, error: &CallError) -> Diagnostic {
    let place = error.argument.zip(function.and_then(|function| function.parameter(error.argument?)));
    match place {
        Some((index, param)) => {
            let detail = format!("Invalid value for {:?} parameter: {}.", param.name, error.message);
            let place = if call.args.is_empty() { call.span() } else { call.argument_span(index) };
            Diagnostic::error("Invalid function argument", detail).at(place).within(call.span())
        }
        None => {
            let detail = format!("Call to function {:?} failed: {}.", call.name, error.message);
            Diagnostic::error("Error in function call", detail).at(call.start()).within(call.span())
        }
    }
}

/// Describes the function for tools that show its parameters beside the message.
pub(super) fn signature(call: &Call, function: &Function) -> FunctionCall {
    let json = |ty: Type| value::type_to_json(&ty).to_string();
    FunctionCall {
        called_as: call.name.to_string(),
        name: function.name.into(),
        parameters: function.params.iter().map(|param| (param.name.into(), json((param.ty)()))).collect(),
        variadic: function.rest.as_ref().map(|param| (param.name.into(), json((param.ty)()))),
        result: match &function.returns {
            Returns::Fixed(ty) => json(ty()),
            Returns::Computed(_) => json(Type::Dynamic),
        },
    }
}

impl Call {
    /// Returns all the bytes of the call.
    pub(super) fn span(&self) -> Span {
        self.name_span.to(self.parens)
    }

    /// Returns the name with the opening parenthesis: where the call starts.
    pub(super) fn start(&self) -> Span {
        self.name_span.to(Span { end: self.parens.start + 1, ..self.parens })
    }

    /// Returns where an argument starts; arguments that `...` made are all of the last.
    pub(super) fn argument_span(&self, index: usize) -> Span {
        match self.args.last() {
            Some(last) if self.expand && index + 1 >= self.args.len() => last.span,
            _ => self.starts.get(index).or(self.starts.last()).copied().unwrap_or(self.parens),
        }
    }
}

/// Says how two types differ that should be one.
pub(super) fn type_mismatch(then: &Type, otherwise: &Type) -> String {
    match (then, otherwise) {
        (Type::Object(a), Type::Object(b)) => {
            for attribute in a.attributes() {
                let name = &attribute.name;
                match b.get(name) {
                    None => return format!("The 'true' value has an attribute {name:?}, the 'false' value has not"),
                    Some(other) if other.ty != attribute.ty => {
                        return format!("Attribute {name:?} differs: {}", type_mismatch(&attribute.ty, &other.ty));
                    }
                    Some(_) => {}
                }
            }
            if let Some(extra) = b.attributes().iter().find(|attribute| a.get(&attribute.name).is_none()) {
                return format!("The 'false' value has an attribute {:?}, the 'true' value has not", extra.name);
            }
        }
        (Type::Tuple(a), Type::Tuple(b)) if a.len() != b.len() => {
            return format!("The 'true' tuple has length {}, but the 'false' tuple has length {}", a.len(), b.len());
        }
        (Type::Tuple(a), Type::Tuple(b)) => {
            if let Some(place) = (0..a.len()).find(|place| a[*place] != b[*place]) {
                return format!("Element {place} differs: {}", type_mismatch(&a[place], &b[place]));
            }
        }
        _ => {}
    }
    if let Some((kind, then, otherwise)) = structural_elements(then, otherwise) {
        return format!("Elements of the {kind}s differ: {}", type_mismatch(then, otherwise));
    }
    let (then, otherwise) = (then.friendly_name(), otherwise.friendly_name());
    if then == otherwise {
        return "Something deep inside the two values differs in type".into();
    }
    format!("The 'true' value is {then}, but the 'false' value is {otherwise}")
}

/// Returns the element types of two collections of one kind, if it is worth saying how these differ.
fn structural_elements<'t>(then: &'t Type, otherwise: &'t Type) -> Option<(&'static str, &'t Type, &'t Type)> {
    let (kind, then, otherwise) = match (then, otherwise) {
        (Type::List(a), Type::List(b)) => ("list", a, b),
        (Type::Set(a), Type::Set(b)) => ("set", a, b),
        (Type::Map(a), Type::Map(b)) => ("map", a, b),
        _ => return None,
    };
    let worth =
        matches!((&**then, &**otherwise), (Type::Object(_), Type::Object(_)) | (Type::Tuple(_), Type::Tuple(_)));
    worth.then_some((kind, &**then, &**otherwise))
}
