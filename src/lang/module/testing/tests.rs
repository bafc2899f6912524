//! Tests of what test files mean.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use addr::{AbsInstance, AbsResource, Key, ModuleInstance};
use diag::{Diagnostics, Sources};
use value::Value;

use super::{Checkable, Outsides, RunCommand, Runs, TestFile, TestNames, files_in, read_file};
use crate::expr::{Evaluator, compile};
use crate::functions::{Environment, Files};

/// Files that are nowhere.
struct Texts(BTreeMap<&'static str, String>);

impl Files for Texts {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let text = self.0.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| text.clone());
        text.map(String::into_bytes).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn metadata(&self, _: &Path) -> io::Result<std::fs::Metadata> {
        Err(io::Error::from(io::ErrorKind::NotFound))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let inside = self.0.keys().map(PathBuf::from).filter(|path| path.parent() == Some(folder));
        let found: Vec<PathBuf> = inside.collect();
        if found.is_empty() { Err(io::Error::from(io::ErrorKind::NotFound)) } else { Ok(found) }
    }
}

fn read(texts: &[(&'static str, &str)]) -> (TestFile, Diagnostics) {
    let files = Texts(texts.iter().map(|(name, text)| (*name, (*text).to_owned())).collect());
    let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
    let file = read_file(Path::new(texts[0].0), Path::new("."), &files, &mut sources, &mut diags);
    (file.expect("the file is there"), diags)
}

/// Checks what is wrong with a file.
fn check(text: &str, expected: &[&str]) -> TestFile {
    let (file, diags) = read(&[("a.tftest.hcl", text)]);
    let summaries: Vec<&str> = diags.iter().map(|problem| problem.summary.as_str()).collect();
    assert_eq!(summaries, expected, "{text}");
    file
}

#[test]
fn files_are_those_beside_the_module_and_those_in_its_folder() {
    let names = ["a.tftest.hcl", "tests/b.tftest.json", "tests/main.tf", ".c.tftest.hcl", "other/d.tftest.hcl"];
    let files = Texts(names.into_iter().map(|name| (name, String::new())).collect());
    let found = files_in(Path::new(""), Path::new("tests"), &files);
    assert_eq!(found, [PathBuf::from("a.tftest.hcl"), PathBuf::from("tests/b.tftest.json")]);
}

#[test]
fn a_run_applies_unless_it_says_otherwise() {
    let file = check("run \"a\" {\n}\nrun \"b\" {\n  command = plan\n}\n", &[]);
    assert_eq!([file.runs[0].command, file.runs[1].command], [RunCommand::Apply, RunCommand::Plan]);
    check("run \"a\" {\n  command = destroy\n}\n", &["Invalid \"command\" keyword"]);
}

#[test]
fn states_are_those_of_modules_or_of_keys() {
    let text =
        "run \"a\" {\n}\nrun \"b\" {\n  module {\n    source = \"./m\"\n  }\n}\nrun \"c\" {\n  state_key = \"k\"\n}\n";
    let states: Vec<String> = check(text, &[]).runs.iter().map(|run| run.state().to_string()).collect();
    assert_eq!(states, ["", "./m", "k"]);
}

#[test]
fn failures_can_be_expected_of_what_has_conditions() {
    let text = "run \"a\" {\n  expect_failures = [var.a, output.b, check.c, a_b.c, a_b.c[0], data.a_b.c, local.d, module.m.x]\n}\n";
    let file = check(text, &[]);
    let shown: Vec<String> = file.runs[0].expected.iter().map(|own| own.checkable.to_string()).collect();
    assert_eq!(shown[..6], ["var.a", "output.b", "check.c", "a_b.c", "a_b.c[0]", "data.a_b.c"]);
    let is_nothing = |place: usize| matches!(file.runs[0].expected[place].checkable, Checkable::Nothing(_));
    assert!(!is_nothing(5) && is_nothing(6) && is_nothing(7));
}

#[test]
fn a_condition_must_refer_to_something() {
    let assert = |condition: &str| {
        format!("run \"a\" {{\n  assert {{\n    condition = {condition}\n    error_message = \"e\"\n  }}\n}}\n")
    };
    check(&assert("var.a == 1"), &[]);
    check(&assert("alltrue([for x in [true] : x])"), &["Invalid assert expression"]);
}

#[test]
fn blocks_that_may_be_there_once_are_so() {
    check("variables {\n}\nvariables {\n}\n", &["Duplicate variables block"]);
    check("run \"a\" {\n}\nrun \"a\" {\n}\n", &["Duplicate \"run\" block names"]);
    check("provider \"a\" {\n}\nmock_provider \"a\" {\n}\n", &["Duplicate provider block"]);
    check("provider \"a\" {\n}\nmock_provider \"a\" {\n  alias = \"b\"\n}\n", &[]);
}

#[test]
fn an_override_is_about_what_its_name_says() {
    check("override_resource {\n  target = data.a_b.c\n}\n", &["Invalid override target"]);
    check("override_data {\n  target = a_b.c\n}\n", &["Invalid override target"]);
    check("override_module {\n  target = a_b.c\n}\n", &["Invalid override target"]);
    check("override_resource {\n}\n", &["Missing required argument"]);
    let file = check("override_resource {\n  target = module.m[\"x\"].a_b.c\n}\n", &[]);
    let module = |key: &str| ModuleInstance::default().child("m", Some(Key::Name(key.into())));
    let instance = |key: &str, number: u64| AbsInstance {
        resource: AbsResource {
            module: module(key),
            resource: addr::Resource { mode: addr::Mode::Managed, kind: "a_b".into(), name: "c".into() },
        },
        key: Some(Key::Number(number)),
    };
    let target = &file.overrides[0].target;
    assert!(target.means(&instance("x", 0)) && target.means(&instance("x", 1)) && !target.means(&instance("y", 0)));
}

#[test]
fn made_up_data_comes_from_files_too_and_the_block_itself_wins() {
    let main =
        "mock_provider \"a\" {\n  source = \"mocks\"\n  mock_resource \"a_b\" {\n    defaults = { x = 1 }\n  }\n}\n";
    let mocks =
        "mock_resource \"a_b\" {\n  defaults = { x = 2 }\n}\nmock_data \"a_c\" {\n  override_during = plan\n}\n";
    let (file, diags) = read(&[("a.tftest.hcl", main), ("./mocks/x.tfmock.hcl", mocks)]);
    assert!(diags.is_empty(), "{diags:?}");
    let mock = file.providers[0].mock.as_ref().expect("it is made up");
    let kinds: Vec<(&str, bool)> = mock.defaults.iter().map(|own| (own.kind.as_str(), own.while_planning)).collect();
    assert_eq!(kinds, [("a_b", false), ("a_c", true)]);
    check("mock_provider \"a\" {\n  source = \"gone\"\n}\n", &["Failed to read mock data"]);
    check("mock_provider \"a\" {\n  source = \"/etc\"\n}\n", &["Invalid mock data source"]);
}

#[test]
fn values_come_from_variables_and_from_runs_that_have_been() {
    let variables: BTreeSet<_> = ["a".into()].into();
    let runs = ["first".into(), "second".into()];
    let names = TestNames { variables: &variables, runs: Ok(Runs { all: &runs, done: 1 }) };
    let outsides: Outsides = BTreeMap::from([
        ("var.a".into(), Value::number(1)),
        ("run.first".into(), Value::object([("o", Value::number(2))])),
    ]);
    let eval = |text: &str| {
        let (tree, mut diags) =
            syntax::parse_expression(Sources::default().add("x", text.as_bytes()), text.as_bytes(), 0);
        let expr = compile(&tree, &names, &mut diags);
        let (scope, env) = (super::OutsideScope(&outsides), Environment::nowhere());
        let mut evaluator = Evaluator::new(&scope, &env);
        let value = evaluator.eval(&expr);
        diags.append(evaluator.diags);
        let summary = diags.iter().next().map(|problem| problem.summary.clone());
        summary.map_or(Ok(value), Err)
    };
    assert_eq!(eval("var.a + run.first.o"), Ok(Value::number(3)));
    assert_eq!(eval("var.b"), Err("Reference to unavailable variable".to_owned()));
    assert_eq!(eval("run.second.o"), Err("Reference to unevaluated run block".to_owned()));
    assert_eq!(eval("run.third.o"), Err("Reference to undeclared run block".to_owned()));
    assert_eq!(eval("local.x"), Err("Invalid reference".to_owned()));
}
