//! Where a module comes from: what the text behind `source` means.

use std::fmt;
use std::path::{Component, Path};

/// A source that is no folder beside the calling module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What is fetched.
    pub package: Package,
    /// The folder in it that holds the module; empty for all of it.
    pub subfolder: String,
}

/// Something that can be fetched as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Package {
    /// A module of a registry.
    Registry(RegistryModule),
    /// A repository, by its address, with the query `ref`, `depth` behind it.
    Git {
        /// The address without query.
        url: String,
        /// Branch, tag or commit.
        reference: Option<String>,
        /// How many commits to fetch.
        depth: Option<u32>,
    },
    /// An archive, or a page that tells where one is.
    Http {
        /// The address with its query.
        url: String,
    },
    /// A folder by its absolute path.
    Folder(String),
}

/// A module of a registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegistryModule {
    /// The registry's host.
    pub host: String,
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The system that it is for.
    pub system: String,
}

impl fmt::Display for RegistryModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.host, self.namespace, self.name, self.system)
    }
}

/// Tells whether two texts mean the same source.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    a == b || matches!((Source::parse(a), Source::parse(b)), (Ok(a), Ok(b)) if a == b)
}

impl Source {
    /// Reads the text of a source; the error says what it is not.
    pub fn parse(text: &str) -> Result<Source, String> {
        let (text, subfolder) = split_subfolder(text)?;
        if let Some(module) = registry(&text)? {
            return Ok(Source { package: Package::Registry(module), subfolder });
        }
        let (package, inner) = remote(&text)?;
        let subfolder = match (inner.is_empty(), subfolder.is_empty()) {
            (false, false) => format!("{inner}/{subfolder}"),
            _ => inner + &subfolder,
        };
        Ok(Source { package, subfolder })
    }
}

/// Parts `PACKAGE//SUBFOLDER?QUERY` into `PACKAGE?QUERY` and `SUBFOLDER`.
fn split_subfolder(text: &str) -> Result<(String, String), String> {
    let start = text.find("://").map_or(0, |at| at + 3);
    let Some(at) = text[start..].find("//").map(|at| start + at) else { return Ok((text.to_owned(), String::new())) };
    let (package, rest) = (&text[..at], &text[at + 2..]);
    let (subfolder, query) = rest.split_once('?').map_or((rest, ""), |(path, query)| (path, query));
    let subfolder = subfolder.trim_matches('/');
    let is_plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(subfolder).components().all(is_plain) {
        return Err(format!("the subfolder {subfolder:?} leads out of the package"));
    }
    let package = if query.is_empty() { package.to_owned() } else { format!("{package}?{query}") };
    Ok((package, subfolder.to_owned()))
}

/// Hosts of repositories: three parts below them are no registry module.
const REPOSITORY_HOSTS: [&str; 3] = ["bitbucket.org", "github.com", "gitlab.com"];

/// Reads `[HOST/]NAMESPACE/NAME/SYSTEM`.
fn registry(text: &str) -> Result<Option<RegistryModule>, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let (host, [namespace, name, system]) = match parts[..] {
        [a, b, c] => (None, [a, b, c]),
        [host, a, b, c] => (Some(host), [a, b, c]),
        _ => return Ok(None),
    };
    let is_name = |part: &str| {
        let is_word = |c: char| c.is_ascii_alphanumeric();
        part.starts_with(is_word) && part.ends_with(is_word) && part.chars().all(|c| is_word(c) || c == '-' || c == '_')
    };
    let host = host.unwrap_or(addr::DEFAULT_HOST).to_lowercase();
    let host_name = host.split_once(':').map_or(host.as_str(), |(name, _)| name);
    if REPOSITORY_HOSTS.contains(&host_name) || REPOSITORY_HOSTS.contains(&namespace) {
        return Ok(None);
    }
    if !is_host(&host) || ![namespace, name, system].into_iter().all(is_name) {
        return Ok(None);
    }
    let owned = |part: &str| part.to_owned();
    Ok(Some(RegistryModule {
        host: owned(&host),
        namespace: owned(namespace),
        name: owned(name),
        system: owned(system),
    }))
}

fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let labels_fit = name.split('.').all(|label| {
        !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-') && !label.starts_with('-')
    });
    labels_fit && (name.contains('.') || name == "localhost") && port.parse::<u16>().is_ok()
}

/// Reads everything else, and what the shorthands say of the subfolder.
fn remote(text: &str) -> Result<(Package, String), String> {
    if let Some((getter, rest)) = text.split_once("::") {
        return match getter {
            "git" => Ok(git_or_shorthand(rest)?),
            "http" | "https" => http(rest).map(|package| (package, String::new())),
            _ => Err(format!("modules cannot be fetched by {getter:?}: there are git:: and https addresses")),
        };
    }
    if let Some(found) = shorthand(text)? {
        return Ok(found);
    }
    if let Some(path) = text.strip_prefix("file://").or(Path::new(text).is_absolute().then_some(text)) {
        return Ok((Package::Folder(path.to_owned()), String::new()));
    }
    if text.starts_with("http://") || text.starts_with("https://") {
        return http(text).map(|package| (package, String::new()));
    }
    if text.starts_with("git://") || text.starts_with("ssh://") {
        return git(text).map(|package| (package, String::new()));
    }
    Err(format!(
        "write \"./{text}\" for a folder beside this module, or an address with its scheme: git::https://…, https://…"
    ))
}

fn http(url: &str) -> Result<Package, String> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err("an address of an archive begins with https://".to_owned());
    }
    Ok(Package::Http { url: url.to_owned() })
}

fn git_or_shorthand(text: &str) -> Result<(Package, String), String> {
    match shorthand(text)? {
        Some(found) => Ok(found),
        None => git(text).map(|package| (package, String::new())),
    }
}

/// Reads `github.com/OWNER/NAME` and `git@HOST:PATH`.
fn shorthand(text: &str) -> Result<Option<(Package, String)>, String> {
    for host in ["github.com", "bitbucket.org"] {
        let Some(path) = text.strip_prefix(host).and_then(|rest| rest.strip_prefix('/')) else { continue };
        let (path, query) = path.split_once('?').map_or((path, ""), |(path, query)| (path, query));
        let mut parts = path.split('/');
        let (Some(owner), Some(name)) = (parts.next(), parts.next().filter(|name| !name.is_empty())) else {
            return Err(format!("a repository of {host} is {host}/OWNER/NAME"));
        };
        let name = name.strip_suffix(".git").unwrap_or(name);
        let inner: Vec<&str> = parts.collect();
        let package = git(&format!("https://{host}/{owner}/{name}.git?{query}"))?;
        return Ok(Some((package, inner.join("/"))));
    }
    // `USER@HOST:PATH`, the form that ssh knows; a scheme or a slash in front of the colon is something else.
    if let Some((user_and_host, path)) = text.split_once(':')
        && let Some((user, host)) = user_and_host.split_once('@')
        && !user_and_host.contains('/')
        && !path.starts_with("//")
        && is_user(user)
    {
        return git(&format!("ssh://{user}@{host}/{}", path.trim_start_matches('/'))).map(|p| Some((p, String::new())));
    }
    Ok(None)
}

fn is_user(user: &str) -> bool {
    let starts = |c: char| c.is_ascii_alphanumeric() || c == '_';
    user.starts_with(starts) && user.chars().all(|c| starts(c) || c == '-' || c == '.')
}

/// How git may reach a repository. Its other ways run programs or are none for strangers.
const GIT_SCHEMES: [&str; 5] = ["file", "git", "http", "https", "ssh"];

fn git(text: &str) -> Result<Package, String> {
    let text = if Path::new(text).is_absolute() { format!("file://{text}") } else { text.to_owned() };
    let (url, query) = text.split_once('?').map_or((text.as_str(), ""), |(url, query)| (url, query));
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if scheme.is_none_or(|scheme| !GIT_SCHEMES.contains(&scheme)) {
        return Err(format!("a repository is reached by {}, and {url:?} is none of these", GIT_SCHEMES.join(", ")));
    }
    // What ssh would take for an option.
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    if host.starts_with('-') || host.split('/').next().is_some_and(|host| host.contains("@-")) {
        return Err("the name of a host does not begin with a dash".to_owned());
    }
    if url.chars().any(|c| c.is_control() || c == ' ') {
        return Err("an address has no spaces or control characters".to_owned());
    }
    let (mut reference, mut depth) = (None, None);
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = decoded(value);
        match name {
            // What begins with a dash would be an option to git.
            "ref" if value.starts_with('-') || value.chars().any(char::is_control) => {
                return Err(format!("{value:?} is no branch, tag or commit"));
            }
            "ref" => reference = Some(value).filter(|value| !value.is_empty()),
            "depth" => depth = Some(value.parse().map_err(|_| format!("depth is a number, not {value:?}"))?),
            _ => {
                return Err(format!("a repository's address has ref and depth behind the question mark, not {name:?}"));
            }
        }
    }
    Ok(Package::Git { url: url.to_owned(), reference, depth })
}

/// Decodes `%20` and the like; what is no code stays.
fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes it as the manifest has it: shorthands written out.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = if self.subfolder.is_empty() { String::new() } else { format!("//{}", self.subfolder) };
        match &self.package {
            Package::Registry(module) => write!(f, "{module}{inside}"),
            Package::Git { url, reference, depth } => {
                let reference = reference.as_ref().map(|reference| format!("ref={reference}"));
                let depth = depth.map(|depth| format!("depth={depth}"));
                let query: Vec<String> = reference.into_iter().chain(depth).collect();
                let mark = if query.is_empty() { "" } else { "?" };
                write!(f, "git::{url}{inside}{mark}{}", query.join("&"))
            }
            Package::Http { url } => match url.split_once('?') {
                Some((path, query)) => write!(f, "{path}{inside}?{query}"),
                None => write!(f, "{url}{inside}"),
            },
            Package::Folder(path) => write!(f, "file://{path}{inside}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let written = Source::parse(text).map_or_else(|error| format!("error: {error}"), |source| source.to_string());
        if expected == "error" {
            assert!(written.starts_with("error: "), "{text}: {written}");
        } else {
            assert_eq!(written, expected, "{text}");
        }
    }

    /// What Terraform 1.11.4 said it was fetching for these.
    #[test]
    fn means_by_a_source_what_terraform_means() {
        check("github.com/org/repo", "git::https://github.com/org/repo.git");
        check("github.com/org/repo//sub?ref=v1", "git::https://github.com/org/repo.git//sub?ref=v1");
        check("github.com/org/repo/deep/er", "git::https://github.com/org/repo.git//deep/er");
        check("git::github.com/org/repo", "git::https://github.com/org/repo.git");
        check("bitbucket.org/a/b", "git::https://bitbucket.org/a/b.git");
        check("git@github.com:org/repo.git//x?ref=a", "git::ssh://git@github.com/org/repo.git//x?ref=a");
        check("git::git@github.com:org/repo.git", "git::ssh://git@github.com/org/repo.git");
        check("git::ssh://git@github.com/org/repo", "git::ssh://git@github.com/org/repo");
        check("git://example.com/x.git", "git::git://example.com/x.git");
        check("git::file:///srv/x?depth=1", "git::file:///srv/x?depth=1");
        check("https://github.com/org/repo.git", "https://github.com/org/repo.git");
        check("https://example.com/a//b?archive=tar.gz", "https://example.com/a//b?archive=tar.gz");
        check("a/b/c", "registry.terraform.io/a/b/c");
        check("a/b/c//d", "registry.terraform.io/a/b/c//d");
        check("EXAMPLE.com:8080/a/b/c", "example.com:8080/a/b/c");
        check("/srv/modules//sub", "file:///srv/modules//sub");
    }

    #[test]
    fn refuses_what_terraform_refuses() {
        for text in
            ["gitlab.com/a/b", "a/b", "hg::x", "git::../x", "github.com/org", "a/b/c?ref=1", "tar.gz::https://e/x"]
        {
            check(text, "error");
        }
    }

    #[test]
    fn refuses_what_would_run_programs_or_lead_outside() {
        for text in [
            "git::ext::sh -c x",
            "git::https://example.com/x?ref=-oProxyCommand",
            "git::https://example.com/x?ref=%2doProxyCommand",
            "git::fd::3",
            "git::--upload-pack=x",
            "git::ssh://-oProxyCommand=x/y",
            "git::ssh://git@-oProxyCommand=x/y",
            "git::https://example.com/a//../x",
            "git::https://example.com/a//b/../../x",
            "a/b/c//../d",
        ] {
            check(text, "error");
        }
    }
}
