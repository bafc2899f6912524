//! Calling a function: what every call needs done around the function's own code.

use std::fmt;

use value::{Marks, Refinement, Type, Value, convert};

use super::{Code, Environment, Function, Param, Returns};

/// A call as a function's code sees it.
pub struct Call<'a> {
    /// The arguments, converted to the parameters' types and without marks (unless the parameter allows them).
    pub args: &'a [Value],
    /// The type of the result: what [`Returns`] said; `dynamic` while it is being computed.
    pub ty: Type,
    /// The world.
    pub env: &'a Environment,
    /// The marks that were taken off the arguments.
    pub marks: Marks,
}

impl<'a> Call<'a> {
    /// Returns a known string argument.
    pub fn text(&self, index: usize) -> &'a str {
        self.args.get(index).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns a number argument as a whole number of 64 bits.
    pub fn whole(&self, index: usize) -> Result<i64, CallError> {
        let number = self.args.get(index).and_then(Value::as_number);
        number.and_then(value::Number::to_i64).ok_or_else(|| {
            let shown = number.map_or_else(String::new, |number| self.shown_number(number));
            CallError::argument(index, format!("a whole number of at most 64 bits is needed, not {shown}"))
        })
    }

    /// Writes a number for a message; hidden if any argument is sensitive.
    pub fn shown_number(&self, number: impl fmt::Display) -> String {
        if self.is_sensitive() { "(sensitive value)".into() } else { number.to_string() }
    }

    /// Tells whether messages must not quote arguments.
    pub fn is_sensitive(&self) -> bool {
        self.marks.contains(Marks::SENSITIVE)
    }

    /// Writes a text for a message: in quotes, shortened; hidden if any argument is sensitive.
    pub fn shown(&self, text: &str) -> String {
        shown(text, self.marks)
    }
}

/// Writes a text with marks for a message: in quotes, shortened; hidden if it is sensitive.
pub(crate) fn shown(text: &str, marks: Marks) -> String {
    // Enough for a path or a name; a message is no place for a whole document.
    const CHARS_MAX: usize = 200;
    if marks.contains(Marks::SENSITIVE) {
        return "(sensitive value)".into();
    }
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The argument at fault, from 0.
    pub argument: Option<usize>,
    /// What is wrong: a phrase without capital and full stop.
    pub message: String,
}

/// Results above this size are refused: they can only be a mistake, and would take the memory of all other work.
pub(super) const RESULT_BYTES_MAX: usize = 100_000_000;

/// Refuses a call whose result would be of so many bytes, if that is too much.
pub(super) fn check_size(bytes: usize) -> Result<(), CallError> {
    if bytes <= RESULT_BYTES_MAX {
        return Ok(());
    }
    Err(CallError::new(format!("the result would be larger than {} MB", RESULT_BYTES_MAX / 1_000_000)))
}

impl CallError {
    /// The call as a whole failed.
    pub fn new(message: impl Into<String>) -> CallError {
        CallError { argument: None, message: message.into() }
    }

    /// An argument is wrong.
    pub fn argument(index: usize, message: impl Into<String>) -> CallError {
        CallError { argument: Some(index), message: message.into() }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What became of one argument before the code runs.
pub enum Argument {
    /// It goes in as it is.
    Ready,
    /// The result is unknown, of the type that [`Returns`] gives.
    Unknown,
    /// The result is unknown and so is its type.
    Dynamic,
}

/// What a call gives.
pub type Outcome = Result<Value, CallError>;

impl Function {
    /// Returns the parameter that takes argument `index`.
    pub fn parameter(&self, index: usize) -> Option<&Param> {
        self.params.get(index).or(self.rest.as_ref())
    }

    /// Calls the function with evaluated arguments: counts and converts them, deals with nulls, unknowns and marks as
    /// the parameters say, and runs the code.
    pub fn call(&self, args: Vec<Value>, env: &Environment) -> Outcome {
        if args.len() < self.params.len() {
            let missing = &self.params[args.len()];
            return Err(CallError::new(format!("it needs another argument, for \"{}\"", missing.name)));
        }
        let mut marks = Marks::NONE;
        let (mut unknown, mut dynamic) = (false, false);
        let mut ready = Vec::with_capacity(args.len());
        for (index, arg) in args.into_iter().enumerate() {
            let Some(param) = self.parameter(index) else {
                return Err(CallError::argument(index, format!("it takes {} arguments", self.params.len())));
            };
            let (value, state) = prepare(param, arg, &mut marks).map_err(|m| CallError::argument(index, m))?;
            unknown |= matches!(state, Argument::Unknown);
            dynamic |= matches!(state, Argument::Dynamic);
            ready.push(value);
        }
        if dynamic {
            return Ok(Value::dynamic().with_marks(marks));
        }
        let result = self.run(&ready, unknown, marks, env)?;
        Ok(result.with_marks(marks))
    }

    fn run(&self, args: &[Value], unknown: bool, marks: Marks, env: &Environment) -> Outcome {
        let mut call = Call { args, ty: Type::Dynamic, env, marks };
        call.ty = match &self.returns {
            Returns::Fixed(ty) => ty(),
            Returns::Computed(compute) => compute(&call)?,
        };
        let (code, nullable) = match &self.code {
            Code::Eager(code) => (code, false),
            Code::Nullable(code) => (code, true),
            Code::Impure(code) => {
                if env.pure {
                    return Ok(unknown_result(call.ty, false));
                }
                (code, false)
            }
            Code::Lazy => return Err(CallError::new("it can only be called in an expression")),
        };
        if unknown {
            return Ok(unknown_result(call.ty, nullable));
        }
        let result = code(&call)?;
        if nullable || result.is_known() {
            return Ok(result);
        }
        Ok(result.refine_not_null())
    }
}

fn unknown_result(ty: Type, nullable: bool) -> Value {
    let refinement = Refinement { not_null: !nullable && ty != Type::Dynamic, ..Refinement::default() };
    Value::unknown(ty).refine(refinement)
}

fn prepare(param: &Param, arg: Value, marks: &mut Marks) -> Result<(Value, Argument), String> {
    let ty = (param.ty)();
    let value = if ty == Type::Dynamic { arg } else { convert(&arg, &ty).map_err(|e| e.to_string())? };
    let value = if param.allow_marks {
        value
    } else {
        let (bare, found) = value.unmark_deep();
        *marks |= found;
        bare
    };
    if value.is_null() && !param.allow_null {
        return Err("argument must not be null".into());
    }
    let state = match (value.is_known(), value.ty() == Type::Dynamic) {
        // A bare null has no type yet either.
        (_, true) if !param.allow_dynamic => Argument::Dynamic,
        (false, _) if !param.allow_unknown => Argument::Unknown,
        _ => Argument::Ready,
    };
    Ok((value, state))
}
