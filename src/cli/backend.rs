//! Where the configuration says that state is kept: only the local backend is there, so anything else is refused.

use std::path::Path;

use diag::{Diagnostic, Diagnostics, Sources, Span};
use lang::body::CompiledBody;
use lang::expr::NoNames;
use lang::module::Settings;
use schema::{Attribute, Block};
use syntax::tree::Body;
use value::Type;

use crate::configuration::{Configuration, Purity};
use crate::{Exit, Session, offer};

/// What the local backend can be told.
const SETTINGS: [&str; 2] = ["path", "workspace_dir"];

/// Refuses a backend that is not there: working in the folder instead would create everything a second time.
pub(crate) fn check(settings: &Settings, diags: &mut Diagnostics) {
    if settings.cloud.is_some() {
        let detail = "The configuration has a \"cloud\" block, and this Gantry keeps state in the folder of the \
                      configuration. Take the block out to keep it there; \"terraform state pull\" gets the state that there \
                      is, and \"gantry state push\" takes it over.";
        diags.push(Diagnostic::error("Unsupported cloud block", detail));
    }
    let Some(backend) = &settings.backend else { return };
    if backend.kind != "local" {
        let detail = format!(
            "The configuration keeps its state in a backend {:?}, which this Gantry does not have: state is kept in the folder \
             of the configuration. Take the block out to keep it there; \"terraform state pull\" gets the state that there is, \
             and \"gantry state push\" takes it over.",
            backend.kind
        );
        return diags.push(Diagnostic::error("Unsupported backend type", detail).at(backend.header));
    }
    CompiledBody::compile(&backend.body, &local(), &NoNames, diags);
    if path(settings).is_some_and(|path| path != offer::TERRAFORM_STATE) {
        diags.push(without_effect(backend.header));
    }
}

/// Checks settings of the local backend that stand behind flags, `NAME=VALUE` or a file with such; they have no effect
/// either.
pub(crate) fn check_given(given: &[String], header: Span, sources: &mut Sources, diags: &mut Diagnostics) {
    for text in given {
        match text.split_once('=') {
            Some((name, _)) if SETTINGS.contains(&name.trim()) => {}
            Some((name, _)) => {
                let detail =
                    format!("The local backend, which -backend-config completes, has no setting {:?}.", name.trim());
                diags.push(Diagnostic::error("Invalid backend configuration argument", detail));
            }
            None => match std::fs::read(text) {
                Ok(read) => {
                    let file = sources.add(text, read.as_slice());
                    let (read, problems) = syntax::parse(file, &read);
                    diags.append(problems);
                    CompiledBody::compile(&read.body, &local(), &NoNames, diags);
                }
                Err(error) => {
                    let detail = format!("The file {text} of -backend-config cannot be read: {error}.");
                    diags.push(Diagnostic::error("Failed to read file", detail));
                }
            },
        }
    }
    if !diags.has_errors() {
        diags.push(without_effect(header));
    }
}

/// Returns what the local backend can be told.
fn local() -> Block {
    let attributes = SETTINGS.map(|name| Attribute::new(name, Type::String).optional());
    Block { attributes: attributes.into_iter().collect(), ..Block::default() }
}

fn without_effect(header: Span) -> Diagnostic {
    let detail = "Gantry has a file of its own for state, \"gantry.state\" in the folder of the configuration, so where \
                  Terraform's would be has no effect on it.";
    Diagnostic::warning("Setting of the local backend without effect", detail).at(header)
}

/// Returns where Terraform would keep the state.
pub(crate) fn path(settings: &Settings) -> Option<String> {
    let backend = settings.backend.as_ref().filter(|backend| backend.kind == "local")?;
    let Body::Native(body) = &backend.body else { return None };
    let attribute = body.attributes.iter().find(|attribute| attribute.name.name == SETTINGS[0])?;
    let (value, _) = lang::constant::evaluate(&attribute.expr);
    value.as_str().map(str::to_owned)
}

/// Refuses to look at state here where the configuration keeps it elsewhere.
///
/// Most configurations say nothing of it, and a look at their text is enough to see that.
pub(crate) fn refuse_foreign(session: &mut Session) -> Result<(), Exit> {
    let Ok(entries) = std::fs::read_dir(".") else { return Ok(()) };
    let says_something = entries.flatten().any(|entry| {
        let name = entry.file_name();
        let is_configuration = name.to_str().is_some_and(|name| name.ends_with(".tf") || name.ends_with(".tf.json"));
        is_configuration && std::fs::read(entry.path()).is_ok_and(|text| has_word(&text))
    });
    if !says_something {
        return Ok(());
    }
    let (mut ignored, mut diags) = (Diagnostics::new(), Diagnostics::new());
    let read = Configuration::read(Path::new("."), Purity::Pure, session, &mut ignored);
    check(&read.root.module.settings, &mut diags);
    let errors: Diagnostics = diags.into_iter().filter(Diagnostic::is_error).collect();
    session.ui.diagnostics(&read.sources, &errors);
    if errors.is_empty() { Ok(()) } else { Err(Exit::FAILURE) }
}

fn has_word(text: &[u8]) -> bool {
    [&b"backend"[..], b"cloud"].iter().any(|word| memchr::memmem::find(text, word).is_some())
}
