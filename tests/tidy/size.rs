//! Size: the tail of long functions and files is what separates code one likes to read from the rest.
//!
//! The lists of exceptions only shrink: an entry names the length it excuses, and fails as soon as it could be less.

use super::rust;
use super::tree::Tree;

const FUNCTION_LINES_MAX: usize = 70;

/// Without its tests.
const FILE_LINES_MAX: usize = 800;

/// Functions that are too long, as file and name, with their length.
const LONG_FUNCTIONS: &[(&str, usize)] = &[
    // sorted
];

/// Files that are too long, with their length.
const LONG_FILES: &[(&str, usize)] = &[
    // sorted
];

/// No function has more than 70 lines.
pub(super) fn long_functions(tree: &Tree) -> Vec<String> {
    let mut functions = Vec::new();
    for (path, code) in code_files(tree) {
        functions.extend(function_lengths(&code).into_iter().map(|(name, lines)| (format!("{path} {name}"), lines)));
    }
    over(functions, FUNCTION_LINES_MAX, LONG_FUNCTIONS)
}

/// No file has more than 800 lines.
pub(super) fn long_files(tree: &Tree) -> Vec<String> {
    let tests = rust::test_files(tree);
    let mut files = Vec::new();
    for (path, text) in tree.rust_files().filter(|(path, _)| !tests.contains(*path)) {
        let all = text.lines().count();
        // Counting what tests take is work that a short file does not need.
        let lines = if all > FILE_LINES_MAX { all - test_lines(text, tree.code(path)) } else { all };
        files.push((path.to_owned(), lines));
    }
    over(files, FILE_LINES_MAX, LONG_FILES)
}

fn test_lines(text: &str, code: &str) -> usize {
    let kept = rust::without_tests(code);
    let mut blanked = 0;
    let mut is_within = false;
    for ((line, code), kept) in text.lines().zip(code.lines()).zip(kept.lines()) {
        // A line of a test that was a comment or empty differs in nothing; it belongs to what is around it.
        is_within = if code == kept { is_within && (code.trim().is_empty() || line.trim().is_empty()) } else { true };
        blanked += usize::from(is_within);
    }
    blanked
}

/// Returns what is longer than it may be, and exceptions that are no longer needed as they are.
fn over(found: Vec<(String, usize)>, limit: usize, exceptions: &[(&str, usize)]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, lines) in found.iter().filter(|(_, lines)| *lines > limit) {
        let excused = exceptions.iter().find(|(excused, _)| excused == name).map(|(_, lines)| *lines);
        match excused {
            None => complaints.push(format!("{name} has {lines} lines; the most is {limit}")),
            Some(excused) if *lines > excused => {
                complaints.push(format!("{name} has {lines} lines; it has grown from {excused}"));
            }
            Some(excused) if *lines < excused => {
                complaints
                    .push(format!("{name} has {lines} lines; write that into its exception, which says {excused}"));
            }
            Some(_) => {}
        }
    }
    for (name, _) in exceptions {
        if !found.iter().any(|(found, lines)| found == name && *lines > limit) {
            complaints.push(format!("{name} needs no exception; take it off the list"));
        }
    }
    complaints
}

/// Returns the files with comments, texts and tests blanked.
fn code_files(tree: &Tree) -> impl Iterator<Item = (&str, String)> {
    let tests = rust::test_files(tree);
    let files = tree.rust_files().filter(move |(path, _)| !tests.contains(*path));
    files.map(|(path, _)| (path, rust::without_tests(tree.code(path))))
}

/// Returns the functions of a file with their number of lines, from `fn` to the closing brace.
fn function_lengths(code: &str) -> Vec<(String, usize)> {
    let mut functions = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let is_word = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let name = &code[at + 3..];
        let name = &name[..name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len())];
        if is_word && !name.is_empty() {
            let end = rust::item_end(code, at);
            functions.push((name.to_owned(), code[at..end].lines().count()));
        }
    }
    functions
}

fn function_of(lines: usize) -> String {
    format!("//! F.\n\nfn long() {{\n{}}}\n", "    x();\n".repeat(lines - 2))
}

#[test]
fn sees_a_long_function() {
    let check = |text: &str, expected: &[&str]| {
        assert_eq!(long_functions(&Tree::of(&[("src/a/lib.rs", text)])), expected);
    };
    check(&function_of(70), &[]);
    check(&function_of(71), &["src/a/lib.rs long has 71 lines; the most is 70"]);
    check(&format!("#[cfg(test)]\nmod tests {{\n{}\n}}\n", function_of(99)), &[]);
    check(&function_of(71).replace("x();", "\"}\";"), &["src/a/lib.rs long has 71 lines; the most is 70"]);
}

#[test]
fn sees_a_long_file() {
    let check = |text: String, expected: &[&str]| {
        assert_eq!(long_files(&Tree::of(&[("src/a/lib.rs", &text)])), expected);
    };
    let tests = format!("#[cfg(test)]\nmod tests {{\n\n    // a test\n{}}}\n", "    x();\n".repeat(500));
    check("x\n".repeat(800), &[]);
    check("x\n".repeat(801), &["src/a/lib.rs has 801 lines; the most is 800"]);
    check("x\n".repeat(800) + &tests, &[]);
    check("x\n".repeat(801) + &tests, &["src/a/lib.rs has 801 lines; the most is 800"]);
}

#[test]
fn lets_exceptions_only_shrink() {
    let check = |lines: usize, excused: usize, expected: &[&str]| {
        assert_eq!(over(vec![("a.rs f".to_owned(), lines)], 70, &[("a.rs f", excused)]), expected);
    };
    check(90, 90, &[]);
    check(91, 90, &["a.rs f has 91 lines; it has grown from 90"]);
    check(89, 90, &["a.rs f has 89 lines; write that into its exception, which says 90"]);
    check(70, 90, &["a.rs f needs no exception; take it off the list"]);
}
