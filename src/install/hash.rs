//! Checksums of packages as the lock file has them: `zh:` of an archive, `h1:` of what was in it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use aws_lc_rs::digest::{self, Context, SHA256};

/// A checksum with its scheme: `h1:…`, `zh:…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(String);

/// Files are hashed in pieces of so many bytes.
const PIECE_BYTES: usize = 1 << 16;

/// Folders inside folders: more is no provider.
const DEPTH_MAX: usize = 64;

impl Hash {
    /// Reads a checksum; any scheme will do, as newer ones may come.
    pub fn parse(text: &str) -> Option<Hash> {
        let (scheme, value) = text.split_once(':')?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "+/=-_".contains(c);
        let well_formed = !scheme.is_empty() && !value.is_empty() && text.chars().all(|c| c == ':' || is_plain(c));
        well_formed.then(|| Hash(text.to_owned()))
    }

    /// Returns the checksum of an archive from its SHA-256 in hexadecimal digits.
    pub fn of_archive_digest(hexadecimal: &str) -> Option<Hash> {
        let well_formed = hexadecimal.len() == 64 && hexadecimal.bytes().all(|b| b.is_ascii_hexdigit());
        well_formed.then(|| Hash(format!("zh:{}", hexadecimal.to_ascii_lowercase())))
    }

    /// Tells whether it is of an archive, and not of its content.
    pub fn is_of_archive(&self) -> bool {
        self.0.starts_with("zh:")
    }

    /// Tells whether it is of the files of a package.
    pub fn is_of_content(&self) -> bool {
        self.0.starts_with("h1:")
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the `zh:` checksum of an archive.
pub fn of_archive(path: &Path) -> io::Result<Hash> {
    Ok(Hash(format!("zh:{}", sha256(path)?)))
}

/// Returns the `h1:` checksum of all files in a folder: that of the list of their names and checksums.
pub fn of_folder(folder: &Path) -> io::Result<Hash> {
    let mut names = Vec::new();
    list(folder, "", 0, &mut names)?;
    names.sort();
    let mut summary = Context::new(&SHA256);
    for name in names {
        let digest = sha256(&folder.join(&name))?;
        summary.update(format!("{digest}  {name}\n").as_bytes());
    }
    Ok(Hash(format!("h1:{}", base64(summary.finish().as_ref()))))
}

/// Lists the files below a folder with `/` between the parts of their names.
fn list(folder: &Path, prefix: &str, depth: usize, names: &mut Vec<String>) -> io::Result<()> {
    if depth > DEPTH_MAX {
        return Err(io::Error::other("its folders are nested too deeply"));
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().filter(|name| !name.contains('\n'));
        let name = name.ok_or_else(|| io::Error::other("the name of a file in it is not plain text"))?;
        let name = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), depth + 1, names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

/// Returns the SHA-256 of a file in hexadecimal digits.
pub(crate) fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok(hexadecimal(context.finish().as_ref()));
        }
        context.update(&piece[..count]);
    }
}

/// Returns the SHA-256 of bytes in hexadecimal digits.
pub(crate) fn sha256_of(bytes: &[u8]) -> String {
    hexadecimal(digest::digest(&SHA256, bytes).as_ref())
}

/// Returns bytes as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_a_folder_as_terraform_does() {
        // Recorded from `terraform init` 1.11.4 with a mirror of this package.
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("docs")).unwrap();
        for (name, text) in
            [("terraform-provider-packed_v1.4.0", "#!/bin/sh\n"), ("README.md", "hi"), ("docs/a.txt", "doc")]
        {
            fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(of_folder(folder.path()).unwrap().as_str(), "h1:uzH6YVBX9slRIq+aQAkmcj5STscn5JzSEKKyWXuiyX0=");
    }

    #[test]
    fn reads_checksums_of_any_scheme_and_nothing_else() {
        assert!(Hash::parse("h1:aaa=").is_some_and(|hash| hash.is_of_content()));
        assert!(Hash::parse("zz:1").is_some());
        for text in ["", "h1", "h1:", ":x", "h1:a\"b"] {
            assert_eq!(Hash::parse(text), None, "{text}");
        }
        assert!(Hash::of_archive_digest(&"A0".repeat(32)).unwrap().as_str().starts_with("zh:a0a0"));
        assert_eq!(Hash::of_archive_digest("a0"), None);
    }
}
