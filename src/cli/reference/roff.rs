//! Man pages.

use crate::commands::{COMMANDS, Command};
use crate::environment::VARIABLES;
use crate::usage;

/// The section of manuals for programs.
const SECTION: &str = "1";

/// Returns the name of a command's page: `gantry-state-list`.
pub(crate) fn name(command: &Command) -> String {
    format!("gantry-{}", command.name.replace(' ', "-"))
}

/// Returns the page of the program itself.
pub(crate) fn of_program() -> String {
    let mut page = head("gantry", "lift whole data platforms into place");
    page.push_str(".SH SYNOPSIS\n.B gantry\n[global options] COMMAND [options] [arguments]\n");
    page.push_str(".SH DESCRIPTION\n");
    page.push_str(
        "Gantry brings Kubernetes clusters and what runs on them to what a configuration says.\n\
         Flags may be written with one dash or two.\n",
    );
    page.push_str(".SH GLOBAL OPTIONS\n");
    for (flag, help) in usage::GLOBALS {
        page.push_str(&item(flag, help));
    }
    page.push_str(".SH COMMANDS\n");
    for command in COMMANDS {
        page.push_str(&format!(
            ".TP\n.BR {} ({SECTION})\n{}\n",
            escaped(&name(command)),
            escaped(&usage::summary(command))
        ));
    }
    page.push_str(".SH ENVIRONMENT\n");
    for variable in VARIABLES {
        page.push_str(&item(variable.name, &variable.effect.replace('`', "")));
    }
    page
}

/// Returns the page of a command.
pub(crate) fn of_command(command: &Command) -> String {
    let definition = command.definition();
    let mut page = head(&name(command), &usage::summary(command));
    let synopsis = usage::synopsis(command, &definition);
    page.push_str(&format!(".SH SYNOPSIS\n{}\n.SH DESCRIPTION\n", escaped(&synopsis)));
    page.push_str(&paragraphs(&usage::paragraphs(&definition)));
    let flags: Vec<_> = definition.get_opts().collect();
    if !flags.is_empty() {
        page.push_str(".SH OPTIONS\n");
        for flag in flags {
            page.push_str(&item(&usage::flag(flag), &usage::help(flag)));
        }
    }
    page.push_str(&format!(".SH SEE ALSO\n.BR gantry ({SECTION})\n"));
    page
}

fn head(name: &str, about: &str) -> String {
    let version = lang::version::PROGRAM_VERSION;
    // A page's name line holds the name with its dashes as they are: indexes of manuals are made from it.
    format!(
        ".TH \"{}\" \"{SECTION}\" \"\" \"Gantry {version}\" \"Gantry\"\n.SH NAME\n{name} \\- {}\n",
        name.to_uppercase(),
        escaped(about)
    )
}

/// Writes paragraphs, the first of which needs no break in front.
fn paragraphs(texts: &[String]) -> String {
    texts.iter().map(|text| format!("{}\n", escaped(text))).collect::<Vec<_>>().join(".PP\n")
}

fn item(name: &str, text: &str) -> String {
    format!(".TP\n.B {}\n{}\n", escaped(name), escaped(text))
}

/// Writes text so that nothing of it is taken as a request: backslashes, dashes, and lines that begin like one.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let lines = text.lines().map(|line| match line.starts_with(['.', '\'']) {
        true => format!("\\&{line}"),
        false => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
