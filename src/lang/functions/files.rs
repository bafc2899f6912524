//! `file`, `filebase64`, `fileexists`: reading files that belong to the configuration.

use std::fs::FileType;
use std::io::ErrorKind;
use std::path::Path;

use value::Value;

use super::paths::{absolute, expand_home};
use super::{Call, CallError, Code, Function, Outcome, Returns, base64, example, param, types};

pub(super) static FILE: Function = Function {
    name: "file",
    summary: "Returns the text of a file, which must be UTF-8. The file must exist before the run begins.",
    params: &[param("path", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
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
    examples: &[example(r#"filebase64("missing.bin")"#, "error: there is no file")],
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
    ],
    code: Code::Eager(fileexists),
};

fn fileexists(call: &Call<'_>) -> Outcome {
    let path = call.text(0);
    let full = locate(call, 0)?;
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

/// Reads the file that an argument names as UTF-8 text.
pub(super) fn read_text(call: &Call<'_>, index: usize) -> Result<String, CallError> {
    String::from_utf8(read_file(call, index)?).map_err(|error| {
        let (shown, place) = (call.shown(call.text(index)), error.utf8_error().valid_up_to());
        CallError::argument(
            index,
            format!(
                "{shown} is not UTF-8 text (byte {place} does not fit); `filebase64` reads any bytes, and `filesha256` \
                 and its kin hash them"
            ),
        )
    })
}

/// Reads the file that an argument names.
pub(super) fn read_file(call: &Call<'_>, index: usize) -> Result<Vec<u8>, CallError> {
    let path = call.text(index);
    let full = locate(call, index)?;
    call.env.files.read(Path::new(&full)).map_err(|error| {
        let shown = call.shown(path);
        let message = match error.kind() {
            ErrorKind::NotFound => format!(
                "there is no file {shown}; this function reads files that are part of the configuration and exist \
                 before the run, so take the content of a file that a resource makes from an attribute of that resource"
            ),
            ErrorKind::IsADirectory => format!("{shown} is a directory, not a file; `fileset` lists its files"),
            _ => format!("cannot read {shown}: {error}"),
        };
        CallError::argument(index, message)
    })
}

fn locate(call: &Call<'_>, index: usize) -> Result<String, CallError> {
    let path = expand_home(call, call.text(index)).map_err(|message| CallError::argument(index, message))?;
    Ok(absolute(call.env, &path))
}
