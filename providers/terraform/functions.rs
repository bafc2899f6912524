//! The functions: values to and from the language's own notation.

use sdk::value::{Refinement, Type, Value};
use sdk::{Function, FunctionParameter, FunctionProblem, FunctionSignature};

use crate::encode;

/// Reads the text of a `.tfvars` file: an object, or a phrase that says what is wrong.
pub type DecodeTfvars = fn(&str) -> Result<Value, String>;

/// `decode_tfvars`
pub(crate) struct DecodeTfvarsFunction(pub(crate) DecodeTfvars);

impl Function for DecodeTfvarsFunction {
    fn name(&self) -> &'static str {
        "decode_tfvars"
    }

    fn signature(&self) -> FunctionSignature {
        let src = FunctionParameter::new("src", Type::String, "The text of a `.tfvars` file.");
        FunctionSignature::new("Reads text in the syntax of a `.tfvars` file", vec![src], Type::Dynamic).describe(
            "Reads the text of a `.tfvars` file and returns an object with the values that it gives to variables, as \
             they are written: nothing is converted to the types of variables. It is rarely needed.",
        )
    }

    fn call(&self, args: &[Value]) -> Result<Value, FunctionProblem> {
        // An unknown or null argument never gets here.
        self.0(args[0].as_str().unwrap_or_default()).map_err(FunctionProblem::new)
    }
}

/// `encode_expr`
pub(crate) struct EncodeExpr;

impl Function for EncodeExpr {
    fn name(&self) -> &'static str {
        "encode_expr"
    }

    fn signature(&self) -> FunctionSignature {
        let value = FunctionParameter::new("value", Type::Dynamic, "The value to write.").unknown();
        FunctionSignature::new("Writes a value as an expression of the language", vec![value], Type::String).describe(
            "Takes any value and returns the text of an expression whose value is nearly the same: the text does not \
             tell a list or set from a tuple, nor a map from an object. It is rarely needed.",
        )
    }

    fn call(&self, args: &[Value]) -> Result<Value, FunctionProblem> {
        let value = &args[0];
        if !value.is_wholly_known() {
            return Ok(unknown_text(opening(value)));
        }
        Ok(Value::string(encode::expression(value)?))
    }
}

/// `encode_tfvars`
pub(crate) struct EncodeTfvars;

impl Function for EncodeTfvars {
    fn name(&self) -> &'static str {
        "encode_tfvars"
    }

    fn signature(&self) -> FunctionSignature {
        let value = FunctionParameter::new("value", Type::Dynamic, "An object with the values of variables.").unknown();
        FunctionSignature::new("Writes an object in the syntax of a `.tfvars` file", vec![value], Type::String)
            .describe(
                "Takes an object and returns the text of a `.tfvars` file that gives each of its attributes to the \
             variable of that name. It is rarely needed.",
            )
    }

    fn call(&self, args: &[Value]) -> Result<Value, FunctionProblem> {
        let value = &args[0];
        if !value.is_wholly_known() {
            return Ok(unknown_text(""));
        }
        Ok(Value::string(encode::tfvars(value)?))
    }
}

/// Returns how the text of a value begins, as far as its type tells; a null would be `null`.
fn opening(value: &Value) -> &'static str {
    let may_be_null = matches!(value.kind(), sdk::value::Kind::Unknown(_, refinement) if !refinement.not_null);
    match value.ty() {
        _ if may_be_null => "",
        Type::Object(_) | Type::Map(_) => "{",
        Type::Tuple(_) | Type::List(_) | Type::Set(_) => "[",
        Type::String => "\"",
        _ => "",
    }
}

fn unknown_text(prefix: &str) -> Value {
    Value::unknown(Type::String).refine(Refinement { prefix: Some(prefix.into()), ..Refinement::not_null() })
}

#[cfg(test)]
mod tests {
    use super::{DecodeTfvarsFunction, EncodeExpr, EncodeTfvars};
    use sdk::Function;
    use sdk::value::{Kind, Refinement, Type, Value};

    fn refinement(function: &dyn Function, value: Value) -> Refinement {
        let result = function.call(&[value]).unwrap();
        match result.kind() {
            Kind::Unknown(Type::String, refinement) => refinement.clone(),
            _ => panic!("{result:?} is not an unknown string"),
        }
    }

    fn check(value: Value, prefix: Option<&str>) {
        let expected = Refinement { prefix: prefix.map(Into::into), ..Refinement::not_null() };
        assert_eq!(refinement(&EncodeExpr, value), expected);
    }

    /// As `startswith(provider::terraform::encode_expr(...), "...")` tells in a plan by Terraform 1.11.4.
    #[test]
    fn the_text_of_what_is_not_known_begins_as_its_type_says() {
        let id = Value::unknown(Type::String);
        check(Value::object([("a", id.clone())]), Some("{"));
        check(Value::map(Type::String, [("a", id.clone())]), Some("{"));
        check(Value::tuple([id.clone()]), Some("["));
        check(Value::set(Type::String, [id.clone()]), Some("["));
        check(id.clone().refine_not_null(), Some("\""));
        check(id, None);
        check(Value::dynamic(), None);
        check(Value::unknown(Type::Bool).refine_not_null(), None);
    }

    #[test]
    fn tfvars_of_what_is_not_known_are_some_text() {
        for value in [Value::dynamic(), Value::object([("1 x", Value::unknown(Type::String))])] {
            assert_eq!(refinement(&EncodeTfvars, value), Refinement::not_null());
        }
    }

    #[test]
    fn decoding_is_left_to_who_can_read_the_language() {
        let decode = DecodeTfvarsFunction(|text| match text {
            "a = 1" => Ok(Value::object([("a", Value::number(1))])),
            _ => Err("there is no value".into()),
        });
        assert_eq!(decode.call(&[Value::string("a = 1")]), Ok(Value::object([("a", Value::number(1))])));
        assert_eq!(decode.call(&[Value::string("a =")]).unwrap_err().message, "there is no value");
    }
}
