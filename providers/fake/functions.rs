//! The functions: small ones, each of which shows one thing that a signature can say.

use sdk::value::{Type, Value};
use sdk::{Function, FunctionParameter, FunctionProblem, FunctionSignature};

/// `add`: fixed parameters.
pub(crate) struct Add;

impl Function for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn signature(&self) -> FunctionSignature {
        let parameter = |name| FunctionParameter::new(name, Type::Number, "A number to add.");
        FunctionSignature::new("Adds two numbers", vec![parameter("a"), parameter("b")], Type::Number)
    }

    fn call(&self, args: &[Value]) -> Result<Value, FunctionProblem> {
        args[0].add(&args[1]).map_err(|error| FunctionProblem::new(error.to_string()))
    }
}

/// `echo`: takes whatever there is.
pub(crate) struct Echo;

impl Function for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn signature(&self) -> FunctionSignature {
        let value = FunctionParameter::new("value", Type::Dynamic, "Any value, null and unknown as well.");
        FunctionSignature::new("Returns what it is given", vec![value.null().unknown()], Type::Dynamic)
    }

    fn call(&self, args: &[Value]) -> Result<Value, FunctionProblem> {
        Ok(args[0].clone())
    }
}

/// `fail`: an error about an argument.
pub(crate) struct Fail;

impl Function for Fail {
    fn name(&self) -> &'static str {
        "fail"
    }

    fn signature(&self) -> FunctionSignature {
        let message = FunctionParameter::new("message", Type::String, "What the error says.");
        FunctionSignature::new("Fails with the message it is given", vec![message], Type::String)
    }

    fn call(&self, args: &[Value]) -> Result<Value, FunctionProblem> {
        Err(FunctionProblem::argument(0, args[0].as_str().unwrap_or_default()))
    }
}

/// `join_all`: any number of arguments.
pub(crate) struct JoinAll;

impl Function for JoinAll {
    fn name(&self) -> &'static str {
        "join_all"
    }

    fn signature(&self) -> FunctionSignature {
        let separator = FunctionParameter::new("separator", Type::String, "What to put between the parts.");
        FunctionSignature::new("Joins all its arguments but the first", vec![separator], Type::String)
            .variadic(FunctionParameter::new("parts", Type::String, "A part."))
            .describe("Joins the parts to one text, with the separator between them.")
    }

    fn call(&self, args: &[Value]) -> Result<Value, FunctionProblem> {
        let texts: Vec<&str> = args.iter().filter_map(Value::as_str).collect();
        let (separator, parts) = texts.split_first().ok_or_else(|| FunctionProblem::new("there is no separator"))?;
        Ok(Value::string(parts.join(separator)))
    }
}

#[cfg(test)]
mod tests {
    use crate::provider;
    use sdk::FunctionProblem;
    use sdk::value::{Type, Value};

    fn check(name: &str, args: Vec<Value>, expected: Result<Value, FunctionProblem>) {
        let provider = provider();
        let signature = &provider.schemas().functions[name];
        assert_eq!(signature.call(args, |args| provider.call_function(name, args)), expected);
    }

    #[test]
    fn add_adds_what_converts_to_numbers() {
        check("add", vec![Value::number(1), "2".into()], Ok(Value::number(3)));
        check("add", vec![Value::number(1), Value::dynamic()], Ok(Value::unknown(Type::Number)));
        check("add", vec![Value::NULL, Value::NULL], Err(FunctionProblem::argument(0, "argument must not be null")));
    }

    #[test]
    fn echo_passes_on_null_and_unknown() {
        for value in [Value::NULL, Value::dynamic(), Value::tuple([Value::unknown(Type::Bool)])] {
            check("echo", vec![value.clone()], Ok(value));
        }
    }

    #[test]
    fn fail_blames_its_argument() {
        check("fail", vec!["no luck".into()], Err(FunctionProblem::argument(0, "no luck")));
    }

    #[test]
    fn join_all_takes_any_number_of_parts() {
        check("join_all", vec![", ".into()], Ok("".into()));
        check("join_all", vec![", ".into(), "a".into(), Value::number(2), Value::TRUE], Ok("a, 2, true".into()));
        check("join_all", vec![], Err(FunctionProblem::new("it needs another argument, for \"separator\"")));
    }
}
