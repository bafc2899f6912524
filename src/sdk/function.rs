//! Functions of providers: how they are declared, and what every call needs done around the provider's own code.

use std::fmt;

use ecow::EcoString;
use value::{Marks, Type, Value, convert};

/// How a function is called and what it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionSignature {
    /// The parameters that every call has.
    pub parameters: Vec<FunctionParameter>,
    /// The parameter that takes all further arguments.
    pub variadic: Option<FunctionParameter>,
    /// The type of the result; `dynamic` where it depends on the arguments.
    pub return_type: Type,
    /// What it does, in a phrase.
    pub summary: EcoString,
    /// What it does, in sentences.
    pub description: EcoString,
    /// What to use instead; empty unless the function is deprecated.
    pub deprecation: EcoString,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionParameter {
    /// Its name, for messages and documentation: arguments go by position.
    pub name: EcoString,
    /// Its type; arguments are converted to it before the call.
    pub ty: Type,
    /// The code wants to see nulls; otherwise they are an error.
    pub allow_null: bool,
    /// The code wants to see arguments that are not wholly known; otherwise the result is unknown without a call.
    pub allow_unknown: bool,
    /// What it means.
    pub description: EcoString,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionProblem {
    /// The argument at fault, from 0.
    pub argument: Option<usize>,
    /// What is wrong: a phrase without capital and full stop.
    pub message: String,
}

impl FunctionProblem {
    /// The call as a whole failed.
    pub fn new(message: impl Into<String>) -> FunctionProblem {
        FunctionProblem { argument: None, message: message.into() }
    }

    /// An argument is wrong.
    pub fn argument(index: usize, message: impl Into<String>) -> FunctionProblem {
        FunctionProblem { argument: Some(index), message: message.into() }
    }
}

impl fmt::Display for FunctionProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl FunctionParameter {
    /// Makes a parameter that takes neither nulls nor unknowns.
    pub fn new(name: &str, ty: Type, description: &str) -> FunctionParameter {
        let description = description.into();
        FunctionParameter { name: name.into(), ty, allow_null: false, allow_unknown: false, description }
    }

    /// Lets the code see nulls.
    #[must_use]
    pub fn null(mut self) -> FunctionParameter {
        self.allow_null = true;
        self
    }

    /// Lets the code see what is not wholly known.
    #[must_use]
    pub fn unknown(mut self) -> FunctionParameter {
        self.allow_unknown = true;
        self
    }
}

impl FunctionSignature {
    /// Makes a signature with a summary and nothing else said.
    pub fn new(summary: &str, parameters: Vec<FunctionParameter>, return_type: Type) -> FunctionSignature {
        FunctionSignature {
            parameters,
            variadic: None,
            return_type,
            summary: summary.into(),
            description: EcoString::new(),
            deprecation: EcoString::new(),
        }
    }

    /// Takes any number of further arguments.
    #[must_use]
    pub fn variadic(mut self, parameter: FunctionParameter) -> FunctionSignature {
        self.variadic = Some(parameter);
        self
    }

    /// Says in sentences what it does.
    #[must_use]
    pub fn describe(mut self, text: &str) -> FunctionSignature {
        self.description = text.into();
        self
    }

    /// Returns the parameter that takes argument `index`.
    pub fn parameter(&self, index: usize) -> Option<&FunctionParameter> {
        self.parameters.get(index).or(self.variadic.as_ref())
    }

    /// Calls `code` with arguments that the signature allows: counts and converts them, and deals with nulls and
    /// unknowns as the parameters say. Code never sees marks; the result carries those of all arguments.
    pub fn call(
        &self,
        args: Vec<Value>,
        code: impl FnOnce(&[Value]) -> Result<Value, FunctionProblem>,
    ) -> Result<Value, FunctionProblem> {
        if let Some(missing) = self.parameters.get(args.len()) {
            return Err(FunctionProblem::new(format!("it needs another argument, for \"{}\"", missing.name)));
        }
        let mut marks = Marks::NONE;
        let mut unknown = false;
        let mut ready = Vec::with_capacity(args.len());
        for (index, arg) in args.into_iter().enumerate() {
            let Some(parameter) = self.parameter(index) else {
                let most = self.parameters.len();
                return Err(FunctionProblem::argument(index, format!("it takes no more than {most} arguments")));
            };
            let (value, found) = parameter.prepare(arg).map_err(|text| FunctionProblem::argument(index, text))?;
            marks |= found;
            unknown |= !parameter.allow_unknown && !value.is_wholly_known();
            ready.push(value);
        }
        if unknown {
            return Ok(Value::unknown(self.return_type.without_optional()).with_marks(marks));
        }
        let result = code(&ready)?;
        if !result.fits(&self.return_type) {
            return Err(FunctionProblem::new(format!(
                "its provider declares that it returns {} and returned {}, which is a bug in the provider",
                self.return_type.friendly_constraint(),
                result.ty().friendly_name(),
            )));
        }
        Ok(result.with_marks(marks))
    }
}

impl FunctionParameter {
    fn prepare(&self, arg: Value) -> Result<(Value, Marks), String> {
        let (bare, marks) = arg.unmark_deep();
        let value =
            if self.ty == Type::Dynamic { bare } else { convert(&bare, &self.ty).map_err(|e| e.to_string())? };
        if value.is_null() && !self.allow_null {
            return Err("argument must not be null".into());
        }
        Ok((value, marks))
    }
}

#[cfg(test)]
mod tests {
    use super::{FunctionParameter, FunctionProblem, FunctionSignature};
    use value::{Marks, Type, Value};

    fn signature() -> FunctionSignature {
        let list = FunctionParameter::new("parts", Type::list(Type::String), "").unknown();
        FunctionSignature::new("Counts.", vec![FunctionParameter::new("n", Type::Number, "")], Type::Number)
            .variadic(list.null())
    }

    fn check(args: Vec<Value>, expected: Result<Value, &str>) {
        let result = signature().call(args, |args| Ok(Value::number(args.len())));
        assert_eq!(
            result.as_ref().map_err(|problem| problem.message.as_str()),
            expected.as_ref().map_err(|text| *text)
        );
    }

    #[test]
    fn counts_converts_and_refuses_null() {
        check(vec![Value::string("1")], Ok(Value::number(1)));
        check(vec![Value::number(1), Value::NULL, Value::tuple([Value::TRUE])], Ok(Value::number(3)));
        check(vec![], Err("it needs another argument, for \"n\""));
        check(vec![Value::string("x")], Err("a number is required"));
        check(vec![Value::NULL], Err("argument must not be null"));
    }

    #[test]
    fn refuses_an_argument_too_many_by_its_position() {
        let one = FunctionSignature::new("One.", vec![FunctionParameter::new("a", Type::Dynamic, "")], Type::Dynamic);
        let result = one.call(vec![Value::TRUE, Value::TRUE], |args| Ok(args[0].clone()));
        assert_eq!(result, Err(FunctionProblem::argument(1, "it takes no more than 1 arguments")));
    }

    #[test]
    fn an_unknown_anywhere_inside_makes_the_result_unknown_unless_the_code_wants_to_see_it() {
        check(vec![Value::unknown(Type::Number)], Ok(Value::unknown(Type::Number)));
        check(vec![Value::number(1), Value::dynamic()], Ok(Value::number(2)));
        let any = FunctionSignature::new("Any.", vec![FunctionParameter::new("a", Type::Dynamic, "")], Type::String);
        let result = any.call(vec![Value::tuple([Value::dynamic()])], |_| Ok(Value::string("called")));
        assert_eq!(result, Ok(Value::unknown(Type::String)));
    }

    #[test]
    fn marks_inside_arguments_end_on_the_result() {
        let secret = Value::string("1").with_marks(Marks::SENSITIVE);
        check(vec![secret], Ok(Value::number(1).with_marks(Marks::SENSITIVE)));
    }

    #[test]
    fn a_result_of_another_type_is_the_providers_fault() {
        let result = signature().call(vec![Value::number(1)], |_| Ok(Value::string("x")));
        let expected =
            "its provider declares that it returns number and returned string, which is a bug in the provider";
        assert_eq!(result, Err(FunctionProblem::new(expected)));
    }
}
