//! What only the provider decides: unknown until it does, and not to be configured.

use schema::Block;
use value::Value;

use super::attributes::{self, Change};
use super::problem::{Findings, Problem};

/// Returns a proposed object with unknown values where an attribute is null that the provider chooses; what a provider
/// without an opinion plans for a new object.
pub fn unknown_computed(schema: &Block, proposed: &Value) -> Value {
    attributes::change(schema, proposed, &mut |attribute, value| match attribute.computed && value.is_null() {
        true if attribute.write_only => Change::Keep,
        true => Change::Replace(Value::unknown(attribute.ty()).with_marks(value.marks())),
        false => Change::Descend,
    })
}

/// Returns where a configuration sets an attribute that only the provider decides.
pub fn validate_config_computed(schema: &Block, config: &Value) -> Vec<Problem> {
    let mut findings = Findings::default();
    attributes::visit(schema, config, &mut findings, &mut |attribute, value, findings| {
        let only_provider = attribute.computed && !attribute.is_settable();
        if only_provider && !value.is_null() {
            findings.add("the provider decides the value of this attribute, so it must not be set");
        }
        !only_provider
    });
    findings.problems
}

#[cfg(test)]
mod tests {
    use super::super::notation::{problems, schema, value};
    use super::{unknown_computed, validate_config_computed};

    const SCHEMA: &str = "{id:string c, o:string o, oc:string oc, n:list{id:string c, q:string o} o, \
                          all:single{id:string c} c, b=list{id:string c, d:string o}, s=single{id:string c}}";

    #[test]
    fn what_the_provider_chooses_becomes_unknown_unless_it_is_there() {
        let schema = schema(SCHEMA);
        let given = r#"{id=null, o=null, oc="x", n=[{id=null, q=null}, {id="1", q="2"}], all=null,
                       b=[{id=null, d="d"}], s=null}"#;
        let wanted = r#"{id=?, o=null, oc="x", n=[{id=?, q=null}, {id="1", q="2"}], all=?, b=[{id=?, d="d"}], s=null}"#;
        assert_eq!(unknown_computed(&schema, &value(given, &schema.ty())), value(wanted, &schema.ty()));
        let null = value("null", &schema.ty());
        assert_eq!(unknown_computed(&schema, &null), null);
    }

    #[test]
    fn what_only_the_provider_decides_must_not_be_set() {
        let schema = schema(SCHEMA);
        let config = r#"{id="1", o="2", oc="3", n=[{id="4", q="5"}], all=?, b=[{id="6", d="7"}], s={id=null}}"#;
        let found = validate_config_computed(&schema, &value(config, &schema.ty()));
        assert_eq!(problems(&found), ".all .b[0].id .id .n[0].id");
    }
}
