//! Modules as archives, and pages that tell where a module is.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::source::{Package, Source};
use crate::archive::{self, Unpacking, broken};
use crate::failure::Failure;
use crate::hash;
use crate::http::{Client, Progress, resolved, without_secrets};

/// The kinds of archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Zip,
    Tar,
    TarGz,
}

/// Returns what kind of archive an address is of; nothing for a page.
pub(super) fn kind(url: &str) -> Result<Option<Kind>, Failure> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let said = query.split('&').find_map(|parameter| parameter.strip_prefix("archive="));
    const ENDINGS: [(&str, Option<Kind>); 9] = [
        ("tar.gz", Some(Kind::TarGz)),
        ("tgz", Some(Kind::TarGz)),
        ("tar", Some(Kind::Tar)),
        ("zip", Some(Kind::Zip)),
        ("tar.bz2", None),
        ("tbz2", None),
        ("tar.xz", None),
        ("txz", None),
        ("tar.zst", None),
    ];
    let found = match said {
        Some("false") => return Ok(None),
        Some(said) => ENDINGS.iter().find(|(ending, _)| *ending == said),
        None => ENDINGS.iter().find(|(ending, _)| path.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.'))),
    };
    match (found, said) {
        (Some((_, Some(kind))), _) => Ok(Some(*kind)),
        (Some((ending, None)), _) => Err(unsupported(url, ending)),
        (None, Some(said)) => Err(unsupported(url, said)),
        (None, None) => Ok(None),
    }
}

fn unsupported(url: &str, ending: &str) -> Failure {
    let detail = format!(
        "{} is an archive of the kind {ending:?}. Modules can be fetched as zip, tar.gz and tar.",
        without_secrets(url)
    );
    Failure::new("Unsupported module archive", detail)
}

/// Parts the parameters that are for us from the address.
fn address(url: &str) -> (String, Option<String>) {
    let Some((path, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let (ours, theirs): (Vec<&str>, Vec<&str>) =
        query.split('&').partition(|parameter| parameter.starts_with("archive=") || parameter.starts_with("checksum="));
    let checksum = ours.iter().find_map(|parameter| parameter.strip_prefix("checksum=")).map(str::to_owned);
    let address = if theirs.is_empty() { path.to_owned() } else { format!("{path}?{}", theirs.join("&")) };
    (address, checksum)
}

/// Fetches an archive and unpacks it into an empty folder.
pub(super) fn fetch(client: &Client, url: &str, into: &Path, progress: &Progress<'_>) -> Result<(), Failure> {
    let kind = kind(url)?.unwrap_or(Kind::Zip);
    let (address, checksum) = address(url);
    let problem = |what: String| {
        let detail = format!("The module at {} could not be fetched: {what}.", without_secrets(url));
        Failure::new("Failed to download module", detail)
    };
    let holder = tempfile::tempdir().map_err(|error| problem(format!("there is no temporary folder: {error}")))?;
    let file = holder.path().join("module");
    client
        .download(&address, &file, progress)
        .map_err(|failure| problem(failure.detail.trim_end_matches('.').to_owned()))?;
    if let Some(checksum) = checksum {
        let Some(expected) = checksum.strip_prefix("sha256:") else {
            return Err(problem(format!("its checksum {checksum:?} is no sha256:…")));
        };
        let found = hash::sha256(&file).map_err(|error| broken(&file, &error))?;
        if !found.eq_ignore_ascii_case(expected) {
            return Err(problem(format!("it has the checksum sha256:{found}, and not the one in its address")));
        }
    }
    match kind {
        Kind::Zip => archive::unzip(&file, into),
        Kind::Tar => untar(&file, into, |file| Box::new(file)),
        Kind::TarGz => untar(&file, into, |file| Box::new(flate2::read::GzDecoder::new(file))),
    }
}

fn untar(archive: &Path, into: &Path, open: impl FnOnce(BufReader<File>) -> Box<dyn Read>) -> Result<(), Failure> {
    let file = File::open(archive).map_err(|error| broken(archive, &error))?;
    let size = file.metadata().map_err(|error| broken(archive, &error))?.len();
    let mut unpacking = Unpacking::new(archive, into, size);
    let mut tar = tar::Archive::new(open(BufReader::new(file)));
    for entry in tar.entries().map_err(|error| broken(archive, &error))? {
        let mut entry = entry.map_err(|error| broken(archive, &error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        match entry.header().entry_type() {
            // The folder itself.
            _ if matches!(name.as_str(), "." | "./") => {}
            tar::EntryType::Directory => unpacking.folder(&name)?,
            tar::EntryType::Symlink => {
                let target = entry.link_name_bytes().map(|target| String::from_utf8_lossy(&target).into_owned());
                unpacking.link(&name, &target.unwrap_or_default())?;
            }
            tar::EntryType::Regular | tar::EntryType::Continuous | tar::EntryType::GNUSparse => {
                let mode = entry.header().mode().ok();
                unpacking.file(&name, mode, &mut entry)?;
            }
            // Notes about the archive.
            tar::EntryType::XGlobalHeader | tar::EntryType::XHeader => {}
            kind => {
                return Err(broken(
                    archive,
                    &format!("it has an entry {name:?} of the kind {kind:?}, which no module needs"),
                ));
            }
        }
    }
    unpacking.finish()
}

/// Asks a page where the module is.
pub(super) fn ask(client: &Client, url: &str) -> Result<Source, Failure> {
    let asked = format!("{url}{}terraform-get=1", if url.contains('?') { "&" } else { "?" });
    let answer = client.get(&asked, "text/html, */*")?;
    let problem = |what: &str| {
        let detail = format!(
            "{} {what}. The address of an archive ends with .zip or .tar.gz, or has ?archive=zip behind it; a repository has \
             git:: in front.",
            without_secrets(url)
        );
        Failure::new("Failed to download module", detail)
    };
    if !(200..300).contains(&answer.status) {
        return Err(problem(&format!("answers {}", answer.status)));
    }
    let body = String::from_utf8_lossy(&answer.body);
    let is_page = answer.content_type.contains("html") || body.trim_start().starts_with('<');
    let told = answer.terraform_get.clone().or_else(|| meta(&body).filter(|_| is_page));
    let told = told.ok_or_else(|| problem("does not tell where the module is"))?;
    let is_relative = told.starts_with('/') || told.starts_with("./") || told.starts_with("../");
    let told = if is_relative { resolved(&answer.url, &told) } else { told };
    match Source::parse(&told) {
        Ok(source) if matches!(source.package, Package::Git { .. } | Package::Http { .. }) => Ok(source),
        _ => Err(problem(&format!("tells of {told:?}, which cannot be fetched"))),
    }
}

/// Returns the content of `<meta name="terraform-get" content="…">`.
fn meta(page: &str) -> Option<String> {
    page.split("<meta").skip(1).find_map(|rest| {
        let tag = rest.split('>').next()?;
        let value = |name: &str| {
            let at = tag.find(&format!("{name}="))? + name.len() + 1;
            let quote = tag[at..].chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            tag[at + 1..].split(quote).next()
        };
        (value("name")? == "terraform-get").then(|| value("content").map(|text| text.replace("&amp;", "&")))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_archives_by_their_endings_and_by_what_is_said() {
        let kind = |url| kind(url).ok().flatten();
        assert_eq!(kind("https://example.com/a.zip"), Some(Kind::Zip));
        assert_eq!(kind("https://example.com/a.tar.gz?x=1"), Some(Kind::TarGz));
        assert_eq!(kind("https://example.com/a?archive=tgz"), Some(Kind::TarGz));
        assert_eq!(kind("https://example.com/a.zip?archive=false"), None);
        assert_eq!(kind("https://example.com/a"), None);
        assert!(super::kind("https://example.com/a.tar.xz").is_err());
        assert!(super::kind("https://example.com/a?archive=rar").is_err());
    }

    #[test]
    fn keeps_its_own_parameters_to_itself() {
        assert_eq!(
            address("https://e.org/a?x=1&archive=zip&checksum=sha256:ab"),
            ("https://e.org/a?x=1".into(), Some("sha256:ab".into()))
        );
        assert_eq!(address("https://e.org/a?archive=zip").0, "https://e.org/a");
    }

    #[test]
    fn reads_where_a_page_points_to() {
        let page =
            r#"<html><meta charset="utf-8"><meta name="terraform-get" content="git::https://e.org/a?x=1&amp;ref=b"/>"#;
        assert_eq!(meta(page).as_deref(), Some("git::https://e.org/a?x=1&ref=b"));
        assert_eq!(meta("<p>"), None);
    }
}
