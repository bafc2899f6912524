//! Path expressions of definitions: `.status.conditions[?(@.type=="Ready")].status`.

use serde_json::Value as Json;

/// Steps of one expression at most.
const STEPS_MAX: usize = 64;

/// Returns what an expression finds; nothing, too, if it is none.
pub fn find<'o>(object: &'o Json, expression: &str) -> Vec<&'o Json> {
    let mut found = vec![object];
    let mut rest = expression.trim().trim_start_matches('{').trim_end_matches('}').trim_start_matches('$');
    for _ in 0..STEPS_MAX {
        if rest.is_empty() {
            return found;
        }
        if let Some(inner) = rest.strip_prefix('[') {
            let Some(end) = closing(inner) else { return Vec::new() };
            found = bracket(&found, &inner[..end]);
            rest = &inner[end + 1..];
        } else {
            let step = rest.strip_prefix('.').unwrap_or(rest);
            let (name, behind) = name(step);
            found = match &*name {
                "" => found,
                "*" => found.into_iter().flat_map(children).collect(),
                name => found.into_iter().filter_map(|value| value.get(name)).collect(),
            };
            if behind.len() == rest.len() {
                return Vec::new();
            }
            rest = behind;
        }
    }
    Vec::new()
}

/// Takes a name; a dot or a bracket behind a backslash belongs to it.
fn name(text: &str) -> (String, &str) {
    let (mut name, mut is_escaped) = (String::new(), false);
    for (place, character) in text.char_indices() {
        match character {
            '\\' if !is_escaped => {
                is_escaped = true;
                continue;
            }
            '.' | '[' if !is_escaped => return (name, &text[place..]),
            other => name.push(other),
        }
        is_escaped = false;
    }
    (name, "")
}

/// Returns where the bracket that is open closes.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (place, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), character) => quote = (open != character).then_some(open),
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(place),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn children(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(items) => items.iter().collect(),
        Json::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

fn bracket<'o>(found: &[&'o Json], inner: &str) -> Vec<&'o Json> {
    let inner = inner.trim();
    let found = found.iter().copied();
    if inner == "*" {
        return found.flat_map(children).collect();
    }
    if let Some(name) = quoted(inner) {
        return found.filter_map(|value| value.get(name)).collect();
    }
    if let Ok(place) = inner.parse::<i64>() {
        let item = |value: &'o Json| {
            let items = value.as_array()?;
            let place =
                if place < 0 { items.len().checked_sub(place.unsigned_abs() as usize)? } else { place as usize };
            items.get(place)
        };
        return found.filter_map(item).collect();
    }
    let Some(filter) = inner.strip_prefix("?(").and_then(|inner| inner.strip_suffix(')')) else { return Vec::new() };
    let (path, value) = match filter.split_once("==") {
        Some((path, value)) => (path.trim(), Some(value.trim())),
        None => (filter.trim(), None),
    };
    let Some(path) = path.strip_prefix('@') else { return Vec::new() };
    let holds = |item: &&Json| {
        let own = find(item, path);
        match value {
            None => !own.is_empty(),
            Some(value) => own.iter().any(|own| match quoted(value) {
                Some(text) => *own == text,
                None => serde_json::from_str(value).is_ok_and(|value: Json| **own == value),
            }),
        }
    };
    found.flat_map(children).filter(holds).collect()
}

fn quoted(text: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::find;

    #[test]
    fn finds_what_it_names() {
        let object = json!({
            "metadata": {"annotations": {"example.com/a.b": "yes"}},
            "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]},
        });
        for (expression, found) in [
            (".status.conditions[?(@.type==\"Ready\")].status", json!(["True"])),
            (".status.conditions[*].type", json!(["Ready", "Other"])),
            (".status.conditions[-1].type", json!(["Other"])),
            (".metadata.annotations.example\\.com/a\\.b", json!(["yes"])),
            (".metadata.annotations['example.com/a.b']", json!(["yes"])),
            (".status.missing", json!([])),
        ] {
            assert_eq!(json!(find(&object, expression)), found, "{expression}");
        }
    }
}
