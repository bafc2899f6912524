//! `chomp`, `trim`, `trimprefix`, `trimspace`, `trimsuffix`: characters taken off the ends.

use value::Value;

use super::{Code, Function, Returns, example, param, types};

pub(super) static CHOMP: Function = Function {
    name: "chomp",
    summary: "Takes all line ends off the end of a string.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"chomp("hello\n")"#, r#""hello""#),
        example(r#"chomp("hello\r\n\n\r")"#, r#""hello""#),
        example(r#"chomp("hello \n x")"#, "<<EOT\nhello \n x\nEOT"),
    ],
    code: Code::Eager(|call| Ok(Value::string(call.text(0).trim_end_matches(['\r', '\n'])))),
};

pub(super) static TRIM: Function = Function {
    name: "trim",
    summary: "Takes all characters that occur in `cutset` off both ends of a string.",
    params: &[param("str", types::string), param("cutset", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"trim("?!hello?!", "!?")"#, r#""hello""#),
        example(r#"trim("foobar", "far")"#, r#""oob""#),
        example(r#"trim("   hello! world.!  ", "! ")"#, r#""hello! world.""#),
        example(r#"trim(" a ", "")"#, r#"" a ""#),
    ],
    code: Code::Eager(|call| {
        let cut: Vec<char> = call.text(1).chars().collect();
        Ok(Value::string(call.text(0).trim_matches(cut.as_slice())))
    }),
};

pub(super) static TRIMPREFIX: Function = Function {
    name: "trimprefix",
    summary: "Takes a prefix off the start of a string, once, if it is there.",
    params: &[param("str", types::string), param("prefix", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"trimprefix("helloworld", "hello")"#, r#""world""#),
        example(r#"trimprefix("helloworld", "cat")"#, r#""helloworld""#),
        example(r#"trimprefix("--x", "-")"#, r#""-x""#),
    ],
    code: Code::Eager(|call| {
        let all = call.text(0);
        Ok(Value::string(all.strip_prefix(call.text(1)).unwrap_or(all)))
    }),
};

pub(super) static TRIMSPACE: Function = Function {
    name: "trimspace",
    summary: "Takes white space, as Unicode has it, off both ends of a string.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"trimspace("  hello\n\n")"#, r#""hello""#),
        example(r#"trimspace("\u00a0\u2003x\u200b")"#, r#""x\u200b""#),
    ],
    code: Code::Eager(|call| Ok(Value::string(call.text(0).trim()))),
};

pub(super) static TRIMSUFFIX: Function = Function {
    name: "trimsuffix",
    summary: "Takes a suffix off the end of a string, once, if it is there.",
    params: &[param("str", types::string), param("suffix", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"trimsuffix("helloworld", "world")"#, r#""hello""#),
        example(r#"trimsuffix("helloworld", "cat")"#, r#""helloworld""#),
    ],
    code: Code::Eager(|call| {
        let all = call.text(0);
        Ok(Value::string(all.strip_suffix(call.text(1)).unwrap_or(all)))
    }),
};
