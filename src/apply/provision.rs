//! Runs `local-exec` provisioners: programs on this machine, at creation and destruction of an object.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::rc::Rc;

use diag::{Diagnostic, Diagnostics};
use lang::body::CompiledBody;
use lang::evaluation::{Instance, Repeated};
use lang::expr::Evaluator;
use lang::module::{Provisioner, ProvisionerWhen, Resource};
use lang::validate::local_exec_schema;
use plan::Change;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use value::{Marks, Value};

use crate::run::{Event, Provisioning, Runner};

/// What a command is run by where the configuration does not say.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// The module instance around a resource, and what `self`, `each` and `count` are.
pub(crate) struct Place<'a, 'i> {
    pub(crate) instance: &'i Rc<Instance<'a>>,
    pub(crate) resource: &'i Resource,
    pub(crate) repeated: Repeated,
}

impl<'a> Runner<'a> {
    /// Runs the provisioners of an object for a moment; returns whether all that must succeed did.
    pub(crate) async fn provision(&self, planned: &Change, place: &Place<'a, '_>, when: ProvisionerWhen) -> bool {
        for provisioner in place.resource.provisioners.iter().filter(|provisioner| provisioner.when == when) {
            let tell = |what| self.input.observer.see(planned, Event::Provisioner(&provisioner.kind, what));
            tell(Provisioning::Started);
            let result = self.run_one(planned, place, provisioner).await;
            tell(if result.is_ok() { Provisioning::Ended } else { Provisioning::Failed });
            if let Err(diags) = result {
                self.outcome.borrow_mut().diags.append(diags);
                if !provisioner.continue_on_failure {
                    return false;
                }
            }
        }
        true
    }

    async fn run_one(
        &self,
        planned: &Change,
        place: &Place<'a, '_>,
        provisioner: &Provisioner,
    ) -> Result<(), Diagnostics> {
        let (config, is_secret) = self.provisioner_config(place, provisioner)?;
        let diagnostic = |detail: String| {
            let mut problem = Diagnostic::error("local-exec provisioner error", detail).at(provisioner.header);
            problem.address = Some(planned.address.to_string());
            if provisioner.continue_on_failure {
                problem.severity = diag::Severity::Warning;
            }
            Diagnostics::from(problem)
        };
        let mut command = command(&config, self.input.runtime.environment());
        let mut child =
            command.spawn().map_err(|error| diagnostic(format!("The command cannot be started: {error}.")))?;
        let quiet = text(&config, "quiet").as_deref() == Some("true");
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let says = |line: &str| {
            if !is_secret && !quiet {
                let output = Provisioning::Output(line);
                self.input.observer.see(planned, Event::Provisioner(&provisioner.kind, output));
            }
        };
        let mut out = out.map(|out| BufReader::new(out).lines());
        let mut err = err.map(|err| BufReader::new(err).lines());
        // Lines come in the order they are written, each stream for itself.
        let read = async {
            let first = async {
                while let Some(Ok(Some(line))) = next(out.as_mut()).await {
                    says(&line);
                }
            };
            let second = async {
                while let Some(Ok(Some(line))) = next(err.as_mut()).await {
                    says(&line);
                }
            };
            futures_util::future::join(first, second).await;
        };
        read.await;
        let status = child.wait().await.map_err(|error| diagnostic(format!("The command was lost: {error}.")))?;
        if status.success() {
            return Ok(());
        }
        Err(diagnostic(format!("The command ended with {status}.")))
    }

    fn provisioner_config(
        &self,
        place: &Place<'a, '_>,
        provisioner: &Provisioner,
    ) -> Result<(Value, bool), Diagnostics> {
        let mut names = place.resource.names.clone();
        names.allowed.this = true;
        let mut diags = Diagnostics::new();
        let body = CompiledBody::compile(&provisioner.body, &local_exec_schema(), &names, &mut diags);
        let scope = self.evaluation.scope(place.instance, place.repeated.clone());
        let mut evaluator = Evaluator::new(&scope, self.input.world.env);
        let config = body.eval_unstored(&mut evaluator);
        diags.append(evaluator.diags);
        if !diags.has_errors() && !config.is_wholly_known() {
            diags.error(provisioner.header, "Unknown provisioner argument", "A part of the command is not known.");
        }
        if diags.has_errors() {
            return Err(diags);
        }
        let (config, marks) = config.unmark_deep();
        Ok((config, marks.contains(Marks::SENSITIVE) || marks.contains(Marks::EPHEMERAL)))
    }
}

async fn next<R: tokio::io::AsyncRead + Unpin>(
    lines: Option<&mut tokio::io::Lines<BufReader<R>>>,
) -> Option<std::io::Result<Option<String>>> {
    Some(lines?.next_line().await)
}

fn command(config: &Value, variables: Option<&BTreeMap<String, String>>) -> Command {
    let interpreter: Vec<String> = match config.attribute("interpreter") {
        Some(list) => {
            list.as_sequence().unwrap_or_default().iter().filter_map(|v| v.as_str().map(Into::into)).collect()
        }
        None => Vec::new(),
    };
    let interpreter = if interpreter.is_empty() { SHELL.map(String::from).to_vec() } else { interpreter };
    let mut command = Command::new(&interpreter[0]);
    if let Some(variables) = variables {
        command.env_clear().envs(variables);
    }
    command.args(&interpreter[1..]).arg(text(config, "command").unwrap_or_default());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(folder) = text(config, "working_dir") {
        command.current_dir(folder);
    }
    let environment = config.attribute("environment");
    for (name, value) in environment.iter().filter_map(Value::as_entries).flatten() {
        command.env(name.as_str(), value.as_str().unwrap_or_default());
    }
    command
}

fn text(config: &Value, name: &str) -> Option<String> {
    let value = config.attribute(name)?;
    match value.as_bool() {
        Some(bool) => Some(bool.to_string()),
        None => value.as_str().map(str::to_owned),
    }
}
