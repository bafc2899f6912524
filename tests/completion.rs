//! Completion in real shells: what they offer behind words that are typed.
#![allow(clippy::print_stdout, reason = "what was skipped, and why, is said")]

use std::fs;
use std::path::Path;
use std::process::Command;

/// A folder with a configuration, in which a shell runs.
struct Shell {
    folder: tempfile::TempDir,
}

impl Shell {
    fn new() -> Shell {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let configuration = "resource \"terraform_data\" \"one\" {\n}\n\nvariable \"colour\" {\n  default = 1\n}\n";
        fs::write(folder.path().join("main.tf"), configuration).expect("it can be written");
        fs::write(folder.path().join("saved.plan"), "").expect("it can be written");
        Shell { folder }
    }

    /// Runs a script, and returns the words that it prints, sorted; nothing if there is no such shell.
    fn run(&self, shell: &str, arguments: &[&str], script: &str) -> Option<Vec<String>> {
        let program = Path::new(crate::program::GANTRY).parent().expect("it lies in a folder");
        #[expect(clippy::disallowed_methods, reason = "shells are found as the tests are told")]
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(shell);
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path()).env("TERM", "dumb");
        command.env("PATH", format!("{}:{path}", program.display())).args(arguments).arg(script);
        let ran = match command.output() {
            Ok(ran) => ran,
            Err(_) => {
                println!("skipped: {shell} is not there");
                return None;
            }
        };
        let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
        let mut words: Vec<String> = printed.lines().map(|line| line.trim_end().to_owned()).collect();
        words.sort();
        Some(words)
    }
}

fn check(found: Option<Vec<String>>, expected: &[&str]) {
    if let Some(found) = found {
        assert_eq!(found, expected);
    }
}

#[test]
fn bash_completes() {
    let shell = Shell::new();
    let words = |words: &str| {
        let script = format!(
            "source <(gantry completion bash); COMP_WORDS=(gantry {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _gantry; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        shell.run("bash", &["--norc", "-c"], &script)
    };
    check(words("pla"), &["plan"]);
    check(words("state sh"), &["show"]);
    check(words("plan -detailed"), &["-detailed-exitcode"]);
    check(words("plan -target = terraform_data.o"), &["terraform_data.one"]);
    check(words("plan -target terraform_data.o"), &["terraform_data.one"]);
    check(words("apply sav"), &["saved.plan"]);
    check(words("plan -out = sav"), &["saved.plan"]);
    check(words("plan -var col"), &["colour="]);
}

#[test]
fn zsh_completes() {
    let shell = Shell::new();
    // What the function would add is printed instead of shown.
    let words = |words: &str| {
        let script = format!(
            "compdef() {{ : }}; source <(gantry completion zsh); words=(gantry {words}); CURRENT=$#words; \
             compadd() {{ while [[ $1 != -- ]]; do shift; done; shift; print -l -- \"$@\" }}; \
             _files() {{ print -l -- *(N) }}; compset() {{ : }}; _gantry"
        );
        shell.run("zsh", &["-f", "-c"], &script)
    };
    check(words("pla"), &["plan"]);
    check(words("plan -target=terraform_data.o"), &["-target=terraform_data.one"]);
    check(words("state sh"), &["show"]);
    check(words("apply sav"), &["main.tf", "saved.plan"]);
}

#[test]
fn fish_completes() {
    let shell = Shell::new();
    let words = |words: &str| {
        let script =
            format!("gantry completion fish | source; complete -C 'gantry {words}' | string replace -r '\\t.*' ''");
        shell.run("fish", &["--no-config", "-c"], &script)
    };
    check(words("pla"), &["plan"]);
    check(words("plan -target=terraform_data.o"), &["-target=terraform_data.one"]);
    check(words("state sh"), &["show"]);
    check(words("apply sav"), &["saved.plan"]);
    check(words("plan -out=sav"), &["-out=saved.plan"]);
}

#[test]
fn nushell_completes() {
    let shell = Shell::new();
    let words = |words: &str| {
        let script = format!(
            "gantry completion nushell | save -f gantry.nu; nu --no-config-file --commands 'source gantry.nu; \
             do $env.config.completions.external.completer [gantry {words}] | get value | str join (char nl)'"
        );
        shell.run("nu", &["--no-config-file", "--commands"], &script)
    };
    check(words("pla"), &["plan"]);
    check(words("plan -target=terraform_data.o"), &["-target=terraform_data.one"]);
}
