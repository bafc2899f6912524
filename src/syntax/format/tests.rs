//! Tests of the formatter: against what was recorded from `terraform fmt`, and against the program itself if it is there.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::corpus::CASES;
use super::format;
use super::mutate::{Random, mutate};

/// Mutations made of each case of the corpus.
const MUTATIONS_PER_CASE: u64 = 4;

fn show(text: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(text))
}

fn check(input: &[u8], expected: &[u8]) {
    let actual = format(input);
    assert_eq!(show(&actual), show(expected), "formatted from {}", show(input));
}

fn cases() -> impl Iterator<Item = (&'static str, &'static [u8], &'static [u8])> {
    CASES
        .iter()
        .flat_map(|(name, cases)| cases.iter().map(|(input, output)| (*name, input.as_bytes(), output.as_bytes())))
}

fn mutations_of(number: usize, input: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let first = number as u64 * MUTATIONS_PER_CASE + 1;
    (first..first + MUTATIONS_PER_CASE).map(move |seed| mutate(input, &mut Random::new(seed)))
}

#[test]
fn formats_the_corpus_as_recorded() {
    let failures: Vec<String> = cases()
        .filter(|(_, input, output)| format(input) != *output)
        .map(|(name, input, output)| {
            format!("{name}: {}\n  expected {}\n  got      {}", show(input), show(output), show(&format(input)))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn formatting_twice_changes_nothing_more() {
    // Only one pair of quotes is taken off at a time, there as here.
    let is_wrapped_twice = |text: &[u8]| text.starts_with(br#"a = "${"${foo}"}""#);
    for (number, (_, input, output)) in cases().enumerate() {
        if is_wrapped_twice(input) {
            continue;
        }
        check(output, output);
        for once in mutations_of(number, input).map(|text| format(&text)) {
            check(&once, &once);
        }
    }
}

#[test]
fn keeps_what_terraform_fmt_loses() {
    check(b"foo \"a$b\" \"c%\" {}\n", b"foo \"a$b\" \"c%\" {}\n");
    check(b"foo \"$${a}\" b {}\n", b"foo \"$${a}\" \"b\" {}\n");
    check(b"a = foo [ true ]\nb = foo[ null ]\n", b"a = foo[true]\nb = foo[null]\n");
}

#[test]
fn keeps_bytes_that_are_not_utf8_in_comments() {
    check(b"a=1 /* \xe9 */ # x\nbbbbbbbbb=1 # \xe9\n", b"a         = 1 /* \xe9 */ # x\nbbbbbbbbb = 1         # \xe9\n");
}

#[test]
fn changes_nothing_but_spaces_and_quotes_in_any_text() {
    let mut random = Random::new(7);
    let parts =
        ["a", "=", "${", "}", "{", "\n", "[", "]", "(", ")", "~}", " ", "type", "variable", ".", "é", "\r", ","];
    let visible = |text: &[u8]| -> String {
        String::from_utf8_lossy(text).chars().filter(|char| !char.is_whitespace() && *char != '"').collect()
    };
    for _ in 0..3000 {
        let text: String = (0..random.below(30)).map(|_| random.pick(&parts)).collect();
        assert_eq!(visible(&format(text.as_bytes())), visible(text.as_bytes()), "formatted from {text:?}");
    }
}

#[test]
fn takes_any_template_without_panic() {
    let mut random = Random::new(8);
    let parts =
        ["a", "=", "\"", "${", "%{", "}", "{", "\n", "<<E\n", "E\n", "#", "/*", "*/", "~}", "type", "\\", "variable"];
    for _ in 0..3000 {
        let text: String = (0..random.below(30)).map(|_| random.pick(&parts)).collect();
        assert!(format(text.as_bytes()).len() <= 60 * text.len() + 60, "formatted from {text:?}");
    }
}

#[test]
fn agrees_with_terraform_on_the_corpus_and_its_mutations() {
    let mut inputs: Vec<Vec<u8>> = cases().map(|(_, input, _)| input.to_vec()).collect();
    let recorded = inputs.len();
    inputs.extend(cases().enumerate().flat_map(|(number, (_, input, _))| mutations_of(number, input)));
    let Some(outputs) = terraform_fmt(&inputs) else { return };
    for ((_, input, output), theirs) in cases().zip(&outputs[..recorded]) {
        assert_eq!(show(output), show(theirs), "recorded for {}", show(input));
    }
    for (input, theirs) in inputs.iter().zip(&outputs) {
        check(input, theirs);
    }
}

/// Formats texts with one run of the reference, or returns nothing if it is not there.
#[expect(clippy::print_stderr, reason = "a test that checks nothing has to say so")]
#[expect(clippy::disallowed_methods, reason = "the surroundings of the test, not of the program")]
fn terraform_fmt(inputs: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let path = std::env::var_os("PATH")?;
    if !std::env::split_paths(&path).any(|folder| folder.join("terraform").is_file()) {
        eprintln!("skipped: terraform is not on PATH");
        return None;
    }
    let folder = std::env::temp_dir().join(format!("gantry-format-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be made");
    let outputs = terraform_fmt_in(&folder, inputs);
    std::fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
    Some(outputs)
}

fn terraform_fmt_in(folder: &Path, inputs: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let file = |number: usize| -> PathBuf { folder.join(format!("{number}.tf")) };
    for (number, input) in inputs.iter().enumerate() {
        std::fs::write(file(number), input).expect("an input can be written");
    }
    let settings = folder.join("settings.tfrc");
    std::fs::write(&settings, "").expect("the settings can be written");
    let run = Command::new("terraform")
        .args(["fmt", "-list=false", "-no-color"])
        .current_dir(folder)
        .env("TF_CLI_CONFIG_FILE", &settings)
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .expect("terraform runs");
    let messages = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}", &messages[..messages.len().min(4000)]);
    (0..inputs.len()).map(|number| std::fs::read(file(number)).expect("an output can be read")).collect()
}
