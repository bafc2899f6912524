//! Small configurations, right and wrong, with what `terraform validate` says of each.
//!
//! `tests/configurations/THEME.txt` holds cases: `== NAME`, the files, each behind `-- PATH` (`main.tf` if there is no
//! such line), and the verdict that Terraform gave: `-> valid` or `-> error FILE:LINE SUMMARY`, a line each, warnings
//! likewise. Gantry is held to these verdicts everywhere; where Terraform is on PATH, it is asked again.
//! `UPDATE_EXPECT=1` with Terraform on PATH writes down what it says. Places decide, wordings do not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::program::{Program, in_parallel, is_terraform_there};
use crate::program::is_update_wanted;

/// Cases in which Gantry gives another verdict on purpose, with the reason. A case that no longer differs has to go.
#[rustfmt::skip]
const DIFFERENCES: &[(&str, &str)] = &[
    // sorted
    ("check that refers to nothing", "one mistake, one message: Terraform adds that the check has no assertion"),
    ("check whose condition is no bool", "one mistake, one message: Terraform adds that the check has no assertion"),
    ("cloud and backend", "we point at the second of the two"),
    ("heredoc that is not closed", "we point at its beginning, Terraform at the end of the file"),
    ("module with a quoted provider", "Terraform stumbles over its own built-in provider"),
    ("module with a required version inside", "`terraform get` refuses to install it, and its file is not looked at"),
    ("module with a source from a variable", "variables may stand there, as in OpenTofu and Terraform 1.15"),
    ("module with a syntax error inside", "`terraform get` refuses to install it, and its file is not looked at"),
    ("module with a version of a local path", "we point at the version, which is what has to go"),
    ("module with providers", "Terraform stumbles over its own built-in provider"),
    ("moved to itself", "we warn, Terraform finds it when planning only"),
    ("provider configuration with an unknown argument", "Terraform never looks into this provider's configuration"),
    ("provider name impossible", "a provider that is not there is a warning until providers can be installed"),
    ("provider with a mixed-case name", "a provider that is not there is a warning until providers can be installed"),
    ("provider with for_each", "providers may have `for_each`, as in OpenTofu"),
    ("removed of a module that is still there", "we warn, Terraform finds it when planning only"),
    ("removed of what is still there", "we warn, Terraform finds it when planning only"),
    ("required provider of an unknown host", "not yet: a provider that nothing uses"),
    ("resource of an unknown provider", "a provider that is not there is a warning until providers can be installed"),
    ("resource of itself", "we warn, Terraform finds it when planning only"),
    ("resource provider with an index", "providers may have `for_each`, as in OpenTofu"),
    ("resource replaced by what is not there", "we warn, Terraform finds it when planning only"),
    ("resource that ignores what it decides itself", "we point at the element, Terraform at the resource"),
    ("short circuit does not save", "`&&` and `||` look at the second operand only if it counts, as in Terraform 1.12"),
    ("text that is not closed", "one mistake, one message"),
    ("two mistakes in two blocks", "a mistake in one block does not hide those in others"),
    ("variable with a validation whose message is no string", "Terraform looks at messages only when it shows them"),
];

/// One configuration with its expected verdict.
struct Case {
    theme: PathBuf,
    name: String,
    files: Vec<(String, String)>,
    verdict: Vec<String>,
}

#[test]
fn gantry_finds_what_terraform_finds() {
    let cases = cases();
    let found = in_parallel(&cases, |case| case.ask(Program::Gantry));
    let mut agreements = 0;
    let mut same_validity = 0;
    let mut complaints = Vec::new();
    for (case, found) in cases.iter().zip(found) {
        let same = is_valid(&found) == is_valid(&case.verdict);
        let agrees = same && agree(&found, &case.verdict);
        same_validity += usize::from(same);
        agreements += usize::from(agrees);
        let known = DIFFERENCES.iter().find(|(name, _)| *name == case.name);
        match (agrees, known) {
            (true, Some(_)) => complaints.push(format!("{}: no longer differs; take it off the list", case.name)),
            (false, None) => complaints.push(case.complaint("gantry", &found)),
            _ => {}
        }
    }
    let unknown = DIFFERENCES.iter().filter(|(name, _)| cases.iter().all(|case| case.name != *name));
    complaints.extend(unknown.map(|(name, _)| format!("{name}: there is no such case")));
    let figure = format!(
        "of {} configurations {same_validity} are as valid as in Terraform, {agreements} for the same reasons",
        cases.len()
    );
    println!("{figure}");
    assert!(complaints.is_empty(), "\n{}\n{figure}", complaints.join("\n"));
}

#[test]
fn terraform_still_says_what_is_written_down() {
    if !is_terraform_there("verdicts on configurations") {
        return;
    }
    let cases = cases();
    let found = in_parallel(&cases, |case| case.ask(Program::Terraform));
    if is_update_wanted() {
        return write_down(&cases, &found);
    }
    let both = cases.iter().zip(&found).filter(|(case, found)| case.verdict != **found);
    let complaints: Vec<String> = both.map(|(case, found)| case.complaint("terraform", found)).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configurations");
    let entries = fs::read_dir(folder).expect("the folder of the configurations can be read");
    let mut themes: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    themes.sort();
    let cases: Vec<Case> = themes.iter().flat_map(|theme| cases_of(theme)).collect();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two cases have the same name");
    assert!(!cases.is_empty(), "there is no case");
    cases
}

fn cases_of(theme: &Path) -> Vec<Case> {
    let text = fs::read_to_string(theme).expect("a theme can be read");
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            let name = name.to_owned();
            cases.push(Case { theme: theme.to_path_buf(), name, files: Vec::new(), verdict: Vec::new() });
            continue;
        }
        // Lines in front of the first case say what the theme is.
        let Some(case) = cases.last_mut() else { continue };
        if let Some(path) = line.strip_prefix("-- ") {
            case.files.push((path.to_owned(), String::new()));
        } else if let Some(verdict) = line.strip_prefix("-> ") {
            case.verdict.push(verdict.to_owned());
        } else if case.verdict.is_empty() {
            if case.files.is_empty() {
                case.files.push(("main.tf".to_owned(), String::new()));
            }
            let text = &mut case.files.last_mut().expect("there is one now").1;
            text.push_str(line);
            text.push('\n');
        }
    }
    cases
}

/// Writes the verdicts into the themes.
fn write_down(cases: &[Case], found: &[Vec<String>]) {
    let themes: BTreeSet<&PathBuf> = cases.iter().map(|case| &case.theme).collect();
    for theme in themes {
        let text = fs::read_to_string(theme).expect("a theme can be read");
        let mut written: Vec<String> = Vec::new();
        let mut open: Option<&Vec<String>> = None;
        for line in text.lines().filter(|line| !line.starts_with("-> ")) {
            if let Some(name) = line.strip_prefix("== ") {
                close(&mut written, open.take());
                open = cases.iter().zip(found).find(|(case, _)| case.name == name).map(|(_, found)| found);
            }
            written.push(line.to_owned());
        }
        close(&mut written, open);
        while written.last().is_some_and(String::is_empty) {
            written.pop();
        }
        fs::write(theme, written.join("\n") + "\n").expect("a theme can be written");
    }
}

/// Ends a case: the verdict, then one empty line.
fn close(written: &mut Vec<String>, verdict: Option<&Vec<String>>) {
    let Some(verdict) = verdict else { return };
    while written.last().is_some_and(String::is_empty) {
        written.pop();
    }
    written.extend(verdict.iter().map(|line| format!("-> {line}")));
    written.push(String::new());
}

/// Tells whether two verdicts name the same places, whatever they say there.
///
/// Where Terraform names no place (it does not for cycles), any place of ours will do.
fn agree(found: &[String], expected: &[String]) -> bool {
    let places = |verdict: &[String]| -> BTreeSet<String> {
        verdict.iter().map(|line| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ")).collect()
    };
    let (found, mut expected) = (places(found), places(expected));
    let placeless = expected.remove("error -") | expected.remove("error :0");
    let is_subset = expected.is_subset(&found);
    is_subset && (placeless || found.is_subset(&expected))
}

fn is_valid(verdict: &[String]) -> bool {
    verdict.iter().any(|line| line == "valid")
}

impl Case {
    /// Returns what a program says of the configuration, sorted, each line once.
    fn ask(&self, program: Program) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (path, text) in &self.files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("the folder can be made");
            // A last empty line belongs to the layout of the theme.
            let text = if text.ends_with("\n\n") || text == "\n" { &text[..text.len() - 1] } else { text };
            fs::write(path, text).expect("the file can be written");
        }
        let calls_modules = self.files.iter().any(|(_, text)| text.contains("module"));
        if program == Program::Terraform && calls_modules {
            // What is wrong with the configuration is told here, too, and once more by what follows.
            program.run(folder.path(), &["get"], "");
        }
        let output = program.run(folder.path(), &["validate", "-json"], "");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let Some(diagnostics) = report["diagnostics"].as_array() else {
            return vec![format!("no report: {}", String::from_utf8_lossy(&output.stderr).trim())];
        };
        let verdict: BTreeSet<String> = diagnostics.iter().map(line).collect();
        let mut verdict: Vec<String> = verdict.into_iter().collect();
        if report["valid"] == true {
            verdict.insert(0, "valid".to_owned());
        }
        verdict
    }

    fn complaint(&self, program: &str, found: &[String]) -> String {
        let text: BTreeMap<&str, &str> = self.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let text: String = text.iter().map(|(path, text)| format!("-- {path}\n{text}")).collect();
        format!(
            "== {}\n{text}expected:\n  {}\n{program} says:\n  {}\n",
            self.name,
            self.verdict.join("\n  "),
            found.join("\n  ")
        )
    }
}

fn line(diagnostic: &serde_json::Value) -> String {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let range = &diagnostic["range"];
    let place = match range.is_null() {
        true => "-".to_owned(),
        false => format!("{}:{}", text(&range["filename"]), range["start"]["line"]),
    };
    let summary = text(&diagnostic["summary"]);
    // Terraform begins a cycle now here, now there.
    let summary = if summary.starts_with("Cycle: ") { "Cycle" } else { &summary };
    format!("{} {place} {summary}", text(&diagnostic["severity"]))
}
