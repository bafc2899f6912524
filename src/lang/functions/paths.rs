//! `abspath`, `basename`, `dirname`, `pathexpand`: paths as text; nothing is looked up on disk.

use super::{Call, CallError, Code, Environment, Function, Outcome, Returns, example, param, types};

pub(super) static ABSPATH: Function = Function {
    name: "abspath",
    summary: "Returns a path as an absolute path without `.`, `..` and doubled slashes; the path need not exist.",
    params: &[param("path", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[example(r#"abspath("/a/./b/../c")"#, r#""/a/c""#), example("abspath(null)", "error: must not be null")],
    code: Code::Eager(|call| Ok(absolute(call.env, call.text(0)).into())),
};

pub(super) static BASENAME: Function = Function {
    name: "basename",
    summary: "Returns the last part of a path.",
    params: &[param("path", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"basename("foo/bar/baz.txt")"#, r#""baz.txt""#),
        example(r#"basename("foo/bar/")"#, r#""bar""#),
        example(r#"basename("")"#, r#"".""#),
        example("basename(null)", "error: must not be null"),
    ],
    code: Code::Eager(|call| Ok(base(call.text(0)).into())),
};

pub(super) static DIRNAME: Function = Function {
    name: "dirname",
    summary: "Returns a path without its last part.",
    params: &[param("path", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"dirname("foo/bar/baz.txt")"#, r#""foo/bar""#),
        example(r#"dirname("baz.txt")"#, r#"".""#),
        example("dirname(null)", "error: must not be null"),
    ],
    code: Code::Eager(|call| Ok(folder(call.text(0)).into())),
};

pub(super) static PATHEXPAND: Function = Function {
    name: "pathexpand",
    summary: "Puts the home directory in the place of a leading `~`; other paths stay as they are.",
    params: &[param("path", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"pathexpand("/etc/resolv.conf")"#, r#""/etc/resolv.conf""#),
        example(r#"pathexpand("~root/x")"#, "error: of another user"),
    ],
    code: Code::Eager(pathexpand),
};

fn pathexpand(call: &Call<'_>) -> Outcome {
    let path = call.text(0);
    let expanded = expand_home(call.env, path);
    let expanded = expanded.map_err(|problem| CallError::argument(0, format!("{} {problem}", call.shown(path))))?;
    Ok(expanded.into())
}

/// Puts the home directory in the place of a leading `~`; an error is the rest of a sentence about the path.
pub(super) fn expand_home(env: &Environment, path: &str) -> Result<String, &'static str> {
    let Some(rest) = path.strip_prefix('~') else { return Ok(path.into()) };
    if !rest.is_empty() && !rest.starts_with(['/', '\\']) {
        return Err("begins with the home directory of another user, which is not known");
    }
    let Some(home) = &env.home_dir else {
        return Err("begins with the home directory, and there is none");
    };
    Ok(join(&home.to_string_lossy(), rest))
}

/// Makes a path absolute, from the base folder.
pub(super) fn absolute(env: &Environment, path: &str) -> String {
    if path.starts_with('/') {
        return clean(path);
    }
    join(&env.base_dir.to_string_lossy(), path)
}

/// Joins two paths and cleans the result; an empty part is left out.
pub(super) fn join(first: &str, second: &str) -> String {
    match (first.is_empty(), second.is_empty()) {
        (true, true) => String::new(),
        (true, false) => clean(second),
        (false, true) => clean(first),
        (false, false) => clean(&format!("{first}/{second}")),
    }
}

/// Takes `.`, `..` and doubled slashes out of a path, by its text alone.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            _ => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".into(),
        (false, false) => parts.join("/"),
    }
}

fn base(path: &str) -> String {
    if path.is_empty() {
        return ".".into();
    }
    match path.trim_end_matches('/').rsplit('/').next() {
        None | Some("") => "/".into(),
        Some(last) => last.into(),
    }
}

fn folder(path: &str) -> String {
    let end = path.rfind('/').map_or(0, |slash| slash + 1);
    clean(&path[..end])
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    fn check_all(name: &str, cases: &[(&str, &str)]) {
        for (path, expected) in cases {
            check(name, [(*path).into()], Ok((*expected).into()));
        }
    }

    #[test]
    fn the_folder_of_a_path() {
        let cases = [("", "."), ("/", "/"), ("/a", "/"), ("a/b/", "a/b"), ("//a//b", "/a"), ("../..", "..")];
        check_all("dirname", &cases);
        check_all("dirname", &[("a/../b/c", "b"), ("a/b/.", "a/b"), ("a", "."), ("/../a/b", "/a")]);
    }

    #[test]
    fn the_last_part_of_a_path() {
        check_all("basename", &[("", "."), ("/", "/"), ("///", "/"), ("a/b/.", "."), ("a//", "a"), ("/a", "a")]);
    }

    #[test]
    fn the_home_directory() {
        let home = "/home/user";
        check_all("pathexpand", &[("~", home), ("~/", home), ("~/a/../b", "/home/user/b"), ("a/../b", "a/../b")]);
        check_all("pathexpand", &[("", ""), ("x~", "x~"), ("~\\x", "/home/user/\\x")]);
        check("pathexpand", ["~root".into()], Err("of another user"));
    }

    #[test]
    fn absolute_paths_start_at_the_base_folder() {
        check_all("abspath", &[("x/../../y", "/y"), ("~", "/~"), ("", "/"), ("/a//b/", "/a/b")]);
    }
}
