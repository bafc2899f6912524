//! The built-in functions: one file per function or small family, one line each in [`FUNCTIONS`].
//!
//! A [`Function`] carries its name, documentation, parameters, examples and code. The examples are its tests and its
//! page in `src/lang/README.md`.

mod affixes;
mod arguments;
mod base64;
mod bcrypt;
mod call;
mod cidr;
mod coalesce;
mod csvdecode;
mod environment;
#[cfg(test)]
mod expression_tests;
mod files;
mod fileset;
mod format;
pub(crate) mod graphemes;
mod gzip;
mod hashes;
mod jsondecode;
mod jsonencode;
#[cfg(test)]
mod large_tests;
mod lazy;
mod length;
mod letters;
mod lines;
mod maps;
mod marking;
mod numeric;
mod parts;
mod paths;
mod pieces;
mod powers;
mod range;
mod reference;
mod regex;
mod rsadecrypt;
mod search;
mod sequences;
mod sets;
mod templates;
#[cfg(test)]
mod testing;
mod text_encoding;
#[cfg(test)]
mod text_tests;
mod time;
mod to;
mod trim;
mod truth;
mod url;
mod uuid;
mod yaml;

use value::{Marks, Type};

pub use call::{Argument, Call, CallError, Outcome};
use call::{RESULT_BYTES_MAX, check_size};
pub use environment::{Clock, Environment, Files, RealFiles};
pub use yaml::{read as read_yaml, write as write_yaml};

/// All built-in functions, sorted by name. Each is also known as `core::name`.
#[rustfmt::skip]
pub static FUNCTIONS: &[&Function] = &[
    &numeric::ABS,
    &paths::ABSPATH,
    &truth::ALLTRUE,
    &truth::ANYTRUE,
    &base64::BASE64DECODE,
    &base64::BASE64ENCODE,
    &gzip::BASE64GUNZIP,
    &gzip::BASE64GZIP,
    &hashes::BASE64SHA256,
    &hashes::BASE64SHA512,
    &paths::BASENAME,
    &bcrypt::BCRYPT,
    &lazy::CAN,
    &numeric::CEIL,
    &trim::CHOMP,
    &sequences::CHUNKLIST,
    &cidr::CIDRCONTAINS,
    &cidr::CIDRHOST,
    &cidr::CIDRNETMASK,
    &cidr::CIDRSUBNET,
    &cidr::CIDRSUBNETS,
    &coalesce::COALESCE,
    &coalesce::COALESCELIST,
    &sequences::COMPACT,
    &sequences::CONCAT,
    &search::CONTAINS,
    &lazy::CONVERT,
    &csvdecode::CSVDECODE,
    &paths::DIRNAME,
    &sequences::DISTINCT,
    &search::ELEMENT,
    &affixes::ENDSWITH,
    &marking::EPHEMERALASNULL,
    &files::FILE,
    &files::FILEBASE64,
    &hashes::FILEBASE64SHA256,
    &hashes::FILEBASE64SHA512,
    &files::FILEEXISTS,
    &hashes::FILEMD5,
    &fileset::FILESET,
    &hashes::FILESHA1,
    &hashes::FILESHA256,
    &hashes::FILESHA512,
    &sequences::FLATTEN,
    &numeric::FLOOR,
    &format::FORMAT,
    &time::FORMATDATE,
    &format::FORMATLIST,
    &lines::INDENT,
    &search::INDEX,
    &marking::ISSENSITIVE,
    &pieces::JOIN,
    &jsondecode::JSONDECODE,
    &jsonencode::JSONENCODE,
    &maps::KEYS,
    &length::LENGTH,
    &powers::LOG,
    &maps::LOOKUP,
    &letters::LOWER,
    &search::MATCHKEYS,
    &numeric::MAX,
    &hashes::MD5,
    &maps::MERGE,
    &numeric::MIN,
    &marking::NONSENSITIVE,
    &search::ONE,
    &numeric::PARSEINT,
    &paths::PATHEXPAND,
    &time::PLANTIMESTAMP,
    &powers::POW,
    &range::RANGE,
    &regex::REGEX,
    &regex::REGEXALL,
    &regex::REPLACE,
    &sequences::REVERSE,
    &rsadecrypt::RSADECRYPT,
    &marking::SENSITIVE,
    &sets::SETINTERSECTION,
    &sets::SETPRODUCT,
    &sets::SETSUBTRACT,
    &sets::SETUNION,
    &hashes::SHA1,
    &hashes::SHA256,
    &hashes::SHA512,
    &numeric::SIGNUM,
    &sequences::SLICE,
    &sequences::SORT,
    &pieces::SPLIT,
    &affixes::STARTSWITH,
    &affixes::STRCONTAINS,
    &pieces::STRREV,
    &pieces::SUBSTR,
    &numeric::SUM,
    &templates::TEMPLATEFILE,
    &templates::TEMPLATESTRING,
    &text_encoding::TEXTDECODEBASE64,
    &text_encoding::TEXTENCODEBASE64,
    &time::TIMEADD,
    &time::TIMECMP,
    &time::TIMESTAMP,
    &letters::TITLE,
    &to::TOBOOL,
    &to::TOLIST,
    &to::TOMAP,
    &to::TONUMBER,
    &to::TOSET,
    &to::TOSTRING,
    &maps::TRANSPOSE,
    &trim::TRIM,
    &trim::TRIMPREFIX,
    &trim::TRIMSPACE,
    &trim::TRIMSUFFIX,
    &lazy::TRY,
    &letters::UPPER,
    &url::URLDECODE,
    &url::URLENCODE,
    &uuid::UUID,
    &uuid::UUIDV5,
    &maps::VALUES,
    &yaml::YAMLDECODE,
    &yaml::YAMLENCODE,
    &maps::ZIPMAP,
];

/// Returns the built-in function of a name; `core::` may precede it.
pub fn find(name: &str) -> Option<&'static Function> {
    let name = name.strip_prefix("core::").unwrap_or(name);
    FUNCTIONS.binary_search_by(|f| f.name.cmp(name)).ok().map(|i| FUNCTIONS[i])
}

/// Reads a text file for `templatefile`, as `file` does; the marks are those of the path.
pub(crate) fn read_text_file(env: &Environment, path: &str, marks: Marks) -> Result<String, CallError> {
    files::read_text_at(env, path, call::shown(path, marks)).map_err(|message| CallError::argument(0, message))
}

/// A built-in function.
pub struct Function {
    /// Its name, without `core::`.
    pub name: &'static str,
    /// What it does, in a sentence or two.
    pub summary: &'static str,
    /// The parameters that every call has.
    pub params: &'static [Param],
    /// The parameter that takes all further arguments.
    pub rest: Option<Param>,
    /// The type of the result.
    pub returns: Returns,
    /// Calls with their results; see [`Example`].
    pub examples: &'static [Example],
    /// The code.
    pub code: Code,
}

/// A parameter. Without the `allow_` flags the caller handles nulls (an error), unknowns (the result is unknown) and
/// marks (taken off before, put on the result after).
pub struct Param {
    /// Its name, for messages and documentation.
    pub name: &'static str,
    /// What it means; empty where the name says it.
    pub summary: &'static str,
    /// Its type; arguments are converted to it before the call.
    pub ty: fn() -> Type,
    /// The code wants to see nulls.
    pub allow_null: bool,
    /// The code wants to see unknown values (parts of an argument may always be unknown).
    pub allow_unknown: bool,
    /// The code wants to see values of unknown type.
    pub allow_dynamic: bool,
    /// The code wants to see marks and puts them on the result itself.
    pub allow_marks: bool,
}

/// Makes an ordinary parameter.
pub const fn param(name: &'static str, ty: fn() -> Type) -> Param {
    Param { name, summary: "", ty, allow_null: false, allow_unknown: false, allow_dynamic: false, allow_marks: false }
}

impl Param {
    /// Lets the code see nulls.
    pub const fn null(mut self) -> Param {
        self.allow_null = true;
        self
    }

    /// Lets the code see unknown values.
    pub const fn unknown(mut self) -> Param {
        self.allow_unknown = true;
        self
    }

    /// Lets the code see values of unknown type.
    pub const fn dynamic(mut self) -> Param {
        self.allow_dynamic = true;
        self
    }

    /// Lets the code see marks.
    pub const fn marks(mut self) -> Param {
        self.allow_marks = true;
        self
    }

    /// Documents the parameter.
    pub const fn summary(mut self, text: &'static str) -> Param {
        self.summary = text;
        self
    }
}

/// The type of a function's result.
pub enum Returns {
    /// Always the same.
    Fixed(fn() -> Type),
    /// Computed from the arguments, which may be unknown: known as much as can be said. Marks are gone.
    Computed(fn(&Call<'_>) -> Result<Type, CallError>),
}

/// The code of a function.
pub enum Code {
    /// Gets values. An unknown result of it is said to be not null unless it is [`Code::Nullable`].
    Eager(fn(&Call<'_>) -> Result<Value, CallError>),
    /// Gets values; its result may be null.
    Nullable(fn(&Call<'_>) -> Result<Value, CallError>),
    /// The same, and the result differs from call to call: unknown while planning.
    Impure(fn(&Call<'_>) -> Result<Value, CallError>),
    /// Gets expressions: the evaluator itself does it (`try`, `can`, `type`, `convert`, `templatestring`).
    Lazy,
}

use value::Value;

/// A call and what it gives, both as text.
pub struct Example {
    /// An expression.
    pub call: &'static str,
    /// What the console prints for it; or `error: ` and a part of the message.
    pub result: &'static str,
}

/// Makes an example.
pub const fn example(call: &'static str, result: &'static str) -> Example {
    Example { call, result }
}

/// Types by name, for parameter lists.
pub mod types {
    use value::Type;

    /// `any`
    pub fn any() -> Type {
        Type::Dynamic
    }
    /// `bool`
    pub fn bool() -> Type {
        Type::Bool
    }
    /// `number`
    pub fn number() -> Type {
        Type::Number
    }
    /// `string`
    pub fn string() -> Type {
        Type::String
    }
    /// `list(any)`
    pub fn list_any() -> Type {
        Type::list(Type::Dynamic)
    }
    /// `list(string)`
    pub fn list_string() -> Type {
        Type::list(Type::String)
    }
    /// `list(bool)`
    pub fn list_bool() -> Type {
        Type::list(Type::Bool)
    }
    /// `set(any)`
    pub fn set_any() -> Type {
        Type::set(Type::Dynamic)
    }
    /// `set(string)`
    pub fn set_string() -> Type {
        Type::set(Type::String)
    }
    /// `map(any)`
    pub fn map_any() -> Type {
        Type::map(Type::Dynamic)
    }
    /// `map(list(string))`
    pub fn map_list_string() -> Type {
        Type::map(Type::list(Type::String))
    }
}

#[cfg(test)]
mod tests {
    use super::FUNCTIONS;

    #[test]
    fn the_list_is_sorted_and_every_function_has_an_example() {
        assert!(FUNCTIONS.windows(2).all(|pair| pair[0].name < pair[1].name), "sort FUNCTIONS by name");
        for function in FUNCTIONS {
            assert!(!function.examples.is_empty(), "{} has no example", function.name);
        }
    }
}
