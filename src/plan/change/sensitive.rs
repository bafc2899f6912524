//! What of an object is sensitive.

use schema::Block;
use value::{Marks, Path, Value};

use super::attributes;
use super::parts::Fields;
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
    if all.is_empty() { value } else { value.mark_paths(&all) }
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
    fn marks_of_schema_and_configuration_come_together() {
        let schema = schema("{a:string os, b:string o, t=set{c:string os}}");
        let object = value(r#"{a="1", b="2", t=[{c="3"}]}"#, &schema.ty());
        let marked = mark_sensitive(&schema, object, &[(path(".b"), Marks::SENSITIVE)]);
        let expected = r#"{a=sensitive("1"), b=sensitive("2"), t=sensitive([{c="3"}])}"#;
        assert_eq!(marked, value(expected, &schema.ty()));
    }
}
