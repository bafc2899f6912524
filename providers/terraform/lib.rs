//! The built-in provider `terraform.io/builtin/terraform`.
//!
//! It has `terraform_data`, `terraform_remote_state` and functions that read and write the language's own notation.
//! *Not here:* a parser. `decode_tfvars` needs one, and a provider has no access to the language; so the main program,
//! which joins the two, passes the reader in.

mod encode;
mod functions;
mod stored_outputs;
mod terraform_data;
mod terraform_remote_state;

use sdk::{Definition, NoConfiguration, Provider};

pub use functions::DecodeTfvars;

/// Makes the provider. `decode_tfvars` reads the text of a `.tfvars` file: an object, or a phrase that says what is wrong.
pub fn provider(decode_tfvars: DecodeTfvars) -> Box<dyn Provider> {
    Definition {
        source: "terraform.io/builtin/terraform",
        configuration: Box::new(NoConfiguration),
        resources: vec![Box::new(terraform_data::TerraformData)],
        data_sources: vec![Box::new(terraform_remote_state::TerraformRemoteState)],
        ephemerals: vec![],
        functions: vec![
            Box::new(functions::DecodeTfvarsFunction(decode_tfvars)),
            Box::new(functions::EncodeExpr),
            Box::new(functions::EncodeTfvars),
        ],
    }
    .into_provider()
}

#[cfg(test)]
mod tests {
    use super::provider;
    use sdk::conformance::{Sample, check_life_cycle};
    use sdk::value::Value;
    use serde_json::{Value as Json, json};

    #[test]
    fn conforms() {
        let provider = provider(|_| Ok(Value::NULL));
        assert_eq!(sdk::conformance::check(&*provider), Vec::<String>::new());
    }

    #[test]
    fn objects_live_as_they_should() {
        let sample = |config, changes| Sample { kind: "terraform_data", config, changes };
        let input = |value: Json| json!({"input": {"value": value, "type": "string"}});
        let triggers = json!({"triggers_replace": {"value": 1, "type": "number"}});
        let samples = [sample(json!({}), vec![input("a".into()), input("b".into()), json!({}), triggers])];
        let make = || provider(|_| Ok(Value::NULL));
        assert_eq!(check_life_cycle(&make, &json!({}), &samples), Vec::<String>::new());
    }

    #[test]
    fn has_what_terraform_has() {
        let provider = provider(|_| Ok(Value::NULL));
        let schemas = provider.schemas();
        assert_eq!(schemas.resources.keys().collect::<Vec<_>>(), ["terraform_data"]);
        assert_eq!(schemas.data_sources.keys().collect::<Vec<_>>(), ["terraform_remote_state"]);
        assert_eq!(schemas.functions.keys().collect::<Vec<_>>(), ["decode_tfvars", "encode_expr", "encode_tfvars"]);
        assert!(schemas.provider.block.attributes.is_empty());
    }
}
