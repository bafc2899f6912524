//! Files of values for variables: `name = expression` or a JSON object.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use diag::{Diagnostic, Diagnostics, Sources, Span};
use ecow::EcoString;
use syntax::tree::{Attribute, Block, Body, Expr, ExprKind};
use value::{Number, Value};

use super::Given;

/// Files that are read wherever they are, the weakest first.
const NAMES: [&str; 4] = ["terraform.tfvars", "terraform.tfvars.json", "gantry.tfvars", "gantry.tfvars.json"];

/// Returns the files of a folder that are read without being asked for, the weakest first.
pub(super) fn automatic(dir: &Path, diags: &mut Diagnostics) -> Vec<PathBuf> {
    let named = NAMES.iter().map(|name| dir.join(name)).filter(|path| path.symlink_metadata().is_ok());
    let mut found: Vec<PathBuf> = named.collect();
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        // A folder that is not there is reported when its configuration is read.
        Err(_) => return found,
    };
    let mut others = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => others.push(entry.file_name()),
            Err(error) => {
                let detail = format!("The folder {} cannot be read: {error}.", dir.display());
                diags.push(Diagnostic::error("Failed to read variables file", detail));
            }
        }
    }
    let is_automatic = |name: &std::ffi::OsString| {
        let name = name.as_encoded_bytes();
        name.ends_with(b".auto.tfvars") || name.ends_with(b".auto.tfvars.json")
    };
    others.retain(is_automatic);
    others.sort();
    found.extend(others.into_iter().map(|name| dir.join(name)));
    found
}

/// Returns what a file assigns, with the places of the assignments.
pub(super) fn read(path: &Path, sources: &mut Sources, diags: &mut Diagnostics) -> Vec<(EcoString, Given, Span)> {
    let shown = path.strip_prefix(".").unwrap_or(path);
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) => {
            let detail = match error.kind() {
                ErrorKind::NotFound => format!("There is no file {}.", shown.display()),
                _ => format!("The file {} cannot be read: {error}.", shown.display()),
            };
            diags.push(Diagnostic::error("Failed to read variables file", detail));
            return Vec::new();
        }
    };
    let is_json = path.as_os_str().as_encoded_bytes().ends_with(b".json");
    let file = sources.add(shown, text.as_slice());
    let (tree, found) = if is_json { syntax::parse_json(file, &text) } else { syntax::parse(file, &text) };
    let failed = found.has_errors();
    diags.append(found);
    if failed {
        return Vec::new();
    }
    declarations(&tree.body, shown, diags);
    assignments(&tree.body, diags)
}

/// Reports blocks that declare variables: a frequent mix-up of the two kinds of file.
fn declarations(body: &Body, path: &Path, diags: &mut Diagnostics) {
    let Body::Native(native) = body else { return };
    for block in native.blocks.iter().filter(|block| block.kind.name == "variable") {
        let name = block.labels.first().map_or("NAME", |label| label.name.as_str());
        let detail = format!(
            "This file gives values to variables that are declared elsewhere: move the block into a file *.tf or \
             *.gantry.hcl. To set the variable in {}, write:\n    {name} = VALUE",
            path.display()
        );
        diags.error(block.header, "Variable declaration in .tfvars file", detail);
    }
}

fn assignments(body: &Body, diags: &mut Diagnostics) -> Vec<(EcoString, Given, Span)> {
    let is_declaration = |block: &Block| block.kind.name == "variable";
    let attributes = match body {
        // These have been reported, in better words than those for blocks that must not be here.
        Body::Native(native) if native.blocks.iter().any(is_declaration) => {
            body.just_attributes(&mut Diagnostics::new())
        }
        _ => body.just_attributes(diags),
    };
    let given = |attribute: Attribute| {
        let given = match body {
            Body::Json(_) => Given::Value(json_value(&attribute.expr)?),
            _ => Given::Expression(attribute.expr),
        };
        Some((attribute.name.name, given, attribute.span))
    };
    attributes.into_iter().filter_map(given).collect()
}

/// Returns the value that JSON is; strings are texts here, not templates.
fn json_value(tree: &Expr) -> Option<Value> {
    Some(match &tree.kind {
        ExprKind::Null => Value::NULL,
        ExprKind::Bool(value) => Value::bool(*value),
        ExprKind::Number(text) => Value::number(Number::parse(text).ok()?),
        ExprKind::JsonString(string) => Value::string(string.text.clone()),
        ExprKind::Tuple(items) => Value::tuple(items.iter().map(json_value).collect::<Option<Vec<_>>>()?),
        ExprKind::Object(items) => {
            let mut attributes: Vec<(EcoString, Value)> = Vec::with_capacity(items.len());
            for item in items {
                let name = json_value(&item.key)?;
                attributes.push((name.as_str()?.into(), json_value(&item.value)?));
            }
            Value::object(attributes)
        }
        _ => return None,
    })
}

/// Reads the text of a file of values; the error says what is wrong.
///
/// # Errors
///
/// If the text is not `name = constant` in every line.
pub fn decode_tfvars(text: &str) -> Result<Value, String> {
    let mut sources = Sources::default();
    let file = sources.add("<decode_tfvars argument>", text.as_bytes());
    let (tree, mut diags) = syntax::parse(file, text.as_bytes());
    let mut values = Vec::new();
    for (name, given, _) in assignments(&tree.body, &mut diags) {
        let Given::Expression(expr) = given else { continue };
        let (value, found) = lang::constant::evaluate(&expr);
        diags.append(found);
        values.push((name, value));
    }
    match diags.iter().find(|problem| problem.is_error()) {
        Some(problem) => {
            let line = problem.subject.map(|span| sources.file(file).position(span.start as usize).line).unwrap_or(1);
            Err(format!("line {line}: {}: {}", problem.summary, problem.detail))
        }
        None => Ok(Value::object(values)),
    }
}

#[cfg(test)]
mod tests {
    use value::Value;

    use super::decode_tfvars;

    #[test]
    fn reads_assignments_of_constants_and_nothing_else() {
        let object = Value::object([("a", Value::string("x")), ("b", Value::tuple([Value::number(1)]))]);
        assert_eq!(decode_tfvars("a = \"x\"\nb = [1]\n"), Ok(object));
        let check = |text: &str, expected: &str| {
            let error = decode_tfvars(text).expect_err("it makes no sense");
            assert!(error.starts_with(expected), "{error}");
        };
        check("a = 1\nb = c\n", "line 2: Variables not allowed");
        check("a = upper(\"x\")", "line 1: Function calls not allowed");
        check("a {}\n", "line 1: ");
        check("a = 1\na = 2\n", "line 2: Attribute redefined");
        check("a = [", "line 1: ");
    }
}
