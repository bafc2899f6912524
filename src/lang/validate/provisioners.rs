//! Provisioners and connections: what their blocks may hold and refer to.

use diag::Span;
use schema::{Attribute, Block};
use syntax::tree::Body;
use value::Type;

use super::Validator;
use crate::body::CompiledBody;
use crate::expr::{Evaluator, Expr, Subject};
use crate::module::{Provisioner, ProvisionerWhen, Resource};

/// Provisioners that exist elsewhere, and what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("file", "Put files into the machine image or a start-up script (user data), or into a Kubernetes ConfigMap."),
    ("remote-exec", "Run commands from a start-up script (user data) or a Kubernetes Job."),
    ("chef", "Use a machine image that holds what is needed."),
    ("puppet", "Use a machine image that holds what is needed."),
    ("habitat", "Use a machine image that holds what is needed."),
    ("salt-masterless", "Use a machine image that holds what is needed."),
];

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
            self.side_body(connection, &connection_schema(), resource, None);
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
        if kind == "local-exec" {
            return self.side_body(&provisioner.body, &local_exec_schema(), resource, when);
        }
        match UNSUPPORTED.iter().find(|(name, _)| *name == kind) {
            // The configuration is well-formed, so this is no error yet; applying it would be one.
            Some((_, instead)) => {
                let detail = format!("The provisioner {kind:?} is not supported and cannot be applied. {instead}");
                self.diags.warning(provisioner.header, "Unsupported provisioner", detail);
            }
            None => {
                let detail = format!("There is no provisioner {kind:?}. The one there is: \"local-exec\".");
                self.diags.error(provisioner.header, "Invalid provisioner type", detail);
            }
        }
    }

    /// Checks a body beside the resource's own; `self` means the resource's instance in it.
    fn side_body(&mut self, body: &Body, schema: &Block, resource: &Resource, when: Option<ProvisionerWhen>) {
        let mut names = resource.names.clone();
        names.allowed.this = true;
        let compiled = CompiledBody::compile(body, schema, &names, &mut self.diags);
        let mut outside: Option<Span> = None;
        compiled.visit_expressions(&mut |expr| {
            self.references(expr);
            if when == Some(ProvisionerWhen::Destroy) {
                outside = outside.or(reference_to_others(expr));
            }
        });
        if let Some(span) = outside {
            let detail = "When an object is destroyed, the others may be gone: a destroy provisioner can refer to \
                          \"self\", \"count.index\" and \"each.key\" only.";
            self.diags.error(span, "Invalid reference from destroy provisioner", detail);
        }
        let mut evaluator = Evaluator::new(self.scope, self.scope.env);
        compiled.eval_unstored(&mut evaluator);
        self.diags.append(evaluator.diags);
    }
}

fn reference_to_others(expr: &Expr) -> Option<Span> {
    let allowed = |subject: &Subject| {
        matches!(
            subject,
            Subject::This | Subject::CountIndex | Subject::EachKey | Subject::Path(_) | Subject::Workspace
        )
    };
    expr.references().into_iter().find(|reference| !allowed(&reference.subject)).map(|reference| reference.span)
}
