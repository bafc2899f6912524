//! Bodies by schema: attributes, nested blocks of every nesting, `dynamic`; facts of hcldec and dynblock.

use diag::{Diagnostic, Diagnostics, FileId, Span};
use schema::{Attribute, Block, BlockNesting, NestedBlock};
use value::{Marks, Type, Value};

use super::CompiledBody;
use crate::expr::{Evaluator, Names, ReferenceContext, Scope, Subject};
use crate::functions::Environment;

/// `var.s`, `var.l`: unknown; `var.secret`, `var.ephemeral`: marked lists.
struct Variables;

impl Names for Variables {
    fn resolve(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        let name = reference.attributes.first().map_or("", |(name, _)| name);
        let place = ["s", "l", "secret", "ephemeral"].iter().position(|known| *known == name);
        match place {
            Some(place) if reference.root == "var" => Ok((Subject::Variable(place as u32), 1)),
            _ => Err(Diagnostic::error("Unknown name", reference.root).at(reference.span)),
        }
    }
}

impl Scope for Variables {
    fn value(&self, subject: &Subject, _: Span, _: &mut Diagnostics) -> Value {
        let list = Value::list(Type::String, ["p".into(), "q".into()]);
        match subject {
            Subject::Variable(0) => Value::unknown(Type::String),
            Subject::Variable(1) => Value::unknown(Type::list(Type::String)),
            Subject::Variable(2) => list.with_marks(Marks::SENSITIVE),
            _ => list.with_marks(Marks::EPHEMERAL),
        }
    }
}

fn nested(name: &str, nesting: BlockNesting, min_items: u64, max_items: u64) -> NestedBlock {
    let leaf = Block { attributes: vec![Attribute::new("c", Type::String).optional()], ..Block::default() };
    let leaf =
        NestedBlock { name: "leaf".into(), nesting: BlockNesting::Single, block: leaf, min_items: 0, max_items: 0 };
    let attributes = ["a", "b"].map(|name| Attribute::new(name, Type::String).optional()).to_vec();
    let block = Block { attributes, blocks: vec![leaf], ..Block::default() };
    NestedBlock { name: name.into(), nesting, block, min_items, max_items }
}

fn schema() -> Block {
    let mut write_only = Attribute::new("write_only", Type::String).optional();
    write_only.write_only = true;
    let any = Block { attributes: vec![Attribute::new("v", Type::Dynamic).optional()], ..Block::default() };
    let any = |name: &str, nesting| NestedBlock {
        name: name.into(),
        nesting,
        block: any.clone(),
        min_items: 0,
        max_items: 0,
    };
    Block {
        attributes: vec![
            Attribute::new("name", Type::String).optional(),
            Attribute::new("size", Type::Number).optional(),
            write_only,
        ],
        blocks: vec![
            nested("single", BlockNesting::Single, 0, 0),
            nested("group", BlockNesting::Group, 0, 0),
            nested("list", BlockNesting::List, 0, 3),
            nested("set", BlockNesting::Set, 0, 0),
            nested("map", BlockNesting::Map, 0, 0),
            any("any_list", BlockNesting::List),
            any("any_map", BlockNesting::Map),
        ],
        ..Block::default()
    }
}

/// Evaluates a body; gives what is not absent, or the summaries of the errors with their places' text.
fn evaluate(text: &str, schema: &Block) -> Result<Value, String> {
    let (file, mut diags) = syntax::parse(FileId(0), text.as_bytes());
    let body = CompiledBody::compile(&file.body, schema, &Variables, &mut diags);
    let env = Environment::for_tests("/");
    let mut evaluator = Evaluator::new(&Variables, &env);
    let value = body.eval(&mut evaluator);
    diags.append(evaluator.diags);
    let place = |span: Span| text[span.start as usize..span.end as usize].to_string();
    let problems: Vec<String> =
        diags.iter().map(|d| format!("{} at {:?}", d.summary, d.subject.map(place).unwrap_or_default())).collect();
    if problems.is_empty() { Ok(value) } else { Err(problems.join("; ")) }
}

fn check(text: &str, name: &str, expected: &str) {
    let found = match evaluate(text, &schema()) {
        Ok(value) => format!("{:?}", value.attribute(name).expect("an attribute of the schema")),
        Err(problems) => format!("! {problems}"),
    };
    assert_eq!(found, expected, "{text}");
}

#[test]
fn attributes_are_converted() {
    check("size = \"5\"\n", "size", "5");
    check("", "size", "null(number)");
    check("size = var.s\n", "size", "unknown(number)");
    check("size = \"x\"\n", "size", "! Incorrect attribute value type at \"\\\"x\\\"\"");
    check(
        "name = []\nsize = {}\n",
        "size",
        concat!("! Incorrect attribute value type at \"[]\"; ", "Incorrect attribute value type at \"{}\"",),
    );
    check("nosuch = 1\n", "size", "! Unsupported argument at \"nosuch\"");
}

#[test]
fn blocks_become_what_their_nesting_says() {
    const NONE: &str = "null(object({a=string,b=string,leaf=object({c=string})}))";
    check("", "single", NONE);
    check("", "group", r#"{"a": null(string), "b": null(string), "leaf": null(object({c=string}))}"#);
    check("", "list", "list[]");
    check("", "set", "set[]");
    check("", "map", "{}");
    check("", "any_list", "[]");
    let leafless = r#""b": null(string), "leaf": null(object({c=string}))"#;
    check("single {\n a = 1\n}\n", "single", &format!("{{\"a\": \"1\", {leafless}}}"));
    check("group {\n a = 1\n}\n", "group", &format!("{{\"a\": \"1\", {leafless}}}"));
    check(
        "list {\n a = 1\n}\nlist {\n a = 2\n}\n",
        "list",
        &format!("list[{{\"a\": \"1\", {leafless}}}, {{\"a\": \"2\", {leafless}}}]"),
    );
    check("set {\n a = 1\n}\nset {\n a = 1\n}\n", "set", &format!("set[{{\"a\": \"1\", {leafless}}}]"));
    check("map \"k\" {\n a = 1\n}\n", "map", &format!("{{\"k\": {{\"a\": \"1\", {leafless}}}}}"));
    check("any_list {\n v = 1\n}\nany_list {\n v = \"x\"\n}\n", "any_list", r#"[{"v": 1}, {"v": "x"}]"#);
    check("any_map \"k\" {\n v = []\n}\n", "any_map", r#"{"k": {"v": []}}"#);
}

#[test]
fn too_many_blocks_are_refused() {
    check("single {}\nsingle {}\n", "single", "! Duplicate single block at \"single\"");
    check("list {}\nlist {}\nlist {}\nlist {}\n", "list", "! Too many list blocks at \"list\"");
    check("map \"k\" {}\nmap \"k\" {}\n", "map", "! Duplicate block at \"map \\\"k\\\"\"");
    check("nosuch {}\n", "list", "! Unsupported block type at \"nosuch\"");
}

#[test]
fn too_few_blocks_are_refused() {
    let schema = |nesting| Block { blocks: vec![nested("x", nesting, 1, 0)], ..Block::default() };
    let problem = |text: &str, nesting| evaluate(text, &schema(nesting)).expect_err("too few");
    assert!(problem("", BlockNesting::Single).starts_with("Missing x block at"));
    assert!(problem("", BlockNesting::List).starts_with("Insufficient x blocks at"));
    let none = "dynamic \"x\" {\n for_each = []\n content {}\n}\n";
    assert!(problem(none, BlockNesting::Single).starts_with("Missing x block at"));
    assert!(problem(none, BlockNesting::Set).starts_with("Insufficient x blocks at"));
    let unknown = "dynamic \"x\" {\n for_each = var.l\n content {}\n}\n";
    assert!(evaluate(unknown, &schema(BlockNesting::List)).is_ok());
}

fn dynamic(kind: &str, for_each: &str, content: &str) -> String {
    format!("dynamic \"{kind}\" {{\n for_each = {for_each}\n content {{\n{content}\n }}\n}}\n")
}

#[test]
fn dynamic_makes_a_block_of_each_element() {
    let leaf = r#""leaf": null(object({c=string}))"#;
    let content = "a = list.key\n b = list.value";
    check(
        &dynamic("list", "[\"x\", \"y\"]", content),
        "list",
        &format!("list[{{\"a\": \"0\", \"b\": \"x\", {leaf}}}, {{\"a\": \"1\", \"b\": \"y\", {leaf}}}]"),
    );
    check(&dynamic("list", "{ k = 1 }", content), "list", &format!("list[{{\"a\": \"k\", \"b\": \"1\", {leaf}}}]"));
    check(
        &dynamic("list", "toset([\"e\"])", content),
        "list",
        &format!("list[{{\"a\": \"e\", \"b\": \"e\", {leaf}}}]"),
    );
    check(&dynamic("list", "[]", content), "list", "list[]");
    check(
        &dynamic("single", "[1]", "a = single.value"),
        "single",
        &format!("{{\"a\": \"1\", \"b\": null(string), {leaf}}}"),
    );
    check(
        "dynamic \"map\" {\n for_each = [\"x\"]\n iterator = it\n labels = [\"l-${it.key}\"]\n content {\n a = it.value\n }\n}\n",
        "map",
        &format!("{{\"l-0\": {{\"a\": \"x\", \"b\": null(string), {leaf}}}}}"),
    );
    let inner = "dynamic \"leaf\" {\n for_each = [\"i\"]\n content {\n c = \"${list.value}${leaf.value}\"\n }\n}\n";
    check(
        &dynamic("list", "[\"o\"]", inner),
        "list",
        r#"list[{"a": null(string), "b": null(string), "leaf": {"c": "oi"}}]"#,
    );
    check(
        &format!("list {{\n a = \"w\"\n}}\n{}", dynamic("list", "[1]", "a = list.value")),
        "list",
        &format!("list[{{\"a\": \"w\", \"b\": null(string), {leaf}}}, {{\"a\": \"1\", \"b\": null(string), {leaf}}}]"),
    );
}

/// A single block is there in any case, so only what is set in it is unknown; mistakes inside wait.
#[test]
fn blocks_of_an_unknown_collection_are_unknown() {
    const OBJECT: &str = "object({a=string,b=string,leaf=object({c=string})})";
    check(&dynamic("list", "var.l", "a = 1"), "list", &format!("unknown(list({OBJECT}))"));
    check(&dynamic("set", "var.l", "a = 1"), "set", &format!("unknown(set({OBJECT}))"));
    check(&dynamic("any_list", "var.l", "v = 1"), "any_list", "unknown(any)");
    check(
        &dynamic("single", "var.l", "a = 1"),
        "single",
        r#"{"a": unknown(string), "b": null(string), "leaf": null(object({c=string}))}"#,
    );
    check(
        &dynamic("single", "var.l", "leaf {\n c = 1\n}"),
        "single",
        r#"{"a": null(string), "b": null(string), "leaf": {"c": unknown(string)}}"#,
    );
    check(&dynamic("list", "var.l", "a = {}.nosuch"), "list", &format!("unknown(list({OBJECT}))"));
}

#[test]
fn marks_of_the_collection_go_to_its_blocks() {
    let value = evaluate(&dynamic("list", "var.secret", "a = list.key"), &schema()).expect("no error");
    let list = value.attribute("list").expect("a list");
    assert!(list.marks().is_empty());
    let blocks = list.as_sequence().expect("known").to_vec();
    assert!(blocks.len() == 2 && blocks.iter().all(|block| block.marks() == Marks::SENSITIVE), "{blocks:?}");
    let set = evaluate(&dynamic("set", "var.secret", "a = set.key"), &schema()).expect("no error");
    assert_eq!(set.attribute("set").expect("a set").marks(), Marks::SENSITIVE);
    check(
        &dynamic("list", "var.ephemeral", "a = 1"),
        "list",
        "! Invalid use of ephemeral value at \"1\"; Invalid use of ephemeral value at \"1\"",
    );
}

#[test]
fn what_dynamic_cannot_go_over_is_refused() {
    const SUMMARY: &str = "! Invalid dynamic for_each value at";
    for bad in ["null", "\"x\"", "5", "true"] {
        check(&dynamic("list", bad, "a = 1"), "list", &format!("{SUMMARY} {bad:?}"));
    }
    check(&dynamic("list", "[1]", "a = list.value.nosuch"), "list", "! Unsupported attribute at \".nosuch\"");
    check(&dynamic("nosuch", "[1]", "a = 1"), "list", "! Unsupported block type at \"\\\"nosuch\\\"\"");
    check(&dynamic("single", "[1, 2]", "a = 1"), "single", "! Duplicate single block at \"dynamic \\\"single\\\"\"");
    check(&dynamic("list", "[1, 2, 3, 4]", "a = 1"), "list", "! Too many list blocks at \"dynamic \\\"list\\\"\"");
    check(&dynamic("list", "[1]", "nosuch = 1"), "list", "! Unsupported argument at \"nosuch\"");
}

#[test]
fn malformed_dynamic_blocks_are_refused() {
    let labelled =
        |labels: &str| format!("dynamic \"map\" {{\n for_each = [1]\n labels = {labels}\n content {{}}\n}}\n");
    for (labels, problem) in [
        ("[]", "Insufficient dynamic block labels at \"[]\""),
        ("[1, 2]", "Extraneous dynamic block label at \"2\""),
        ("\"x\"", "Invalid expression at \"\\\"x\\\"\""),
        ("[null]", "Invalid dynamic block label at \"null\""),
        ("[[]]", "Invalid dynamic block label at \"[]\""),
        ("[var.s]", "Invalid dynamic block label at \"var.s\""),
        ("[var.secret[0]]", "Invalid dynamic block label at \"var.secret[0]\""),
    ] {
        check(&labelled(labels), "map", &format!("! {problem}"));
    }
    let with = |more: &str| format!("dynamic \"list\" {{\n{more}\n}}\n");
    check(&with("content {}"), "list", "! Missing required argument at \"\"");
    check(&with("for_each = []\n labels = []\n content {}"), "list", "! Unsupported argument at \"labels\"");
    check(&with("for_each = []\n iterator = a.b\n content {}"), "list", "! Invalid dynamic iterator name at \"a.b\"");
    check(&with("for_each = []\n iterator = \"x\"\n content {}"), "list", "! Invalid expression at \"\\\"x\\\"\"");
    check(
        &with("for_each = []\n content {}\n content {}"),
        "list",
        "! Extraneous dynamic content block at \"content\"",
    );
}

#[test]
fn ephemeral_values_go_only_where_nothing_is_stored() {
    check("write_only = var.ephemeral[0]\n", "name", "null(string)");
    check("name = var.ephemeral[0]\n", "name", "! Invalid use of ephemeral value at \"var.ephemeral[0]\"");
    let (file, mut diags) = syntax::parse(FileId(0), b"name = var.ephemeral[0]\n");
    let body = CompiledBody::compile(&file.body, &schema(), &Variables, &mut diags);
    let env = Environment::for_tests("/");
    let mut evaluator = Evaluator::new(&Variables, &env);
    let value = body.eval_unstored(&mut evaluator);
    assert!(evaluator.diags.is_empty());
    assert_eq!(value.attribute("name").map(|name| name.marks()), Some(Marks::EPHEMERAL));
}
