//! Tests of reading arguments.

use clap::{Arg, ArgAction};

use super::*;
use crate::commands::as_go_flags;

fn definition() -> clap::Command {
    as_go_flags(
        clap::Command::new("x")
            .arg(Arg::new("check").long("check").action(ArgAction::SetTrue))
            .arg(Arg::new("var").long("var").action(ArgAction::Append))
            .arg(Arg::new("paths").num_args(0..)),
    )
}

fn words(text: &str) -> Vec<OsString> {
    text.split(' ').filter(|w| !w.is_empty()).map(OsString::from).collect()
}

fn check(typed: &str, expected: &str) {
    assert_eq!(normalise(&words(typed), &definition()), words(expected), "{typed}");
}

#[test]
fn takes_one_dash_and_two_alike() {
    check("-check a -var=b --var=c", "--check a --var=b --var=c");
}

#[test]
fn joins_a_text_flag_with_the_argument_behind_it() {
    check("-var a=b c", "--var=a=b c");
    check("--var -check", "--var=-check");
}

#[test]
fn never_joins_a_yes_or_no_flag_with_the_argument_behind_it() {
    check("-check false", "--check false");
    check("-check=false", "--check=false");
}

#[test]
fn leaves_alone_what_stands_behind_two_dashes() {
    check("-check -- -var - x", "--check -- -var - x");
    check("-", "-");
}

/// Reads arguments as the definition above has them and says what is wrong with them.
fn explained(typed: &str) -> Option<String> {
    let typed = words(typed);
    let definition = definition();
    let error = definition.clone().try_get_matches_from(normalise(&typed, &definition)).err()?;
    let (summary, detail) = explain(&error, &typed, &definition);
    Some(format!("{summary}: {detail}"))
}

#[test]
fn names_flags_as_they_were_typed() {
    let explained = |typed| explained(typed).expect("the arguments are wrong");
    assert_eq!(explained("-chek"), "Unknown flag: This command has no flag -chek. Did you mean -check?");
    assert_eq!(explained("--nothing=1"), "Unknown flag: This command has no flag --nothing.");
    let value = "Invalid value for a flag: The value \"maybe\" of -check is not right: it must be true or false.";
    assert_eq!(explained("-check=maybe"), value);
    assert_eq!(explained("a -var"), "Missing value: The flag -var needs a value.");
}

#[test]
fn lets_the_last_of_a_repeated_flag_win() {
    let definition = definition();
    let read = |typed| {
        let matches = definition.clone().try_get_matches_from(normalise(&words(typed), &definition)).ok()?;
        matches.get_one::<bool>("check").copied()
    };
    assert_eq!(read("-check -check=false"), Some(false));
    assert_eq!(read("-check=f -check"), Some(true));
    assert_eq!(read(""), Some(false));
}

/// Runs `gantry` in memory; returns exit code, standard output and standard error.
fn ran(typed: &str) -> (u8, String, String) {
    let (out, err, ui) = crate::ui::testing::in_memory(b"");
    let environment = crate::Environment::of([("TF_CLI_ARGS_fmt", "-check 'x")]);
    let exit =
        crate::run(words(typed), Session { ui, environment, providers: &[], started_in: std::path::PathBuf::new() });
    (exit.0, out.text(), err.text())
}

#[test]
fn shows_the_overview_where_no_command_is_named() {
    let (exit, out, err) = ran("");
    assert_eq!((exit, err.as_str()), (127, ""));
    assert_eq!(ran("-help"), (0, out.clone(), String::new()));
    assert!(out.contains("  fmt "), "{out}");
}

#[test]
fn shows_help_wherever_the_flag_stands() {
    let (exit, page, err) = ran("fmt -h");
    assert_eq!((exit, err.as_str()), (0, ""));
    for typed in ["-help fmt", "fmt --help", "fmt a -bogus -help"] {
        assert_eq!(ran(typed), (0, page.clone(), String::new()), "{typed}");
    }
}

#[test]
fn names_the_nearest_command() {
    let (exit, out, err) = ran("fnt");
    assert_eq!((exit, out.as_str()), (1, ""));
    assert!(err.contains("Gantry has no command named \"fnt\". Did you mean \"fmt\"?"), "{err}");
}

#[test]
fn refuses_unknown_flags_in_front_of_the_command() {
    let (exit, _, err) = ran("-chdri=x fmt");
    assert_eq!(exit, 1);
    assert!(err.contains("There is no flag -chdri=x in front of the command. Did you mean -chdir?"), "{err}");
    let (exit, _, err) = ran("-chdir fmt");
    assert_eq!(exit, 1);
    assert!(err.contains("-chdir=DIR"), "{err}");
}

#[test]
fn names_the_variable_whose_quotes_are_not_closed() {
    let (exit, _, err) = ran("fmt");
    assert_eq!(exit, 1);
    assert!(err.contains("TF_CLI_ARGS_fmt has a quote that is not closed"), "{err}");
}
