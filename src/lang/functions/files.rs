//! `file`, `filebase64`, `fileexists`: reading files that belong to the configuration.

use std::fs::FileType;
use std::io::ErrorKind;
use std::path::Path;

use value::Value;

use super::paths::{absolute, expand_home};
use super::{Call, CallError, Code, Environment, Function, Outcome, Returns, base64, example, param, types};

pub(super) static FILE: Function = Function {
    name: "file",
    summary: "Returns the text of a file, which must be UTF-8. The file must exist before the run begins.",
    params: &[param("path", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"file("/dev/null")"#, r#""""#),
        example(r#"file("missing.txt")"#, "error: there is no file"),
        example(r#"file("/")"#, "error: is a directory"),
    ],
    code: Code::Eager(|call| Ok(read_text(call, 0)?.into())),
};

pub(super) static FILEBASE64: Function = Function {
    name: "filebase64",
    summary: "Returns the bytes of a file in Base64: for files that are not text.",
    params: &[param("path", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"filebase64("/dev/null")"#, r#""""#),
        example(r#"filebase64("missing.bin")"#, "error: there is no file"),
    ],
    code: Code::Eager(|call| Ok(base64::encode(&read_file(call, 0)?).into())),
};

pub(super) static FILEEXISTS: Function = Function {
    name: "fileexists",
    summary: "Tells whether a path leads to a file; a directory or a device in its place is an error.",
    params: &[param("path", types::string)],
    rest: None,
    returns: Returns::Fixed(types::bool),
    examples: &[
        example(r#"fileexists("missing.txt")"#, "false"),
        example(r#"fileexists("/")"#, "error: is a directory"),
        example(r#"fileexists("/dev/null")"#, "error: is a device"),
    ],
    code: Code::Eager(fileexists),
};

fn fileexists(call: &Call<'_>) -> Outcome {
    let path = call.text(0);
    let full = locate(call.env, path, &call.shown(path)).map_err(|message| CallError::argument(0, message))?;
    match call.env.files.metadata(Path::new(&full)) {
        Ok(found) if found.is_file() => Ok(Value::TRUE),
        Ok(found) => {
            let message = format!("{} is a {}, not a file", call.shown(path), kind_name(found.file_type()));
            Err(CallError::argument(0, message))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Value::FALSE),
        Err(error) => Err(CallError::argument(0, format!("cannot look at {}: {error}", call.shown(path)))),
    }
}

fn kind_name(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_block_device() || kind.is_char_device() {
            return "device";
        }
        if kind.is_fifo() {
            return "named pipe";
        }
        if kind.is_socket() {
            return "socket";
        }
    }
    if kind.is_dir() { "directory" } else { "special file" }
}

/// Reads the file that an argument names.
pub(super) fn read_file(call: &Call<'_>, index: usize) -> Result<Vec<u8>, CallError> {
    let path = call.text(index);
    read(call.env, path, call.shown(path)).map_err(|message| CallError::argument(index, message))
}

fn read_text(call: &Call<'_>, index: usize) -> Result<String, CallError> {
    let path = call.text(index);
    read_text_at(call.env, path, call.shown(path)).map_err(|message| CallError::argument(index, message))
}

/// Reads a file as UTF-8 text; `shown` is the path for messages.
pub(super) fn read_text_at(env: &Environment, path: &str, shown: String) -> Result<String, String> {
    let bytes = read(env, path, shown.clone())?;
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        format!(
            "{shown} is not UTF-8 text (byte {place} does not fit); `filebase64` reads any bytes, and `filesha256` and \
             its kin hash them"
        )
    })
}

fn read(env: &Environment, path: &str, shown: String) -> Result<Vec<u8>, String> {
    let full = locate(env, path, &shown)?;
    env.files.read(Path::new(&full)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!(
            "there is no file {shown}; this function reads files that are part of the configuration and exist before \
             the run, so take the content of a file that a resource makes from an attribute of that resource"
        ),
        ErrorKind::IsADirectory => format!("{shown} is a directory, not a file; `fileset` lists its files"),
        _ => format!("cannot read {shown}: {error}"),
    })
}

fn locate(env: &Environment, path: &str, shown: &str) -> Result<String, String> {
    let path = expand_home(env, path).map_err(|problem| format!("{shown} {problem}"))?;
    Ok(absolute(env, &path))
}

#[cfg(test)]
mod tests {
    use value::{Marks, Value};

    use super::super::Environment;
    use super::super::testing::{check_in, scratch};

    #[test]
    fn files_are_found_from_the_base_folder_and_the_home_directory() {
        let folder = scratch(&[("a.txt", b"hi\n"), ("d/nfd.txt", b"e\xcc\x81\r\n"), ("bom", b"\xef\xbb\xbfx")]);
        let mut env = Environment::for_tests(folder.path());
        env.home_dir = Some(folder.path().join("d"));
        for (path, text) in
            [("a.txt", "hi\n"), ("d/../a.txt", "hi\n"), ("d//nfd.txt", "\u{e9}\r\n"), ("a.txt/", "hi\n")]
        {
            check_in(&env, "file", [path.into()], Ok(text.into()));
        }
        check_in(&env, "file", ["~/nfd.txt".into()], Ok("\u{e9}\r\n".into()));
        check_in(&env, "file", ["bom".into()], Ok("\u{feff}x".into()));
        check_in(&env, "fileexists", ["a.txt".into()], Ok(Value::TRUE));
        check_in(&env, "fileexists", ["d/nope".into()], Ok(Value::FALSE));
        check_in(&env, "fileexists", ["d".into()], Err("is a directory"));
    }

    #[test]
    fn bytes_that_are_no_text() {
        let folder = scratch(&[("b", b"ab\xff")]);
        let env = Environment::for_tests(folder.path());
        check_in(&env, "file", ["b".into()], Err("byte 2 does not fit"));
        check_in(&env, "filebase64", ["b".into()], Ok("YWL/".into()));
        for (name, hash) in [
            ("filemd5", "74bdab827ad1ad9118188c947e2f9c6f"),
            ("filesha1", "bd189cd5b011cbeabfa94b8ee3aef8c2466813ec"),
            ("filesha256", "2a40b10d4bc66af94cac46438fc1c5d9e11fda03dac8f86304ea8604a3eae1fa"),
            ("filebase64sha256", "KkCxDUvGavlMrEZDj8HF2eEf2gPayPhjBOqGBKPq4fo="),
        ] {
            check_in(&env, name, ["b".into()], Ok(hash.into()));
        }
    }

    #[test]
    fn errors_name_the_path_unless_it_is_sensitive() {
        let env = Environment::for_tests("/");
        check_in(&env, "file", ["nope/x".into()], Err("there is no file \"nope/x\""));
        check_in(&env, "file", ["".into()], Err("is a directory"));
        check_in(&env, "file", ["~root/x".into()], Err("\"~root/x\" begins with the home directory of another user"));
        check_in(&env, "file", [Value::string("x").with_marks(Marks::SENSITIVE)], Err("no file (sensitive value)"));
    }
}
