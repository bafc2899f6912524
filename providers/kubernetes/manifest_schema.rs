//! What `kubernetes_manifest` looks like.

use sdk::schema::{Attribute, Block, BlockNesting, NestedBlock, Schema};
use sdk::value::{Kind, Type, Value};
use sdk::{Problem, attribute, block};

use crate::json::{first_block, set_text};
use crate::manifest::ANYTHING;
use crate::times::parse_duration;

/// Returns the schema.
pub(crate) fn schema() -> Schema {
    let attributes = vec![
        Attribute::new("manifest", ANYTHING).required().describe(
            "The object: `apiVersion`, `kind`, `metadata` with a `name`, and what its kind has. `yamldecode` makes it of \
             YAML. Another kind, name or namespace replaces the object, as does what the cluster lets nobody change.",
        ),
        Attribute::new("object", ANYTHING).computed().mirrors("manifest").describe(
            "The object as the cluster has it, with defaults, without `status` and what else is written by controllers. \
             What the manifest does not set is as it was when the manifest was applied.",
        ),
        Attribute::new("computed_fields", Type::list(Type::String)).optional().describe(
            "Fields of the manifest that others may change: paths like `metadata.labels`. They are sent and not compared.",
        ),
        Attribute { deprecated: true, ..wait_for() },
    ];
    Schema {
        version: 1,
        block: Block {
            attributes,
            blocks: blocks(),
            description: "An object of any kind, by server-side apply: only the fields that the manifest sets are \
                          Gantry's, and only changes of these are undone."
                .into(),
            ..Block::default()
        },
    }
}

fn wait_for() -> Attribute {
    let fields = Type::object([("fields", Type::map(Type::String))]);
    Attribute::new("wait_for", fields).optional().describe("Fields to wait for. Deprecated: use the block `wait`.")
}

fn one(name: &str, description: &str, attributes: Vec<Attribute>) -> NestedBlock {
    NestedBlock { max_items: 1, ..block(name, BlockNesting::List, description, attributes) }
}

/// Returns the block that limits how long changes take.
pub(crate) fn timeouts() -> NestedBlock {
    let text = |name: &str| {
        let description = format!("How long to {name} it may take, like `10m`; ten minutes unless set.");
        Attribute::new(name, Type::String).optional().describe(&description)
    };
    one("timeouts", "How long changes may take.", vec![text("create"), text("update"), text("delete")])
}

fn blocks() -> Vec<NestedBlock> {
    let manager = vec![
        Attribute::new("name", Type::String).optional().describe("Who owns the fields; `gantry` unless set."),
        Attribute::new("force_conflicts", Type::Bool)
            .optional()
            .describe("Whether fields that others have set otherwise are taken over from them."),
    ];
    let text = |name, description: &str| Attribute::new(name, Type::String).optional().describe(description);
    let condition = vec![
        text("type", "The type of the condition, like `Ready`."),
        text("status", "The status to wait for; `True` unless set."),
    ];
    let wait = vec![
        Attribute::new("fields", Type::map(Type::String)).optional().describe(
            "Fields to wait for: paths like `status.phase` with a value, a regular expression, or `*` for any value.",
        ),
        Attribute::new("rollout", Type::Bool)
            .optional()
            .describe("Whether to wait until the object is ready, by the rules of its kind."),
    ];
    let mut wait = one("wait", "What to wait for when the object was made or changed.", wait);
    wait.block.blocks.push(block("condition", BlockNesting::List, "A condition to wait for.", condition));
    vec![one("field_manager", "Whose the fields are.", manager), wait, timeouts()]
}

/// Checks what the schema cannot say.
pub(crate) fn validate(config: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let manifest = attribute(config, "manifest");
    match manifest.kind() {
        Kind::Object(_) | Kind::Map(_) => {
            let metadata = attribute(&manifest, "metadata");
            let mut needs = |of: &Value, name: &str, inside: Option<&str>| {
                let value = attribute(of, name);
                if value.is_known() && value.as_str().is_none_or(str::is_empty) {
                    let path = inside.map_or_else(|| name.to_owned(), |inside| format!("{inside}.{name}"));
                    let detail = format!("The manifest needs `{path}`, a text that is not empty.");
                    let problem = Problem::error("Incomplete manifest", detail).at("manifest");
                    problems.push(inside.into_iter().fold(problem, |problem, inside| problem.at(inside)));
                }
            };
            needs(&manifest, "apiVersion", None);
            needs(&manifest, "kind", None);
            if metadata.is_known() {
                needs(&metadata, "name", Some("metadata"));
            }
            if let Some(kind) = attribute(&manifest, "kind").as_str()
                && kind.ends_with("List")
                && attribute(&manifest, "items").is_known()
                && !attribute(&manifest, "items").is_null()
            {
                let detail = "A list of objects is no object: make a resource of each, with `for_each`.";
                problems.push(Problem::error("Manifest of several objects", detail).at("manifest").at("items"));
            }
        }
        Kind::Unknown(..) => {}
        _ => {
            let detail = "A manifest is an object; of a text in YAML one is made by `yamldecode`.";
            problems.push(Problem::error("Invalid manifest", detail).at("manifest"));
        }
    }
    problems.extend(validate_timeouts(config));
    problems
}

/// Checks that time limits are durations.
pub(crate) fn validate_timeouts(config: &Value) -> Vec<Problem> {
    let Some(limits) = first_block(config, "timeouts") else { return Vec::new() };
    let wrong = |name: &&'static str| {
        set_text(&limits, name).filter(|text| parse_duration(text).is_none()).map(move |text| (*name, text))
    };
    let problem = |(name, text): (&str, String)| {
        let detail = format!("{text:?} is no duration; write one like `90s`, `10m` or `1h30m`.");
        Problem::error("Invalid duration", detail).at("timeouts").at_element(0).at(name)
    };
    ["create", "update", "delete"].iter().filter_map(wrong).map(problem).collect()
}
