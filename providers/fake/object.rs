//! `fake_object`: an object with every form of attribute and block.

use std::sync::Arc;

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, ObjectNesting, Schema};
use sdk::value::{self, ObjectType, Type, Value};
use sdk::{Problem, attribute, block, nested};

use crate::managed::{Facts, Special};
use crate::object2::basics;
use crate::rules;

/// The highest port there is.
const PORT_MAX: i64 = 65_535;

/// The port of what is served, unless the configuration says.
const PORT: i64 = 443;

/// The resource type.
pub(crate) struct FakeObject;

impl Special for FakeObject {
    const NAME: &'static str = "fake_object";
    const REPLACES: &'static [&'static str] = &["region"];
    const VOLATILE: &'static [&'static str] = &["revision"];

    fn schema(&self) -> Schema {
        let attributes = [plain_attributes(), secret_attributes(), nested_attributes(), computed_attributes()].concat();
        let description = "An object of the fake cloud. Only its name is needed.".into();
        Schema { version: 0, block: Block { attributes, blocks: blocks(), description, ..Block::default() } }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let rules = [
            rules::not_empty(config, "name"),
            rules::positive(config, "size"),
            rules::not_both(config, "content", "content_base64"),
            rules::together(config, "password_wo", "password_wo_version"),
        ];
        rules.into_iter().flatten().chain(ports_in_range(config)).collect()
    }

    fn choose(&self, attribute: &str, facts: &Facts<'_>) -> Option<Value> {
        Some(match attribute {
            "id" => facts.id.into(),
            "region" => facts.region.into(),
            "size" => Value::number(1),
            "endpoints.port" | "mirrors.port" => Value::number(PORT),
            "addresses" => addresses(facts.id),
            "disk.kind" => "ssd".into(),
            "disk.id" => format!("{}-disk-{}", facts.id, facts.position).into(),
            "revision" => Value::number(facts.revision),
            "status" => "active".into(),
            _ => return None,
        })
    }
}

/// One address, which follows from the id.
fn addresses(id: &str) -> Value {
    let sum: u32 = id.bytes().map(u32::from).sum();
    let ip = format!("10.0.{}.{}", sum / 256 % 256, sum % 256);
    let address = Value::object([("ip", Value::from(ip)), ("public", Value::FALSE)]);
    Value::list(address.ty(), [address])
}

fn plain_attributes() -> Vec<Attribute> {
    let rule = ObjectType::new([
        value::Attribute { name: "port".into(), ty: Type::Number, optional: false },
        value::Attribute { name: "protocol".into(), ty: Type::String, optional: true },
        value::Attribute { name: "sources".into(), ty: Type::list(Type::String), optional: true },
    ]);
    let rules = Type::list(Type::Object(Arc::new(rule)));
    let note = Attribute::new("note", Type::String).optional().describe("A remark. Deprecated: use a tag.");
    let mut attributes = basics().to_vec();
    attributes.extend([
        Attribute::new("enabled", Type::Bool).optional().describe("Whether it is in use."),
        Attribute::new("tags", Type::map(Type::String)).optional().describe("Tags."),
        Attribute::new("labels", Type::set(Type::String)).optional().describe("Labels, without order."),
        Attribute::new("rules", rules).optional().describe("What it lets through, first match first."),
        Attribute::new("settings", Type::Dynamic).optional().describe("Anything."),
        Attribute::new("content", Type::String).optional().describe("What is in it."),
        Attribute::new("content_base64", Type::String).optional().describe("What is in it, where that is not text."),
        Attribute { deprecated: true, ..note },
    ]);
    attributes
}

fn secret_attributes() -> Vec<Attribute> {
    vec![
        Attribute::new("secret", Type::String).optional().sensitive().describe("A text that is not shown."),
        Attribute::new("password_wo", Type::String)
            .optional()
            .sensitive()
            .write_only()
            .describe("A text that is not stored either."),
        Attribute::new("password_wo_version", Type::Number)
            .optional()
            .describe("Tells that `password_wo` is a new one: it is sent when this number changes."),
    ]
}

fn nested_attributes() -> Vec<Attribute> {
    let host = || Attribute::new("host", Type::String).required().describe("A host.");
    let port = || Attribute::new("port", Type::Number).optional().computed().describe("A port; 443 unless set.");
    let owner = vec![
        Attribute::new("name", Type::String).required().describe("Who it is."),
        Attribute::new("email", Type::String).optional().describe("How to reach them."),
        Attribute::new("key", Type::String).optional().sensitive().describe("What they prove it with."),
    ];
    let limit = vec![
        Attribute::new("soft", Type::Number).optional().describe("From where there is a warning."),
        Attribute::new("hard", Type::Number).required().describe("From where there is nothing more."),
    ];
    let address = vec![
        Attribute::new("ip", Type::String).computed().describe("The address."),
        Attribute::new("public", Type::Bool).computed().describe("Whether it is reached from outside."),
    ];
    vec![
        nested("owner", ObjectNesting::Single, owner).optional().describe("Who it belongs to."),
        nested("endpoints", ObjectNesting::List, vec![host(), port()])
            .optional()
            .describe("Where it is served, in order."),
        nested("mirrors", ObjectNesting::Set, vec![host(), port()]).optional().describe("Where it is copied to."),
        nested("limits", ObjectNesting::Map, limit).optional().describe("How much of what it may use."),
        nested("addresses", ObjectNesting::List, address).computed().describe("The addresses it got."),
    ]
}

fn computed_attributes() -> Vec<Attribute> {
    vec![
        Attribute::new("id", Type::String).computed().describe("What the fake cloud calls it."),
        Attribute::new("status", Type::String).computed().describe("What it is doing: `active` when it is ready."),
        Attribute::new("revision", Type::Number).computed().describe("How often it was written."),
    ]
}

fn blocks() -> Vec<NestedBlock> {
    let zone = vec![Attribute::new("name", Type::String).required().describe("Its name.")];
    let zone = NestedBlock { min_items: 1, max_items: 3, ..block("zone", BlockNesting::List, "A zone.", zone) };
    let strategy = Attribute::new("strategy", Type::String).optional().describe("`spread` or `pack`.");
    let mut placement = block("placement", BlockNesting::Single, "Where in the region it is.", vec![strategy]);
    placement.block.blocks.push(zone);

    let disk = vec![
        Attribute::new("size", Type::Number).required().describe("Its size."),
        Attribute::new("kind", Type::String).optional().computed().describe("Its kind; `ssd` unless set."),
        Attribute::new("id", Type::String).computed().describe("What the fake cloud calls it."),
    ];
    let port = vec![
        Attribute::new("number", Type::Number).required().describe("Its number, from 1 to 65535."),
        Attribute::new("protocol", Type::String).optional().describe("`tcp` or `udp`."),
    ];
    let mount = vec![
        Attribute::new("disk", Type::Number).required().describe("The disk, counted from 0."),
        Attribute::new("read_only", Type::Bool).optional().describe("Whether it cannot be written to."),
    ];
    let duration = |name| Attribute::new(name, Type::String).optional().describe("A duration like `10m`.");
    let timeouts = vec![duration("create"), duration("update"), duration("delete")];
    vec![
        placement,
        NestedBlock { max_items: 4, ..block("disk", BlockNesting::List, "A disk; they are in order.", disk) },
        block("port", BlockNesting::Set, "A port that is open.", port),
        block("mount", BlockNesting::Map, "A disk by the path it is mounted at.", mount),
        block("timeouts", BlockNesting::Group, "How long to wait.", timeouts),
    ]
}

/// Elements are named by the path to them, so that the message points at the very block.
fn ports_in_range(config: &Value) -> Vec<Problem> {
    let ports = attribute(config, "port");
    let out_of_range = |port: &&Value| {
        let number = attribute(port, "number");
        number.as_number().is_some_and(|number| number.to_i64().is_none_or(|port| !(1..=PORT_MAX).contains(&port)))
    };
    let wrong = ports.as_sequence().unwrap_or_default().iter().filter(out_of_range);
    let problem = |port: &Value| {
        let detail = format!("A port is a whole number from 1 to {PORT_MAX}.");
        Problem::error("Number out of range", detail).at("port").at_element(port.clone()).at("number")
    };
    wrong.map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::FakeObject;
    use crate::managed::Special;
    use sdk::value::{Type, Value};

    fn check(attributes: &[(&'static str, Value)], expected: &[&str]) {
        let problems = FakeObject.validate(&Value::object(attributes.iter().cloned()));
        let shown: Vec<String> =
            problems.iter().map(|problem| format!("{} {}", problem.attribute, problem.summary)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn rules_between_and_about_attributes_hold() {
        check(&[("name", "a".into()), ("size", Value::number(2)), ("content", "x".into())], &[]);
        check(
            &[
                ("name", "".into()),
                ("size", Value::number(-1)),
                ("content", "x".into()),
                ("content_base64", "eA==".into()),
                ("password_wo", "p".into()),
                ("password_wo_version", Value::null(Type::Number)),
            ],
            &[
                ".name Empty text",
                ".size Number out of range",
                ".content_base64 Conflicting attributes",
                ".password_wo Missing attribute",
            ],
        );
    }

    #[test]
    fn a_rule_about_a_block_points_at_that_block() {
        let port =
            |number: i64| Value::object([("number", Value::number(number)), ("protocol", Value::null(Type::String))]);
        let ports = Value::set(port(1).ty(), [port(80), port(0), port(65_536)]);
        let found = ".port[...].number Number out of range";
        check(&[("name", "a".into()), ("port", ports)], &[found, found]);
        check(&[("port", Value::unknown(Type::set(port(1).ty())))], &[]);
    }

    #[test]
    fn the_schema_has_every_nesting() {
        let block = FakeObject.schema().block;
        let ty = |name: &str| {
            block.attribute(name).map(|a| a.ty()).or_else(|| block.nested(name).map(|b| b.ty())).unwrap().to_string()
        };
        assert_eq!(ty("rules"), "list(object({port=number,protocol=string,sources=list(string)}))");
        assert_eq!(ty("owner"), "object({email=string,key=string,name=string})");
        assert_eq!(ty("mirrors"), "set(object({host=string,port=number}))");
        assert_eq!(ty("limits"), "map(object({hard=number,soft=number}))");
        assert_eq!(ty("placement"), "object({strategy=string,zone=list(object({name=string}))})");
        assert_eq!(ty("mount"), "map(object({disk=number,read_only=bool}))");
        assert_eq!(ty("timeouts"), "object({create=string,delete=string,update=string})");
    }
}
