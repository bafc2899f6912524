//! `templatefile`, `templatestring`: documentation of what the evaluator itself does.

use super::{CallError, Code, Function, Returns, example, param, types};

pub(super) static TEMPLATEFILE: Function = Function {
    name: "templatefile",
    summary: "Renders the template in a file. It sees the given variables and all functions, and nothing else.",
    params: &[
        param("path", types::string).summary("The file, as `file` takes it; it must exist before the run begins."),
        param("vars", types::any).summary("An object or a map: the names that the template may use."),
    ],
    rest: None,
    returns: Returns::Fixed(types::any),
    examples: &[
        example(r#"templatefile("/dev/null", {})"#, r#""""#),
        example(r#"templatefile("missing.tftpl", {})"#, "error: there is no file"),
        example("templatefile(null, {})", "error: must not be null"),
    ],
    // Its arguments are values, but rendering needs the evaluator.
    code: Code::Nullable(|_| Err(CallError::new("it can only be called in an expression"))),
};

pub(super) static TEMPLATESTRING: Function = Function {
    name: "templatestring",
    summary: "Renders the template that another object holds as a string, such as an attribute of a resource. It sees \
              the given variables and all functions, and nothing else. A template that is known beforehand is better \
              written right there, in quotes.",
    params: &[
        param("template", types::string).summary("A reference, not a text."),
        param("vars", types::any).summary("An object or a map: the names that the template may use."),
    ],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"templatestring("Hello", {})"#, "error: single reference"),
        example("templatestring(1 + 1, {})", "error: single reference"),
    ],
    code: Code::Lazy,
};
