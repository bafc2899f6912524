//! Write-only attributes: a provider gets them and no one keeps them.

use schema::Block;
use value::Value;

use super::attributes::{self, Change};
use super::parts::Fields;
use super::problem::{Findings, Problem};

/// Returns the object with null in place of all write-only attributes; they keep their marks.
pub fn strip_write_only(schema: &Block, value: &Value) -> Value {
    attributes::change(schema, value, &mut |attribute, value| match attribute.write_only {
        true if value.is_null() => Change::Keep,
        true => Change::Replace(Value::null(attribute.ty()).with_marks(value.marks())),
        false => Change::Descend,
    })
}

/// Returns where an object that a provider returned has a value for a write-only attribute.
pub fn check_write_only(schema: &Block, value: &Value) -> Vec<Problem> {
    let mut findings = Findings::default();
    if attributes::any(Fields::of_block(schema), &|attribute| attribute.write_only) {
        attributes::visit(schema, value, &mut findings, &mut |attribute, value, findings| {
            if attribute.write_only && !value.is_null() {
                findings.add("a write-only attribute has a value, although it must never be stored");
            }
            !attribute.write_only
        });
    }
    findings.problems
}

#[cfg(test)]
mod tests {
    use super::super::notation::{problems, schema, value};
    use super::{check_write_only, strip_write_only};

    const SCHEMA: &str = "{a:string ow, n:list{p:string ow, q:string o} o, b=single{c:string ow, d:string o}}";

    fn check(given: &str, stripped: &str, found: &str) {
        let schema = schema(SCHEMA);
        let given = value(given, &schema.ty());
        assert_eq!(strip_write_only(&schema, &given), value(stripped, &schema.ty()));
        assert_eq!(problems(&check_write_only(&schema, &given)), found);
    }

    #[test]
    fn write_only_values_become_null_at_every_depth() {
        check(
            r#"{a="1", n=[{p="2", q="3"}], b={c=?, d="4"}}"#,
            r#"{a=null, n=[{p=null, q="3"}], b={c=null, d="4"}}"#,
            ".a .b.c .n[0].p",
        );
        check(r#"{a=null, n=null, b=null}"#, r#"{a=null, n=null, b=null}"#, "");
        check(r#"{a=sensitive("1"), n=?, b=null}"#, r#"{a=sensitive(null), n=?, b=null}"#, ".a");
    }
}
