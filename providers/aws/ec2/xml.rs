//! XML of answers as JSON: elements that hold elements are objects, those that hold `item`s or `member`s are lists.

use roxmltree::Node;
use serde_json::{Map, Value as Json};

use crate::tags::Tags;

/// Elements in elements in an answer; EC2's have less than a dozen.
const DEPTH_MAX: usize = 40;

/// Reads an answer.
pub(super) fn read(text: &str) -> Result<Json, String> {
    let document = roxmltree::Document::parse(text).map_err(|error| error.to_string())?;
    Ok(value(document.root_element(), 0))
}

fn value(node: Node<'_, '_>, depth: usize) -> Json {
    let elements: Vec<Node<'_, '_>> = node.children().filter(Node::is_element).collect();
    if elements.is_empty() || depth > DEPTH_MAX {
        return Json::String(node.text().unwrap_or_default().to_owned());
    }
    // Groups of interfaces in launch templates are the one list whose elements have another name.
    let each = if node.tag_name().name() == "groupSet" { "groupId" } else { "item" };
    let is_each = |element: &Node<'_, '_>| ["item", "member", each].contains(&element.tag_name().name());
    if elements.iter().all(is_each) {
        return Json::Array(elements.into_iter().map(|element| value(element, depth + 1)).collect());
    }
    let members = elements.into_iter().map(|element| (element.tag_name().name().to_owned(), value(element, depth + 1)));
    Json::Object(members.collect::<Map<String, Json>>())
}

/// Returns a list; one that is empty looks like a text.
pub(super) fn list<'j>(object: &'j Json, name: &str) -> &'j [Json] {
    object[name].as_array().map_or(&[], Vec::as_slice)
}

/// Returns tags, in the words of EC2 or in those of ELB.
pub(super) fn tags(object: &Json) -> Tags {
    let read = |set, key, value| {
        let pair = move |tag: &Json| (text(tag, key).to_owned(), text(tag, value).to_owned());
        list(object, set).iter().map(pair)
    };
    read("tagSet", "key", "value").chain(read("Tags", "Key", "Value")).collect()
}

/// Returns a text; empty where there is none.
pub(super) fn text<'j>(object: &'j Json, name: &str) -> &'j str {
    object[name].as_str().unwrap_or_default()
}

/// Returns a text that says something, for an attribute.
pub(super) fn filled(object: &Json, name: &str) -> Json {
    match object[name].as_str() {
        Some(text) if !text.is_empty() => text.into(),
        _ => Json::Null,
    }
}

/// Tells whether something is so.
pub(super) fn is_true(object: &Json, name: &str) -> bool {
    object[name] == "true"
}

/// Returns a number, for an attribute.
pub(super) fn number(object: &Json, name: &str) -> Json {
    object[name].as_str().and_then(|text| text.parse::<i64>().ok()).map_or(Json::Null, Json::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn items_are_lists_and_the_rest_objects() {
        let text = "<R xmlns=\"x\"><set><item><a>1</a><b/></item></set><empty/><c>x &amp; y</c>\
             <groupSet><groupId>sg-1</groupId><groupId>sg-2</groupId></groupSet></R>";
        let groups = json!(["sg-1", "sg-2"]);
        let expected = json!({"set": [{"a": "1", "b": ""}], "empty": "", "c": "x & y", "groupSet": groups});
        assert_eq!(super::read(text), Ok(expected));
        assert!(super::read("<R>").is_err());
    }
}
