//! One `check` for the functions' tests.

use value::Value;

use super::{Environment, find};

/// Calls a function in an environment of the folder `/`; an expected error is a part of the message.
pub(super) fn check<const N: usize>(name: &str, args: [Value; N], expected: Result<Value, &str>) {
    check_in(&Environment::for_tests("/"), name, args, expected);
}

/// Calls a function in an environment; an expected error is a part of the message.
pub(super) fn check_in<const N: usize>(env: &Environment, name: &str, args: [Value; N], expected: Result<Value, &str>) {
    let function = find(name).unwrap_or_else(|| panic!("there is no function {name}"));
    let call = format!("{name}({args:?})");
    match (function.call(args.to_vec(), env), expected) {
        (Ok(result), Ok(expected)) => assert_eq!(result, expected, "{call}"),
        (Err(error), Err(part)) => assert!(error.message.contains(part), "{call}: {}", error.message),
        (result, expected) => panic!("{call}: {result:?} is not {expected:?}"),
    }
}

/// Checks a function against a table of what Terraform gives: on each line the arguments as a JSON array, a tab, and the
/// result as `jsonencode` writes it, or `!` for an error.
pub(super) fn check_table(name: &str, table: &str) {
    let env = Environment::for_tests("/");
    let call = |name: &str, args: Vec<Value>| find(name).expect("the function exists").call(args, &env);
    let mut wrong = Vec::new();
    for line in table.split('\n').filter(|line| !line.is_empty()) {
        let (args, expected) = line.split_once('\t').expect("arguments and a result");
        let args = call("jsondecode", vec![args.into()]).expect("the arguments are JSON");
        let result = call(name, args.as_sequence().expect("an array").to_vec());
        let found = match &result {
            Ok(value) => call("jsonencode", vec![value.clone()]).expect("JSON has this value"),
            Err(_) => "!".into(),
        };
        if found.as_str() != Some(expected) {
            let error = result.err().map(|error| error.message).unwrap_or_default();
            wrong.push(format!("{line}\n    found {} {error}", found.as_str().unwrap_or_default()));
        }
    }
    assert!(wrong.is_empty(), "{name}: {} differ\n{}", wrong.len(), wrong.join("\n"));
}

/// Makes a folder with files for a test; it is gone with the value.
pub(super) fn scratch(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("folders can be made");
        std::fs::write(path, bytes).expect("files can be written");
    }
    folder
}
