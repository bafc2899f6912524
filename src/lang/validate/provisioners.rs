//! Provisioners and connections: what their blocks may hold and refer to.

use diag::{Diagnostic, Span};
use schema::{Attribute, Block};
use syntax::tree::Body;
use value::{Type, Value};

use super::Validator;
use crate::body::CompiledBody;
use crate::expr::{Evaluator, Expr, Subject};
use crate::module::{Provisioner, ProvisionerWhen, Resource};

/// Provisioners that Terraform has and that cannot be run here, and what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("file", "Put files into the machine image or a start-up script (user data), or into a Kubernetes ConfigMap."),
    ("remote-exec", "Run commands from a start-up script (user data) or a Kubernetes Job."),
];

/// Provisioners that Terraform once had.
const REMOVED: &[&str] = &["chef", "habitat", "puppet", "salt-masterless"];

/// Optional strings, numbers and bools of a `connection` block; `host` is required besides them.
const CONNECTION_STRINGS: &[&str] = &[
    "type",
    "user",
    "password",
    "timeout",
    "script_path",
    "target_platform",
    "private_key",
    "certificate",
    "host_key",
    "agent_identity",
    "proxy_scheme",
    "proxy_host",
    "proxy_user_name",
    "proxy_user_password",
    "bastion_host",
    "bastion_host_key",
    "bastion_user",
    "bastion_password",
    "bastion_private_key",
    "bastion_certificate",
    "cacert",
];
const CONNECTION_NUMBERS: &[&str] = &["port", "proxy_port", "bastion_port"];
const CONNECTION_BOOLS: &[&str] = &["agent", "https", "insecure", "use_ntlm"];

/// Returns what a `provisioner "local-exec"` block may hold.
pub fn local_exec_schema() -> Block {
    Block {
        attributes: vec![
            Attribute::new("command", Type::String).required(),
            Attribute::new("environment", Type::map(Type::String)).optional(),
            Attribute::new("interpreter", Type::list(Type::String)).optional(),
            Attribute::new("quiet", Type::Bool).optional(),
            Attribute::new("working_dir", Type::String).optional(),
        ],
        ..Block::default()
    }
}

fn file_schema() -> Block {
    Block {
        attributes: vec![
            Attribute::new("content", Type::String).optional(),
            Attribute::new("destination", Type::String).required(),
            Attribute::new("source", Type::String).optional(),
        ],
        ..Block::default()
    }
}

fn remote_exec_schema() -> Block {
    Block {
        attributes: vec![
            Attribute::new("inline", Type::list(Type::String)).optional(),
            Attribute::new("script", Type::String).optional(),
            Attribute::new("scripts", Type::list(Type::String)).optional(),
        ],
        ..Block::default()
    }
}

fn connection_schema() -> Block {
    let of = |names: &[&str], ty: Type| -> Vec<Attribute> {
        names.iter().map(|name| Attribute::new(*name, ty.clone()).optional()).collect()
    };
    let mut attributes = vec![Attribute::new("host", Type::String).required()];
    attributes.extend(of(CONNECTION_STRINGS, Type::String));
    attributes.extend(of(CONNECTION_NUMBERS, Type::Number));
    attributes.extend(of(CONNECTION_BOOLS, Type::Bool));
    Block { attributes, ..Block::default() }
}

impl Validator<'_> {
    pub(super) fn provisioners(&mut self, resource: &Resource) {
        if let Some(connection) = &resource.connection {
            let mut whens = resource.provisioners.iter().map(|provisioner| provisioner.when);
            let when = whens.find(|when| *when == ProvisionerWhen::Destroy);
            self.side_body(connection, &connection_schema(), resource, when);
        }
        for provisioner in &resource.provisioners {
            self.provisioner(provisioner, resource);
        }
    }

    fn provisioner(&mut self, provisioner: &Provisioner, resource: &Resource) {
        let when = Some(provisioner.when);
        if let Some(connection) = &provisioner.connection {
            self.side_body(connection, &connection_schema(), resource, when);
        }
        let kind = provisioner.kind.as_str();
        let schema = match kind {
            "local-exec" => local_exec_schema(),
            "file" => file_schema(),
            "remote-exec" => remote_exec_schema(),
            kind if REMOVED.contains(&kind) => {
                let detail = "Use a machine image that holds what is needed.";
                let summary = format!("The {kind:?} provisioner has been removed");
                return self.diags.error(provisioner.header, summary, detail);
            }
            kind => {
                let detail = format!("There is no provisioner {kind:?}. The one there is: \"local-exec\".");
                return self.diags.error(provisioner.header, "Invalid provisioner type", detail);
            }
        };
        let before = self.diags.len();
        let value = self.side_body(&provisioner.body, &schema, resource, when);
        if self.diags.iter().skip(before).any(Diagnostic::is_error) {
            return;
        }
        let choices: &[&str] = match kind {
            "file" => &["source", "content"],
            "remote-exec" => &["inline", "script", "scripts"],
            _ => return,
        };
        let chosen = choices.iter().filter(|name| value.attribute(name).is_some_and(|value| !value.is_null())).count();
        if chosen != 1 {
            let detail = format!("A {kind:?} provisioner has exactly one of these: {}.", choices.join(", "));
            self.diags.error(provisioner.header, format!("Invalid {kind} provisioner configuration"), detail);
        }
        if let Some((_, instead)) = UNSUPPORTED.iter().find(|(name, _)| *name == kind) {
            // The configuration is well-formed, so this is no error yet; applying it would be one.
            let detail = format!("The provisioner {kind:?} is not supported and cannot be applied. {instead}");
            self.diags.warning(provisioner.header, "Unsupported provisioner", detail);
        }
    }

    /// Checks a body beside the resource's own; `self` means the resource's instance in it.
    fn side_body(&mut self, body: &Body, schema: &Block, resource: &Resource, when: Option<ProvisionerWhen>) -> Value {
        let mut names = resource.names.clone();
        names.allowed.this = true;
        let compiled = CompiledBody::compile(body, schema, &names, &mut self.diags);
        let mut outside: Vec<Span> = Vec::new();
        compiled.visit_expressions(&mut |expr| {
            self.references(expr);
            if when == Some(ProvisionerWhen::Destroy) {
                outside.extend(references_to_others(expr));
            }
        });
        for span in outside {
            let detail = "When an object is destroyed, the others may be gone: a destroy provisioner can refer to \
                          \"self\", \"count.index\" and \"each.key\" only.";
            self.diags.error(span, "Invalid reference from destroy provisioner", detail);
        }
        let mut evaluator = Evaluator::new(self.scope, self.scope.env);
        let value = compiled.eval_unstored(&mut evaluator);
        self.diags.append(evaluator.diags);
        value
    }
}

fn references_to_others(expr: &Expr) -> impl Iterator<Item = Span> {
    let allowed = |subject: &Subject| {
        matches!(
            subject,
            Subject::This | Subject::CountIndex | Subject::EachKey | Subject::Path(_) | Subject::Workspace
        )
    };
    expr.references().into_iter().filter(move |reference| !allowed(&reference.subject)).map(|reference| reference.span)
}
