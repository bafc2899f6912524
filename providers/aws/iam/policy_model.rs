//! The parts of a policy, in the order and the forms in which the well-known provider writes them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

/// A document.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) version: String,
    pub(super) id: String,
    pub(super) statements: Vec<Statement>,
}

/// A statement. Where there may be one text or several, it is a text or a list, as it is to be written.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) sid: String,
    pub(super) effect: String,
    pub(super) actions: Option<Json>,
    pub(super) not_actions: Option<Json>,
    pub(super) resources: Option<Json>,
    pub(super) not_resources: Option<Json>,
    pub(super) principals: Vec<(String, Json)>,
    pub(super) not_principals: Vec<(String, Json)>,
    /// Test, variable, values.
    pub(super) conditions: Vec<(String, String, Vec<Json>)>,
}

/// One text stands for itself; several are sorted, the last first.
pub(super) fn one_or_reversed(mut list: Vec<String>) -> Json {
    if list.len() == 1 {
        return list.remove(0).into();
    }
    list.sort();
    list.reverse();
    list.into()
}

/// Adds a document to another: statements with an id take the place of those with the same.
pub(super) fn merge(target: &mut Document, source: Document) {
    if !source.id.is_empty() {
        target.id = source.id;
    }
    if source.version > target.version {
        target.version = source.version;
    }
    for statement in source.statements {
        let same = target.statements.iter_mut().find(|other| !statement.sid.is_empty() && other.sid == statement.sid);
        match same {
            Some(same) => *same = statement,
            None => target.statements.push(statement),
        }
    }
}

/// Reads a document. Names of members may be written in small or large letters, as Go reads them.
pub(super) fn parse(text: &str) -> Result<Document, String> {
    if text.is_empty() {
        return Ok(Document::default());
    }
    let json: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Json::Object(object) = json else { return Err("it is not an object".to_owned()) };
    let statements = match member(&object, "Statement") {
        None | Some(Json::Null) => vec![],
        Some(Json::Array(list)) => list.iter().map(parse_statement).collect::<Result<_, _>>()?,
        Some(_) => return Err("`Statement` is not a list".to_owned()),
    };
    Ok(Document { version: text_of(&object, "Version"), id: text_of(&object, "Id"), statements })
}

fn member<'a>(object: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn text_of(object: &Map<String, Json>, name: &str) -> String {
    member(object, name).and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn parse_statement(json: &Json) -> Result<Statement, String> {
    let Json::Object(object) = json else { return Err("a statement is not an object".to_owned()) };
    let some = |name: &str| member(object, name).filter(|value| !value.is_null()).cloned();
    Ok(Statement {
        sid: text_of(object, "Sid"),
        effect: text_of(object, "Effect"),
        actions: some("Action"),
        not_actions: some("NotAction"),
        resources: some("Resource"),
        not_resources: some("NotResource"),
        principals: parse_principals(member(object, "Principal"))?,
        not_principals: parse_principals(member(object, "NotPrincipal"))?,
        conditions: parse_conditions(member(object, "Condition"))?,
    })
}

fn parse_principals(json: Option<&Json>) -> Result<Vec<(String, Json)>, String> {
    match json {
        None | Some(Json::Null) => Ok(vec![]),
        Some(Json::String(_)) => Ok(vec![("*".to_owned(), Json::from(vec!["*"]))]),
        Some(Json::Object(object)) => object
            .iter()
            .map(|(kind, who)| match who {
                Json::String(_) | Json::Array(_) => Ok((kind.clone(), who.clone())),
                _ => Err(format!("the principals of {kind} are not texts")),
            })
            .collect(),
        Some(_) => Err("a principal is neither a text nor an object".to_owned()),
    }
}

fn parse_conditions(json: Option<&Json>) -> Result<Vec<(String, String, Vec<Json>)>, String> {
    let Some(Json::Object(tests)) = json else { return Ok(vec![]) };
    let mut found = Vec::new();
    for (test, variables) in tests {
        let Json::Object(variables) = variables else { return Err(format!("the condition {test} is not an object")) };
        for (variable, values) in variables {
            let values = match values {
                Json::Array(list) => list.clone(),
                Json::Bool(flag) => vec![flag.to_string().into()],
                one => vec![one.clone()],
            };
            found.push((test.clone(), variable.clone(), values));
        }
    }
    Ok(found)
}

impl Document {
    /// Writes the document without spaces.
    pub(super) fn to_json(&self) -> String {
        let mut members = Vec::new();
        if !self.version.is_empty() {
            members.push(("Version", quoted(&self.version)));
        }
        if !self.id.is_empty() {
            members.push(("Id", quoted(&self.id)));
        }
        if !self.statements.is_empty() {
            let statements: Vec<String> = self.statements.iter().map(Statement::to_json).collect();
            members.push(("Statement", format!("[{}]", statements.join(","))));
        }
        object(members)
    }
}

impl Statement {
    fn to_json(&self) -> String {
        let mut members = Vec::new();
        for (name, text) in [("Sid", &self.sid), ("Effect", &self.effect)] {
            if !text.is_empty() {
                members.push((name, quoted(text)));
            }
        }
        let lists = [
            ("Action", &self.actions),
            ("NotAction", &self.not_actions),
            ("Resource", &self.resources),
            ("NotResource", &self.not_resources),
        ];
        for (name, list) in lists {
            members.extend(list.as_ref().map(|list| (name, value(list))));
        }
        for (name, principals) in [("Principal", &self.principals), ("NotPrincipal", &self.not_principals)] {
            if !principals.is_empty() {
                members.push((name, written_principals(principals)));
            }
        }
        if !self.conditions.is_empty() {
            members.push(("Condition", written_conditions(&self.conditions)));
        }
        object(members)
    }
}

fn written_principals(principals: &[(String, Json)]) -> String {
    let everyone = |who: &Json| who == "*" || who.as_array().is_some_and(|list| list.len() == 1 && list[0] == "*");
    if let [(kind, who)] = principals
        && kind == "*"
        && everyone(who)
    {
        return "\"*\"".to_owned();
    }
    let mut kinds: BTreeMap<&str, Json> = BTreeMap::new();
    for (kind, who) in principals {
        let known = kinds.remove(kind.as_str());
        let joined = match (known, who) {
            (None, Json::Array(list)) => reversed(list),
            (None, one) => one.clone(),
            (Some(Json::Array(mut known)), Json::Array(list)) => {
                known.extend(reversed(list).as_array().cloned().unwrap_or_default());
                Json::Array(known)
            }
            (Some(Json::Array(mut known)), one) => {
                known.push(one.clone());
                Json::Array(known)
            }
            (Some(known), Json::Array(list)) => {
                let mut joined = vec![known];
                joined.extend(reversed(list).as_array().cloned().unwrap_or_default());
                Json::Array(joined)
            }
            (Some(known), one) => Json::Array(vec![known, one.clone()]),
        };
        kinds.insert(kind, joined);
    }
    object(kinds.iter().map(|(kind, who)| (*kind, value(who))).collect())
}

fn reversed(list: &[Json]) -> Json {
    let mut texts: Vec<String> = list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect();
    texts.sort();
    texts.reverse();
    texts.into()
}

fn written_conditions(conditions: &[(String, String, Vec<Json>)]) -> String {
    let mut tests: BTreeMap<&str, BTreeMap<&str, Vec<Json>>> = BTreeMap::new();
    for (test, variable, values) in conditions {
        tests.entry(test).or_default().entry(variable).or_default().extend(values.iter().cloned());
    }
    let written = |values: &Vec<Json>| match values.as_slice() {
        [one] => value(one),
        list => value(&Json::Array(list.to_vec())),
    };
    let inner = |variables: &BTreeMap<&str, Vec<Json>>| {
        object(variables.iter().map(|(variable, values)| (*variable, written(values))).collect())
    };
    object(tests.iter().map(|(test, variables)| (*test, inner(variables))).collect())
}

fn object(members: Vec<(&str, String)>) -> String {
    let members: Vec<String> = members.into_iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn value(json: &Json) -> String {
    match json {
        Json::String(text) => quoted(text),
        Json::Array(list) => format!("[{}]", list.iter().map(value).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// Quotes a text as Go does, which escapes what HTML has a meaning for.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c if c < ' ' => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Writes JSON that has no spaces with line breaks and two spaces for each level, as Go does.
pub(super) fn pretty(minified: &str) -> String {
    let mut text = String::new();
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    let mut chars = minified.chars().peekable();
    let new_line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.push_str(&"  ".repeat(depth));
    };
    while let Some(c) = chars.next() {
        if is_quoted {
            text.push(c);
            is_quoted = c != '"' || is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            continue;
        }
        match c {
            '"' => {
                is_quoted = true;
                text.push(c);
            }
            '{' | '[' => {
                text.push(c);
                if matches!(chars.peek(), Some('}' | ']')) {
                    text.extend(chars.next());
                } else {
                    depth += 1;
                    new_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(c);
            }
            ',' => {
                text.push(c);
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            c => text.push(c),
        }
    }
    text
}
