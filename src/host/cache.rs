//! Schemas kept on disk: a plugin's process is started for its calls and not to be asked again what it has.
//!
//! They are found by the digest of the program, so that another version never gets them. Digests are kept as well, by
//! path, size and time of change: to read 300 MB takes longer than most plans. Nothing here can fail a run: what cannot
//! be read or written is as if it were not there.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use prost::Message;
use sha2::{Digest, Sha256};
use wire::messages::{GetProviderSchemaResponse, GetResourceIdentitySchemasResponse};

/// Raised when the form of the files changes.
const FORMAT: &str = "v1";

/// What a plugin has, as it said it.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Description {
    #[prost(message, optional, tag = "1")]
    pub(crate) schema: Option<GetProviderSchemaResponse>,
    #[prost(message, optional, tag = "2")]
    pub(crate) identities: Option<GetResourceIdentitySchemasResponse>,
    /// Of all above: a file that was cut off is seen by it.
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) digest: Vec<u8>,
}

/// The folder of kept schemas; nothing is kept where there is none.
pub(crate) struct Cache(Option<PathBuf>);

impl Cache {
    pub(crate) fn new(folder: Option<PathBuf>) -> Cache {
        Cache(folder.map(|folder| folder.join("providers").join(FORMAT)))
    }

    /// Returns what is kept of a program.
    pub(crate) fn read(&self, program: &Path) -> Option<Description> {
        let file = self.file(program)?;
        let bytes = fs::read(file).ok()?;
        let mut read = Description::decode(&bytes[..]).ok()?;
        let digest = std::mem::take(&mut read.digest);
        (digest == sealed(&read)).then_some(read)
    }

    /// Keeps what a program has.
    pub(crate) fn write(&self, program: &Path, description: &Description) {
        let Some(file) = self.file(program) else { return };
        let sealed = Description { digest: sealed(description), ..description.clone() };
        let _ = replace(&file, &sealed.encode_to_vec());
    }

    fn file(&self, program: &Path) -> Option<PathBuf> {
        let folder = self.0.as_ref()?;
        Some(folder.join(format!("{}.schema", self.digest(folder, program)?)))
    }

    /// Returns the digest of a program, reading it only if it is not the one whose digest is known.
    fn digest(&self, folder: &Path, program: &Path) -> Option<String> {
        let program = fs::canonicalize(program).ok()?;
        let data = fs::metadata(&program).ok()?;
        let changed = data.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        let stamp = format!("{} {changed}", data.len());
        let name = hex(&Sha256::digest(program.as_os_str().as_encoded_bytes()));
        let known = folder.join(format!("{name}.digest"));
        if let Ok(text) = fs::read_to_string(&known)
            && let Some((digest, stamped)) = text.split_once(' ')
            && stamped == stamp
            && is_digest(digest)
        {
            return Some(digest.to_owned());
        }
        let digest = hash(&program).ok()?;
        let _ = replace(&known, format!("{digest} {stamp}").as_bytes());
        Some(digest)
    }
}

fn sealed(description: &Description) -> Vec<u8> {
    Sha256::digest(description.encode_to_vec()).to_vec()
}

fn hash(program: &Path) -> io::Result<String> {
    const CHUNK_BYTES: usize = 1 << 20;
    let mut file = File::open(program)?;
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; CHUNK_BYTES]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex(&hash.finalize())),
            count => hash.update(&chunk[..count]),
        }
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts a file in place whole: others may read or write the same one at the same time.
fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    fs::create_dir_all(folder)?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(content)?;
    new.persist(file).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::{Cache, Description};
    use std::fs;
    use std::time::{Duration, UNIX_EPOCH};
    use wire::messages::GetProviderSchemaResponse;

    fn description() -> Description {
        let schema = GetProviderSchemaResponse {
            functions: [("f".to_owned(), Default::default())].into(),
            ..GetProviderSchemaResponse::default()
        };
        Description { schema: Some(schema), ..Description::default() }
    }

    #[test]
    fn a_description_is_kept_for_the_very_program() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(folder.path().join("cache")));
        let program = folder.path().join("program");
        fs::write(&program, "one").unwrap();
        assert_eq!(cache.read(&program), None);
        cache.write(&program, &description());
        assert_eq!(cache.read(&program), Some(description()));
        fs::write(&program, "two").unwrap();
        let later = UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        fs::File::open(&program).unwrap().set_modified(later).unwrap();
        assert_eq!(cache.read(&program), None);
        let copy = folder.path().join("copy");
        fs::write(&copy, "one").unwrap();
        assert_eq!(cache.read(&copy), Some(description()));
    }

    #[test]
    fn a_damaged_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(folder.path().to_owned()));
        let program = folder.path().join("program");
        fs::write(&program, "one").unwrap();
        cache.write(&program, &description());
        let file = cache.file(&program).unwrap();
        let whole = fs::read(&file).unwrap();
        for length in 0..whole.len() {
            fs::write(&file, &whole[..length]).unwrap();
            assert_eq!(cache.read(&program), None, "cut off at {length}");
        }
        assert_eq!(Cache::new(None).read(&program), None);
    }
}
