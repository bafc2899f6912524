//! Repositories, fetched by the `git` program: it knows the user's keys, proxies and ways to log in.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::http::without_secrets;

/// The ways to reach a repository. Others run programs of the address's choosing.
const PROTOCOLS: &str = "file:git:http:https:ssh";
/// The same for repositories inside of repositories, which their authors chose: none of this machine.
const PROTOCOLS_INSIDE: &str = "git:http:https:ssh";

/// Fetches a repository into an empty folder.
pub(super) fn fetch(url: &str, reference: Option<&str>, depth: Option<u32>, into: &Path) -> Result<(), Failure> {
    // Most modules are a tag of a repository with a long past that nobody asked for.
    let depth_text = format!("--depth={}", depth.unwrap_or(1));
    let at_name = reference.map(|reference| format!("--branch={reference}"));
    let is_name = reference.is_none_or(|reference| !looks_like_commit(reference));
    if is_name {
        let mut arguments = vec!["clone", "--quiet", &depth_text];
        arguments.extend(at_name.as_deref());
        arguments.extend(["--", url, "."]);
        match run(url, into, &arguments) {
            Ok(()) => return submodules(url, into),
            Err(failure) if reference.is_none() || depth.is_some() => return Err(failure),
            // Some servers give no part of a repository, and some names are neither a branch nor a tag.
            Err(_) => empty(into)?,
        }
    }
    run(url, into, &["clone", "--quiet", "--", url, "."])?;
    if let Some(reference) = reference {
        run(url, into, &["checkout", "--quiet", reference, "--"])?;
    }
    submodules(url, into)
}

fn looks_like_commit(reference: &str) -> bool {
    const DIGITS_MIN: usize = 7;
    reference.len() >= DIGITS_MIN && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn submodules(url: &str, folder: &Path) -> Result<(), Failure> {
    if !folder.join(".gitmodules").is_file() {
        return Ok(());
    }
    run_with(url, folder, &["submodule", "--quiet", "update", "--init", "--recursive", "--depth=1"], PROTOCOLS_INSIDE)
}

fn empty(folder: &Path) -> Result<(), Failure> {
    let emptied = std::fs::remove_dir_all(folder).and_then(|()| std::fs::create_dir(folder));
    emptied.map_err(|error| Failure::new("Cannot install module", format!("{}: {error}.", folder.display())))
}

fn run(url: &str, folder: &Path, arguments: &[&str]) -> Result<(), Failure> {
    run_with(url, folder, arguments, PROTOCOLS)
}

fn run_with(url: &str, folder: &Path, arguments: &[&str], protocols: &str) -> Result<(), Failure> {
    let problem = |what: String| {
        let detail = format!("The repository {} could not be fetched: {what}", without_secrets(url));
        Failure::new("Failed to download module", detail)
    };
    let output = Command::new("git")
        // A connection that stands still for a minute is given up.
        .args(["-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60", "-c", "advice.detachedHead=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_ALLOW_PROTOCOL", protocols)
        // Nobody is there to answer.
        .env("GIT_TERMINAL_PROMPT", "0")
        // Inside of a hook these name the repository of whoever runs us.
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_WORK_TREE")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| problem(format!("the program git cannot be run: {error}. Is it installed?")))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let text = text.trim().replace(url, &without_secrets(url));
    Err(problem(format!("git says\n{text}")))
}
