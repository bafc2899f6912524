//! What of an object is sensitive.

use ecow::EcoString;
use schema::Block;
use value::{Kind, Marks, Path, PathStep, Value};

use super::attributes;
use super::parts::{Fields, change_parts};
use super::problem::Findings;

/// Returns where an object is sensitive by its schema, whether there is a value or null. Inside of what is sensitive,
/// nothing more is listed.
pub fn sensitive_paths(schema: &Block, value: &Value) -> Vec<Path> {
    if !attributes::any(Fields::of_block(schema), &|attribute| attribute.sensitive) {
        return Vec::new();
    }
    let (mut findings, mut paths) = (Findings::default(), Vec::new());
    attributes::visit(schema, value, &mut findings, &mut |attribute, _, findings| {
        if attribute.sensitive {
            paths.push(findings.path.clone());
        }
        !attribute.sensitive
    });
    paths
}

/// Marks an object by its schema and with marks that the configuration gave it by path; a part inside a set marks the
/// whole set, as elements of sets have no marks.
#[must_use]
pub fn mark_sensitive(schema: &Block, value: Value, marks: &[(Path, Marks)]) -> Value {
    let paths = sensitive_paths(schema, &value);
    let mut all: Vec<(Path, Marks)> = paths.into_iter().map(|path| (path, Marks::SENSITIVE)).collect();
    // That a write-only attribute is ephemeral says nothing of the object, which does not have its value.
    let marks = marks.iter().filter(|(_, marks)| marks.contains(Marks::SENSITIVE));
    all.extend(marks.map(|(path, _)| (path.clone(), Marks::SENSITIVE)));
    add_mirrored(schema, &mut all);
    if all.is_empty() { value } else { value.mark_paths(&all) }
}

/// Adds the places that show what is at other places which are sensitive. What is not known yet is marked as a whole.
fn add_mirrored(schema: &Block, marks: &mut Vec<(Path, Marks)>) {
    for attribute in &schema.attributes {
        let Some(mirrored) = &attribute.mirrors else { continue };
        for place in 0..marks.len() {
            let (path, mark) = &marks[place];
            if path.0.first() == Some(&PathStep::Attribute(mirrored.clone())) {
                let rest = path.0[1..].iter().cloned();
                let path = Path([PathStep::Attribute(attribute.name.clone())].into_iter().chain(rest).collect());
                let mark = *mark;
                marks.push((path, mark));
            }
        }
    }
}

/// Gives attributes that are not known yet, but come from others of which parts are sensitive, the shape that these
/// have: so a reference to a part of one is only as sensitive as that part will be.
#[must_use]
pub fn unfold_mirrors(schema: &Block, value: Value) -> Value {
    let Kind::Object(members) = value.kind() else { return value };
    let unfolded = |(name, part): (&EcoString, &Value)| {
        let attribute = schema.attributes.iter().find(|attribute| attribute.name == *name);
        let source = attribute.and_then(|attribute| members.get(attribute.mirrors.as_ref()?));
        let is_hidden = !part.is_known() && part.marks().contains(Marks::SENSITIVE);
        source.filter(|_| is_hidden).map(unknown_parts)
    };
    let parts: Vec<Option<Value>> = members.iter().map(unfolded).collect();
    if parts.iter().all(Option::is_none) {
        return value;
    }
    let parts = members.values().iter().zip(parts).map(|(old, new)| new.unwrap_or_else(|| old.clone()));
    Value::object_of_shape(members.names().clone(), parts.collect()).with_marks(value.marks())
}

/// Returns a value of the same shape of which nothing is known but which parts it has.
fn unknown_parts(value: &Value) -> Value {
    let is_compound = matches!(value.kind(), Kind::Object(_) | Kind::Tuple(_) | Kind::List(_) | Kind::Map(_));
    if is_compound {
        return change_parts(value, &mut |part| Some(unknown_parts(part))).unwrap_or_else(|| value.clone());
    }
    let is_null = value.is_null();
    if is_null { value.clone() } else { Value::unknown(value.ty()).with_marks(value.marks_deep()) }
}

#[cfg(test)]
mod tests {
    use value::Marks;

    use super::super::notation::{path, schema, value};
    use super::{mark_sensitive, sensitive_paths};

    const SCHEMA: &str = "{s:string os, o:string o, n:list{p:string os, q:string o} o, whole:single{p:string os} os, \
                          d:single{e:map{p:string os} o} o, b=list{c:string os, d:string o}, t=set{c:string os}, \
                          m=map{c:string os}, g=single{c:string os}}";

    #[test]
    fn every_place_is_found_once() {
        let schema = schema(SCHEMA);
        let text = r#"{s=null, o="", n=[{p="1", q="2"}, {p=null, q=null}], whole={p="3"}, d={e={"k"={p="4"}}},
                      b=[{c="5", d="6"}], t=[], m={"k"={c="7"}}, g=null}"#;
        let object = value(text, &schema.ty());
        let mut found: Vec<String> = sensitive_paths(&schema, &object).iter().map(|path| path.to_string()).collect();
        found.sort();
        let expected = [r#".b[0].c"#, r#".d.e["k"].p"#, r#".m["k"].c"#, ".n[0].p", ".n[1].p", ".s", ".whole"];
        assert_eq!(found, expected);
    }

    #[test]
    fn unknown_and_absent_parts_have_no_places_inside() {
        let schema = schema("{n:list{p:string os} o, b=list{c:string os}}");
        assert!(sensitive_paths(&schema, &value("{n=?, b=[]}", &schema.ty())).is_empty());
        assert!(sensitive_paths(&schema, &value("null", &schema.ty())).is_empty());
    }

    #[test]
    fn what_shows_something_sensitive_is_sensitive() {
        let mut schema = schema("{a:any o, b:any c}");
        schema.attributes[1].mirrors = Some("a".into());
        let check = |object: &str, places: &[&str], expected: &str| {
            let marks: Vec<_> = places.iter().map(|place| (path(place), Marks::SENSITIVE)).collect();
            let marked = mark_sensitive(&schema, value(object, &schema.ty()), &marks);
            let (_, found) = marked.unmark_paths();
            let found: Vec<String> = found.iter().map(|(path, _)| path.to_string()).collect();
            assert_eq!(found.join(" "), expected);
        };
        check(r#"{a="1", b="1"}"#, &[".a"], ".a .b");
        check(r#"{a=[1, 2], b=[1, 2]}"#, &[".a[1]"], ".a[1] .b[1]");
        check(r#"{a=[1, 2], b=?}"#, &[".a[1]"], ".a[1] .b");
        check(r#"{a=[1, 2], b=?}"#, &[], "");
    }

    #[test]
    fn parts_of_what_is_not_known_are_sensitive_one_by_one() {
        let mut schema = schema("{a:any o, b:any c}");
        schema.attributes[1].mirrors = Some("a".into());
        let object = value(r#"{a=[1, "x", null], b=?}"#, &schema.ty());
        let marked = mark_sensitive(&schema, object, &[(path(".a[1]"), Marks::SENSITIVE)]);
        let unfolded = super::unfold_mirrors(&schema, marked).attribute("b").expect("it is there");
        let parts: Vec<(bool, bool)> = unfolded
            .as_sequence()
            .expect("a list")
            .iter()
            .map(|part| (part.is_known(), part.marks().contains(Marks::SENSITIVE)))
            .collect();
        assert_eq!(parts, [(false, false), (false, true), (true, false)]);
    }

    #[test]
    fn marks_of_schema_and_configuration_come_together() {
        let schema = schema("{a:string os, b:string o, t=set{c:string os}}");
        let object = value(r#"{a="1", b="2", t=[{c="3"}]}"#, &schema.ty());
        let marked = mark_sensitive(&schema, object, &[(path(".b"), Marks::SENSITIVE)]);
        let expected = r#"{a=sensitive("1"), b=sensitive("2"), t=sensitive([{c="3"}])}"#;
        assert_eq!(marked, value(expected, &schema.ty()));
    }
}
