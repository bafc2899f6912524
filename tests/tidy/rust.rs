//! Rust files: headers, files that no `mod` names, and who prints; with the reading of Rust that the rules need.

use std::collections::BTreeSet;
use std::ops::Range;

use super::tree::Tree;

/// Every file says in its first line what it is for.
pub(super) fn file_headers(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.rust_files() {
        let mut lines = text.lines();
        match lines.next().and_then(|line| line.strip_prefix("//! ")) {
            None => complaints.push(format!("{path}: the first line is no `//!` header")),
            Some(_) if lines.next().is_some_and(is_more_header) => {
                complaints.push(format!("{path}: the header goes on after its first line without a blank line"));
            }
            Some(_) => {}
        }
    }
    complaints
}

fn is_more_header(line: &str) -> bool {
    line.strip_prefix("//!").is_some_and(|rest| !rest.trim().is_empty() && !rest.starts_with(" *Not here:*"))
}

/// Every crate says what must never come into it.
pub(super) fn crates_say_what_is_not_here(tree: &Tree) -> Vec<String> {
    let is_root =
        |path: &str| path.ends_with("/lib.rs") && path.matches('/').count() == 2 && path.starts_with(['s', 'p']);
    let roots = tree.rust_files().filter(|(path, _)| is_root(path));
    let silent =
        roots.filter(|(_, text)| !text.lines().any(|line| line.starts_with("//!") && line.contains("*Not here:*")));
    silent.map(|(path, _)| format!("{path}: the crate's docs have no *Not here:* line")).collect()
}

/// A file that no `mod` names is never built, and a test in it never runs.
pub(super) fn forgotten_files(tree: &Tree) -> Vec<String> {
    let mut named = BTreeSet::new();
    for (path, text) in tree.files() {
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        if path.ends_with(".toml") {
            let paths = text.lines().filter_map(|line| line.trim().strip_prefix("path = \"")?.strip_suffix('"'));
            named.extend(paths.map(|target| format!("{folder}{target}")));
        } else if path.ends_with(".rs") {
            named.extend(modules(path, text, tree.code(path)).into_iter().flat_map(|module| module.places));
        }
    }
    let is_root =
        |path: &str| ["lib.rs", "main.rs", "build.rs"].iter().any(|root| path.rsplit('/').next() == Some(root));
    let forgotten = tree.rust_files().filter(|(path, _)| !is_root(path) && !named.contains(*path));
    forgotten.map(|(path, _)| format!("{path}: no `mod` names this file")).collect()
}

/// `cli` prints, everyone else returns what there is to say.
pub(super) fn printing_only_in_cli(tree: &Tree) -> Vec<String> {
    let is_meant =
        |path: &str| (path.starts_with("src/") && !path.starts_with("src/cli/")) || path.starts_with("providers/");
    let tests = test_files(tree);
    let mut complaints = Vec::new();
    for (path, text) in tree.rust_files().filter(|(path, _)| is_meant(path) && !tests.contains(*path)) {
        if !["print!", "println!", "dbg!"].iter().any(|word| text.contains(word)) {
            continue;
        }
        let code = without_tests(tree.code(path));
        for (index, line) in code.lines().enumerate() {
            let words = line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '!');
            for word in words.filter(|word| ["print!", "println!", "eprint!", "eprintln!", "dbg!"].contains(word)) {
                complaints.push(format!("{path}:{}: {word} outside of `cli`", index + 1));
            }
        }
    }
    complaints
}

/// A `mod name;` in a file.
struct Module {
    /// Where the module's file may be.
    places: Vec<String>,
    is_test: bool,
}

/// Returns the modules that a file names; `code` is its text without comments and texts.
fn modules(path: &str, text: &str, code: &str) -> Vec<Module> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = file.trim_end_matches(".rs");
    let is_parent_of_folder = ["lib", "main", "mod"].contains(&stem);
    let base = if is_parent_of_folder { folder.to_owned() } else { format!("{folder}/{stem}") };
    let mut modules = Vec::new();
    let mut attributes: Vec<&str> = Vec::new();
    for (line, code) in text.lines().map(str::trim).zip(code.lines().map(str::trim)) {
        if code.starts_with("#[") {
            attributes.push(line);
            continue;
        }
        let name = code.strip_suffix(';').and_then(|code| code.rsplit_once("mod "));
        if let Some((visibility, name)) = name
            && (visibility.is_empty() || visibility.starts_with("pub"))
        {
            let elsewhere = attributes.iter().find_map(|a| a.strip_prefix("#[path = \"")?.strip_suffix("\"]"));
            let places = match elsewhere {
                Some(place) => vec![format!("{folder}/{place}")],
                None => vec![format!("{base}/{name}.rs"), format!("{base}/{name}/mod.rs")],
            };
            modules.push(Module { places, is_test: attributes.contains(&"#[cfg(test)]") });
        }
        if !code.is_empty() {
            attributes.clear();
        }
    }
    modules
}

/// Returns the files that are built for tests only.
pub(super) fn test_files(tree: &Tree) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for (path, text) in tree.rust_files().filter(|(_, text)| text.contains("#[cfg(test)]")) {
        let test_modules = modules(path, text, tree.code(path)).into_iter().filter(|module| module.is_test);
        for place in test_modules.flat_map(|module| module.places) {
            let below = format!("{}/", place.trim_end_matches(".rs").trim_end_matches("/mod"));
            tests.extend(tree.rust_files().map(|(p, _)| p).filter(|p| p.starts_with(&below)).map(str::to_owned));
            tests.insert(place);
        }
    }
    tests
}

/// Returns code with the items behind `#[cfg(test)]` blanked.
pub(super) fn without_tests(code: &str) -> String {
    let mut kept = code.to_owned();
    let mut from = 0;
    while let Some(at) = kept[from..].find("#[cfg(test)]").map(|at| from + at) {
        let end = item_end(&kept, at + "#[cfg(test)]".len());
        kept.replace_range(at..end, &blank(&kept[at..end]));
        from = at;
    }
    kept
}

/// Returns where the item that starts at `from` ends: at its closing brace, or its semicolon.
pub(super) fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code[from..].char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => return from + at + 1,
            '{' if depth == 0 => return closing_brace(code, from + at),
            _ => {}
        }
    }
    code.len()
}

fn closing_brace(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return open + at + 1;
        }
    }
    code.len()
}

/// Returns Rust text with comments and the insides of texts and characters blanked; lines stay where they are.
pub(super) fn masked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => comment_end(bytes, at),
            b'"' => text_end(bytes, at),
            b'\'' => character_end(text, at),
            b'r' | b'b' | b'c' if at == 0 || !is_name(bytes[at - 1]) => raw_text_end(bytes, at),
            _ => at,
        };
        erase(&mut code, at..end);
        at = end.max(at + 1);
    }
    String::from_utf8(code).expect("only whole characters were blanked")
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn erase(code: &mut [u8], range: Range<usize>) {
    for byte in &mut code[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn blank(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let len = bytes.len();
    erase(&mut bytes, 0..len);
    String::from_utf8(bytes).expect("spaces are text")
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |len| at + len)
}

fn comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut at) = (0_usize, at);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Returns the end of a text in quotes, whose first quote is at `at`.
fn text_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Returns the end of a character, or `at` if the quote starts a lifetime.
fn character_end(text: &str, at: usize) -> usize {
    let inside = &text[at + 1..];
    let mut chars = inside.chars();
    match chars.next() {
        Some('\\') => inside[2..].find('\'').map_or(text.len(), |len| at + 1 + 2 + len + 1),
        Some(c) if chars.next() == Some('\'') => at + 1 + c.len_utf8() + 1,
        _ => at,
    }
}

/// Returns the end of a raw text that starts at `at` (`r"…"`, `br#"…"#`), or `at` if there is none.
fn raw_text_end(bytes: &[u8], at: usize) -> usize {
    let start = if bytes[at] == b'r' { at } else { at + 1 };
    if bytes.get(start) != Some(&b'r') {
        return at;
    }
    let hashes = bytes[start + 1..].iter().take_while(|b| **b == b'#').count();
    if bytes.get(start + 1 + hashes) != Some(&b'"') {
        return at;
    }
    let closing = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let inside = start + 2 + hashes;
    bytes[inside..]
        .windows(closing.len())
        .position(|w| w == closing)
        .map_or(bytes.len(), |len| inside + len + closing.len())
}

#[test]
fn masks_comments_texts_and_characters_but_no_lifetimes() {
    let check = |text: &str, expected: &str| assert_eq!(masked(text), expected, "{text}");
    check("a // {\nb", "a     \nb");
    check("a /* /* { */ } */ b", "a                 b");
    check(r#"f("{\"}", 'x', '{', '\'', b'}')"#, r#"f(      ,    ,    ,     , b   )"#);
    check("r#\"{\"}\"# + br\"{\" + r#name", "         +       + r#name");
    check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
    check("'é' {", "     {");
}

#[test]
fn blanks_tests_and_nothing_else() {
    let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\n#[cfg(test)]\nuse x;\nfn c() {}\n";
    assert_eq!(without_tests(code).split_whitespace().collect::<Vec<_>>(), ["fn", "a()", "{}", "fn", "c()", "{}"]);
}

#[test]
fn finds_files_that_are_for_tests_only() {
    let tree = Tree::of(&[
        ("src/a/lib.rs", "mod b;\n#[cfg(test)]\nmod t;\n"),
        ("src/a/b.rs", "#[cfg(test)]\n#[path = \"c_tests.rs\"]\nmod c;\n#[cfg(test)]\nmod tests;\n"),
        ("src/a/b/tests.rs", "mod deep;\n"),
        ("src/a/b/tests/deep.rs", ""),
        ("src/a/c_tests.rs", ""),
        ("src/a/t.rs", ""),
    ]);
    let tests = test_files(&tree);
    let found: Vec<&str> = tree.rust_files().map(|(path, _)| path).filter(|path| tests.contains(*path)).collect();
    assert_eq!(found, ["src/a/b/tests.rs", "src/a/b/tests/deep.rs", "src/a/c_tests.rs", "src/a/t.rs"]);
}
