//! `data.aws_iam_policy_document`: a policy in JSON, byte for byte as the well-known provider writes it. It asks nobody.

use sdk::schema::{Attribute, BlockNesting, NestedBlock, Schema};
use sdk::value::Value;
use sdk::{Call, Context, DataSource, Problem, ReadDataRequest, ReadDataResponse};
use serde_json::{Value as Json, json};

use super::policy_model::{Document, Statement, merge, one_or_reversed, parse, pretty};
use crate::data::{finish, schema};
use crate::fields::{blocks, filled, text, texts};
use crate::shape::{block_set, text as word, text_list, text_set, with_blocks};

/// The data source.
pub(super) struct PolicyDocument;

/// The version of documents unless the configuration says.
const VERSION: &str = "2012-10-17";
/// The version whose texts have no variables.
const WITHOUT_VARIABLES: &str = "2008-10-17";

impl DataSource for PolicyDocument {
    fn name(&self) -> &'static str {
        "aws_iam_policy_document"
    }

    fn schema(&self) -> Schema {
        let mut schema = schema("A policy in JSON.", attributes(), vec![statement_block()]);
        for attribute in &mut schema.block.attributes {
            if ["override_json", "source_json"].contains(&attribute.name.as_str()) {
                attribute.deprecated = true;
                attribute.deprecation = "Use the list of this kind.".into();
            }
        }
        schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        for name in ["source_policy_documents", "override_policy_documents"] {
            for (index, text) in blocks(config, name).iter().enumerate() {
                if let Some(text) = text.as_str().filter(|text| !text.is_empty() && parse(text).is_err()) {
                    let detail = format!("Not a policy in JSON: {text:.60}");
                    problems.push(Problem::error("Invalid policy", detail).at(name).at_element(index as i64));
                }
            }
        }
        problems
    }

    fn read<'a>(&'a self, context: Context<'a>, request: ReadDataRequest) -> Call<'a, ReadDataResponse> {
        let found = write(&request.config);
        sdk::answer(finish(&context, &request, found))
    }
}

fn attributes() -> Vec<Attribute> {
    vec![
        word("version").optional().computed().describe("The version of the language; `2012-10-17` unless set."),
        word("policy_id").optional().describe("The id of the document."),
        text_list("source_policy_documents").optional().describe("Documents that this one is added to."),
        text_list("override_policy_documents")
            .optional()
            .describe("Documents whose statements take the place of those with the same `sid`."),
        word("source_json").optional().describe("Not used."),
        word("override_json").optional().describe("Not used."),
        word("json").computed().describe("The document."),
        word("minified_json").computed().describe("The document, without spaces and line breaks."),
    ]
}

fn statement_block() -> NestedBlock {
    let principals = || {
        vec![
            word("type").required().describe("What they are: `AWS`, `Service`, `Federated`, `CanonicalUser` or `*`."),
            text_set("identifiers").required().describe("Who they are."),
        ]
    };
    let condition = vec![
        word("test").required().describe("As in `StringEquals`."),
        word("variable").required().describe("What is compared: as in `aws:SourceAccount`."),
        text_list("values").required().describe("What it is compared with."),
    ];
    let attributes = vec![
        word("sid").optional().describe("Its id."),
        word("effect").optional().computed().describe("`Allow`, which it is unless set, or `Deny`."),
        text_set("actions").optional().describe("What it is about."),
        text_set("not_actions").optional().describe("What it is not about; all else is."),
        text_set("resources").optional().describe("What it may be done to."),
        text_set("not_resources").optional().describe("What it is not done to; all else is."),
    ];
    with_blocks(
        sdk::block("statement", BlockNesting::List, "Something that is allowed, or denied.", attributes),
        vec![
            block_set("condition", "When it holds.", condition),
            block_set("principals", "Whom it is about.", principals()),
            block_set("not_principals", "Whom it is not about; all others are.", principals()),
        ],
    )
}

/// Writes the document.
fn write(config: &Value) -> Result<Json, Problem> {
    let mut merged = Document::default();
    let mut seen: Vec<String> = Vec::new();
    for (index, source) in documents(config, "source_policy_documents")? {
        for statement in &source.statements {
            if !statement.sid.is_empty() && seen.contains(&statement.sid) {
                return Err(twice(&statement.sid).at("source_policy_documents").at_element(index as i64));
            }
            seen.push(statement.sid.clone());
        }
        merge(&mut merged, source);
    }
    merge(&mut merged, own(config)?);
    for (_, document) in documents(config, "override_policy_documents")? {
        merge(&mut merged, document);
    }
    let minified = merged.to_json();
    let text = pretty(&minified);
    let version = filled(config, "version").unwrap_or_else(|| VERSION.to_owned());
    Ok(json!({
        "id": crc32(text.as_bytes()).to_string(),
        "json": text,
        "minified_json": minified,
        "version": version,
    }))
}

fn twice(sid: &str) -> Problem {
    let detail = format!("Two statements have the id {sid:?}. Take it from one of them, or give that another one.");
    Problem::error("Id of a statement is there twice", detail)
}

fn documents(config: &Value, name: &str) -> Result<Vec<(usize, Document)>, Problem> {
    let mut found = Vec::new();
    for (index, text) in blocks(config, name).iter().enumerate() {
        let Some(text) = text.as_str() else { continue };
        let document = parse(text).map_err(|error| {
            let detail = format!("The document is not a policy in JSON: {error}.");
            Problem::error("Invalid policy", detail).at(name).at_element(index as i64)
        })?;
        found.push((index, document));
    }
    Ok(found)
}

/// Makes a document of what is configured here.
fn own(config: &Value) -> Result<Document, Problem> {
    let version = filled(config, "version").unwrap_or_else(|| VERSION.to_owned());
    let mut statements: Vec<Statement> = Vec::new();
    for block in blocks(config, "statement") {
        let statement = statement(block, &version)?;
        if !statement.sid.is_empty() && statements.iter().any(|other| other.sid == statement.sid) {
            return Err(twice(&statement.sid).at("statement"));
        }
        statements.push(statement);
    }
    Ok(Document { version, id: filled(config, "policy_id").unwrap_or_default(), statements })
}

fn statement(block: &Value, version: &str) -> Result<Statement, Problem> {
    let plain = |name: &str| texts(block, name).filter(|list| !list.is_empty()).map(one_or_reversed);
    let with_variables = |name: &str| -> Result<Option<Json>, Problem> {
        match texts(block, name).filter(|list| !list.is_empty()) {
            Some(list) => Ok(Some(variables(one_or_reversed(list), version)?)),
            None => Ok(None),
        }
    };
    let principals = |name: &str| -> Result<Vec<(String, Json)>, Problem> {
        let mut found = Vec::new();
        for block in blocks(block, name) {
            let who = one_or_reversed(texts(block, "identifiers").unwrap_or_default());
            found.push((text(block, "type").unwrap_or_default(), variables(who, version)?));
        }
        Ok(found)
    };
    let mut conditions = Vec::new();
    for block in blocks(block, "condition") {
        let values: Vec<Json> = texts(block, "values").unwrap_or_default().into_iter().map(Json::from).collect();
        let values = variables(Json::Array(values), version)?;
        conditions.push((
            text(block, "test").unwrap_or_default(),
            text(block, "variable").unwrap_or_default(),
            values.as_array().cloned().unwrap_or_default(),
        ));
    }
    Ok(Statement {
        sid: text(block, "sid").unwrap_or_default(),
        effect: filled(block, "effect").unwrap_or_else(|| "Allow".to_owned()),
        actions: plain("actions"),
        not_actions: plain("not_actions"),
        resources: with_variables("resources")?,
        not_resources: with_variables("not_resources")?,
        principals: principals("principals")?,
        not_principals: principals("not_principals")?,
        conditions,
    })
}

/// Writes `&{name}`, which stands for a variable of a policy so that the language leaves it alone, as policies have it.
fn variables(json: Json, version: &str) -> Result<Json, Problem> {
    let replace = |text: &str| -> Result<Json, Problem> {
        if version == WITHOUT_VARIABLES && text.contains("&{") {
            let detail = format!("{text:?} has a variable, which the version {WITHOUT_VARIABLES} does not know.");
            return Err(Problem::error("Variable not known", detail).at("statement"));
        }
        Ok(text.replace("&{", "${").into())
    };
    match json {
        Json::String(text) => replace(&text),
        Json::Array(list) => {
            let list: Result<Vec<Json>, Problem> =
                list.iter().map(|text| replace(text.as_str().unwrap_or_default())).collect();
            Ok(Json::Array(list?))
        }
        other => Ok(other),
    }
}

/// Returns the checksum that ids of such documents are (CRC-32 of IEEE).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

#[cfg(test)]
#[path = "policy_document_tests.rs"]
mod tests;
