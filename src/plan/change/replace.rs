//! Which changes force a replacement.

use schema::{Attribute, AttributeKind, Block, NestedObject};
use value::{Path, PathStep, Value};

use super::problem::Problem;

/// Returns those of a provider's "requires replacement" paths that do force one: the value there changes, or may
/// change as it is unknown, or is write-only, where no one knows the prior value. A path that neither object has is a
/// problem.
pub fn forcing_paths(
    schema: &Block,
    prior: &Value,
    planned: &Value,
    paths: &[Path],
) -> Result<Vec<Path>, Vec<Problem>> {
    if prior.is_null() {
        return Ok(Vec::new());
    }
    let (mut forcing, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        let equal = match (part(prior, path), part(planned, path)) {
            (Some(prior), Some(planned)) => {
                prior == planned || planned.unmark_deep().0.equals(&prior.unmark_deep().0).as_bool() == Some(true)
            }
            (Some(only), None) | (None, Some(only)) => only.is_null(),
            (None, None) => {
                let message =
                    "replacement is required because of a part that neither the prior nor the planned object has";
                problems.push(Problem { path: path.clone(), message: message.into() });
                continue;
            }
        };
        let forces = !equal || attribute_at(schema, path).is_some_and(|attribute| attribute.write_only);
        if forces && !forcing.contains(path) {
            forcing.push(path.clone());
        }
    }
    if problems.is_empty() { Ok(forcing) } else { Err(problems) }
}

/// Returns the part a path leads to; parts of what is unknown are unknown.
fn part(value: &Value, path: &Path) -> Option<Value> {
    path.0.iter().try_fold(value.clone(), |value, step| match step {
        PathStep::Attribute(name) => value.attribute(name),
        PathStep::Index(key) => value.index(key).ok(),
    })
}

/// Returns the attribute that a path leads to; elements have none of their own.
fn attribute_at<'a>(schema: &'a Block, path: &Path) -> Option<&'a Attribute> {
    enum Place<'a> {
        Block(&'a Block),
        Nested(&'a NestedObject),
        Attribute(&'a Attribute),
    }
    let mut place = Place::Block(schema);
    let mut steps = path.0.iter().filter(|step| matches!(step, PathStep::Attribute(_))).peekable();
    while let Some(PathStep::Attribute(name)) = steps.next() {
        let attribute = match place {
            Place::Block(block) => match (block.attribute(name), block.nested(name)) {
                (Some(attribute), _) => attribute,
                (None, Some(nested)) => {
                    place = Place::Block(&nested.block);
                    continue;
                }
                (None, None) => return None,
            },
            Place::Nested(nested) => nested.attributes.iter().find(|attribute| attribute.name == *name)?,
            Place::Attribute(_) => return None,
        };
        place = match &attribute.kind {
            AttributeKind::Nested(nested) if steps.peek().is_some() => Place::Nested(nested),
            _ => Place::Attribute(attribute),
        };
    }
    match (place, path.0.last()) {
        (Place::Attribute(attribute), Some(PathStep::Attribute(_))) => Some(attribute),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::notation::{path, schema, value};
    use super::forcing_paths;

    const SCHEMA: &str = "{a:string oc, l:list(string) o, m:map(string) o, w:string ow, n:list{x:string o, w:string ow} o, \
                          b=list{c:string o, w:string ow}}";
    const REST: &str = "n=[{x=null, w=null}], b=[{c=null, w=null}]";

    fn check(prior: &str, planned: &str, paths: &[&str], expected: &str) {
        let schema = schema(SCHEMA);
        let prior = value(prior, &schema.ty());
        let planned = value(planned, &schema.ty());
        let paths: Vec<_> = paths.iter().map(|text| path(text)).collect();
        let found = match forcing_paths(&schema, &prior, &planned, &paths) {
            Ok(paths) => paths.iter().map(|path| path.to_string()).collect::<Vec<_>>().join(" "),
            Err(problems) => format!("problem {}", super::super::notation::problems(&problems)),
        };
        assert_eq!(found, expected);
    }

    fn object(a: &str, l: &str, m: &str) -> String {
        format!("{{a={a}, l={l}, m={m}, w=null, {REST}}}")
    }

    #[test]
    fn only_what_changes_forces() {
        let prior = object(r#""1""#, r#"["x"]"#, r#"{"k"="v"}"#);
        check(&prior, &object(r#""2""#, r#"["x"]"#, r#"{"k"="v"}"#), &[".a", ".l", ".m"], ".a");
        check(&prior, &object("?", r#"["x"]"#, r#"{"k"="v"}"#), &[".a", ".a"], ".a");
        check(&prior, &prior, &[".a", ".l[0]", ".m[\"k\"]"], "");
        check(&prior, &object(r#"sensitive("1")"#, r#"["x"]"#, r#"{"k"="v"}"#), &[".a"], "");
    }

    #[test]
    fn elements_that_come_or_go_force() {
        let prior = object(r#""1""#, r#"["x"]"#, r#"{"k"="v"}"#);
        check(&prior, &object(r#""1""#, r#"["x", "y"]"#, "{}"), &[".l[0]", ".l[1]", ".m[\"k\"]"], r#".l[1] .m["k"]"#);
        check(&prior, &object(r#""1""#, "?", "null"), &[".l[0]", ".m[\"k\"]"], r#".l[0] .m["k"]"#);
    }

    #[test]
    fn a_path_that_leads_nowhere_is_a_problem() {
        let prior = object("null", r#"["x"]"#, "null");
        check(&prior, &prior, &[".nothing"], "problem .nothing");
        check(&prior, &prior, &[".l[5]", ".a"], "problem .l[5]");
    }

    #[test]
    fn write_only_attributes_always_force() {
        let prior = object("null", "null", "null");
        check(&prior, &prior, &[".w", ".n[0].w", ".n[0].x", ".b[0].w", ".b"], ".w .n[0].w .b[0].w");
    }

    #[test]
    fn nothing_forces_where_nothing_was() {
        check("null", &object("null", "null", "null"), &[".a", ".w"], "");
    }
}
