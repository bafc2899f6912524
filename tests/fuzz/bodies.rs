//! What the fuzz targets do with their bytes; `tests/regressions.rs` does the same with the bytes that once failed.

#[path = "dump.rs"]
mod dump;
#[path = "world.rs"]
mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use diag::{Diagnostic, Diagnostics, FileId, Sources};
use lang::evaluation::{Evaluation, NoResources, World};
use lang::expr::{Evaluator, compile};
use lang::module::Reader;
use value::{Value, type_from_json};
use wire::handshake::Handshake;
use wire::messages::{GetProviderSchemaResponse, Message};
use wire::msgpack::{from_msgpack, to_msgpack};

use world::{MemoryFiles, Variables, environment, providers};

/// Reads any bytes, and panics if something is wrong.
pub type FuzzBody = fn(&[u8]);

/// Every body by the name of its target.
pub const BODIES: &[(&str, FuzzBody)] = &[
    ("evaluate", evaluate),
    ("module", module),
    ("parse_format", parse_format),
    ("plugin", plugin),
    ("test_file", test_file),
];

const FILE: FileId = FileId(0);

/// Parses in every way there is; formats what parses.
pub fn parse_format(text: &[u8]) {
    let (file, diags) = syntax::parse(FILE, text);
    check_places(&diags, text.len());
    let tree = dump::body(&file.body, text.len());
    if !diags.has_errors() {
        let formatted = syntax::format(text);
        let (file, diags) = syntax::parse(FILE, &formatted);
        assert!(!diags.has_errors(), "formatting broke it: {:?}", String::from_utf8_lossy(&formatted));
        assert_eq!(dump::body(&file.body, formatted.len()), tree, "formatting changed the meaning");
        let again = syntax::format(&formatted);
        if !is_wrapped_twice(text) {
            assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&formatted), "formatted again");
        }
    }
    let (file, diags) = syntax::parse_json(FILE, text);
    check_places(&diags, text.len());
    dump::body(&file.body, text.len());
    for parse in [syntax::parse_expression, syntax::parse_template, syntax::parse_traversal] {
        let (expr, diags) = parse(FILE, text, 0);
        check_places(&diags, text.len());
        dump::expr(&expr, text.len());
    }
}

/// Of `"${"${x}"}"` one pair of quotes is taken off at a time, there as here.
fn is_wrapped_twice(text: &[u8]) -> bool {
    let visible: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'~').collect();
    visible.windows(4).any(|window| window == b"${\"$")
}

fn check_places(diags: &Diagnostics, length: usize) {
    for span in diags.iter().flat_map(|diagnostic| [diagnostic.subject, diagnostic.context]).flatten() {
        assert!(span.start <= span.end && span.end as usize <= length, "{span:?} of a text of {length}: {diags:?}");
    }
}

/// Evaluates an expression, and looks whether a secret leaks.
pub fn evaluate(text: &[u8]) {
    let (tree, diags) = syntax::parse_expression(FILE, text, 0);
    // What is wrong inside of a text that does not parse is of no interest here, and slow to find.
    if diags.has_errors() {
        return;
    }
    let text = String::from_utf8_lossy(text);
    // These are there to take marks off, or tell whether something failed.
    let declassifies = ["sensitive", "can", "try", "ephemeralasnull"].iter().any(|name| text.contains(name));
    let (first, second) = (Outcome::of(&tree, "secret"), Outcome::of(&tree, SECRET));
    let tells = |message: &&String| message.to_lowercase().contains(SECRET);
    if !declassifies && !text.to_lowercase().contains(SECRET) {
        assert_eq!(second.messages.iter().find(tells), None, "a message tells the secret");
        assert!(first.is_failed || second.is_failed || first.shown == second.shown, "shown: {}", second.shown);
    }
    let (open, marks) = first.value.unmark_deep();
    let (other, other_marks) = second.value.unmark_deep();
    if open != other && !declassifies && !first.is_failed && !second.is_failed {
        assert!(!marks.is_empty() && !other_marks.is_empty(), "depends on a secret without a mark: {open:?}");
    }
}

/// What must never be seen. Nothing else has this text in it.
const SECRET: &str = "geheim!";

/// What came of an expression.
struct Outcome {
    value: Value,
    shown: String,
    messages: Vec<String>,
    is_failed: bool,
}

impl Outcome {
    fn of(tree: &syntax::tree::Expr, secret: &str) -> Outcome {
        let variables = Variables::new(secret);
        let environment = environment(Arc::default());
        let mut diags = Diagnostics::new();
        let expr = compile(tree, &variables, &mut diags);
        let mut evaluator = Evaluator::new(&variables, &environment);
        let value = evaluator.eval(&expr);
        diags.append(evaluator.diags);
        let shown = lang::print::print_value(&value);
        let message = |diagnostic: &Diagnostic| {
            let values: Vec<&str> = diagnostic.values.iter().map(|value| value.statement.as_str()).collect();
            format!("{}: {} ({})", diagnostic.summary, diagnostic.detail, values.join(", "))
        };
        Outcome { value, shown, messages: diags.iter().map(message).collect(), is_failed: diags.has_errors() }
    }
}

/// Where one file ends and the next begins.
const NEXT_FILE: &[u8] = b"\n=====\n";

/// The files of the module, in the order of the parts.
const FILES: &[&str] = &["main.tf", "sub/main.tf", "extra.tf.json", "extra_override.tf"];

/// Reads a module and the one it calls, validates them, and evaluates the outputs.
pub fn module(text: &[u8]) {
    let mut files = MemoryFiles::default();
    let mut rest = text;
    for name in FILES {
        let end = rest.windows(NEXT_FILE.len()).position(|window| window == NEXT_FILE);
        let (part, behind) = rest.split_at(end.unwrap_or(rest.len()));
        files.0.insert(PathBuf::from(".").join(name), part.to_vec());
        files.0.insert(PathBuf::from(name), part.to_vec());
        let Some(behind) = behind.get(NEXT_FILE.len()..) else { break };
        rest = behind;
    }
    let files = Arc::new(files);
    let environment = environment(files.clone());
    let mut sources = Sources::default();
    let mut diags = Diagnostics::new();
    let mut reader = Reader::new(&*files, &mut sources);
    let root = lang::tree::load(Path::new("."), &[], &mut reader, &environment, &mut diags);
    let providers = providers();
    diags.append(lang::validate::validate(&root, &providers, &environment));
    if !diags.has_errors() {
        let world = World {
            root: &root,
            env: &environment,
            workspace: "default",
            cwd: Path::new("."),
            providers: &providers,
            resources: &NoResources,
            applying: false,
        };
        let variables = root.module.variables.iter().map(|variable| variable.prepare(None, None));
        let variables = variables.map(|value| value.unwrap_or_else(|_| Value::dynamic())).collect();
        let evaluation = Evaluation::new(world, variables);
        let instance = evaluation.root();
        for place in 0..root.module.outputs.len() {
            evaluation.output(&instance, place);
        }
        diags.append(evaluation.take_diagnostics());
    }
    for span in diags.iter().flat_map(|diagnostic| [diagnostic.subject, diagnostic.context]).flatten() {
        let file = sources.file(span.file);
        assert!(span.start <= span.end && span.end as usize <= file.text.len(), "{span:?} is not in its file");
        assert!(file.position(span.end as usize).line <= file.line_count(), "{span:?} is on no line");
    }
}

/// Reads a test file in both forms, and evaluates the values of its variables.
pub fn test_file(text: &[u8]) {
    for name in ["a.tftest.hcl", "a.tftest.json"] {
        let mut files = MemoryFiles::default();
        files.0.insert(PathBuf::from(name), text.to_vec());
        files.0.insert(PathBuf::from("mocks/a.tfmock.hcl"), text.to_vec());
        let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
        let read = lang::testing::read_file(Path::new(name), Path::new(""), &files, &mut sources, &mut diags);
        let Some(read) = read else { continue };
        let known = read.variables.iter().map(|(name, _)| name.name.clone()).collect();
        let runs: Vec<_> = read.runs.iter().map(|run| run.name.clone()).collect();
        let runs = lang::testing::Runs { all: &runs, done: 1 };
        let (names, env) =
            (lang::testing::TestNames { variables: &known, runs: Ok(runs) }, environment(Arc::new(files)));
        let outsides = lang::testing::Outsides::new();
        let scope = lang::testing::OutsideScope(&outsides);
        for (_, tree) in read.variables.iter().chain(read.runs.iter().flat_map(|run| &run.variables)) {
            let expr = compile(tree, &names, &mut diags);
            let mut evaluator = Evaluator::new(&scope, &env);
            evaluator.eval(&expr);
            diags.append(evaluator.diags);
        }
        for span in diags.iter().flat_map(|diagnostic| [diagnostic.subject, diagnostic.context]).flatten() {
            let file = sources.file(span.file);
            assert!(span.start <= span.end && span.end as usize <= file.text.len(), "{span:?} is not in its file");
        }
    }
}

/// Reads what a plugin may send: its first line, its schemas, and a value of the type that stands in the first line.
pub fn plugin(bytes: &[u8]) {
    if let Ok(read) = Handshake::parse(&String::from_utf8_lossy(bytes)) {
        assert_eq!(Handshake::parse(&read.to_string()), Ok(read), "a greeting changes when it is written");
    }
    if let Ok(schemas) = GetProviderSchemaResponse::decode(bytes) {
        let _ = wire::schemas::unpack_schemas(schemas);
    }
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
    let (first, packed) = (&bytes[..end], &bytes[end + 1..]);
    let Some(ty) = serde_json::from_slice(first).ok().and_then(|json| type_from_json(&json).ok()) else { return };
    let Ok(value) = from_msgpack(packed, &ty) else { return };
    let again = to_msgpack(&value, &ty).expect("what was read can be written");
    let twice = from_msgpack(&again, &ty).expect("what was written can be read");
    assert_eq!(twice, value, "a value of {ty:?} changes when it is written");
    assert_eq!(to_msgpack(&twice, &ty).as_ref(), Ok(&again), "it is not always written in the same way");
}
