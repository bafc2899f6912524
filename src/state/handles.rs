//! What state takes from outside: files, the clock, randomness.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Everything from outside, together.
#[derive(Clone)]
pub struct World {
    /// Files and folders.
    pub files: Arc<dyn FileSystem>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Numbers that nobody can foresee.
    pub random: Arc<dyn Random>,
}

/// Files and folders, as far as state needs them; tests have one that fails and forgets at will.
pub trait FileSystem: Send + Sync {
    /// Returns the content of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Makes an empty file, in place of one that is there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn OpenFile>>;
    /// Opens a file to write behind its first `length` bytes; what it has beyond those is cut off.
    fn append(&self, path: &Path, length: u64) -> io::Result<Box<dyn OpenFile>>;
    /// Gives a file another name in the same folder, in place of one that is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder and those above it.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// Returns the names of the folders in a folder; none if it is not there.
    fn folders(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Makes what was created, renamed and removed in a folder outlast a power failure.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Takes the lock of a file, made if it is not there; nothing is returned if another has it.
    ///
    /// The lock ends when what is returned is dropped, or with the process.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync>>>;
}

/// A file that is being written.
pub trait OpenFile: Send {
    /// Writes all of some bytes at the end.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when all that was written outlasts a power failure.
    fn sync(&mut self) -> io::Result<()>;
}

/// The time, and waiting for it to pass.
pub trait Clock: Send + Sync {
    /// Returns the time.
    fn now(&self) -> SystemTime;
    /// Waits.
    fn sleep(&self, duration: Duration);
}

/// Numbers that nobody can foresee.
pub trait Random: Send + Sync {
    /// Fills bytes.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// The clock of the system.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the handle's one real implementation here")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// The random numbers of the system.
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(|error| io::Error::other(format!("no random numbers: {error}")))
    }
}

/// Returns a fresh random identifier in the form of a UUID of version 4, for lineages, locks and tokens.
pub fn identifier(random: &dyn Random) -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    random.fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&index) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    Ok(text)
}

/// Writes a time in RFC 3339, to the second, in UTC.
pub fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days are counted from 1 March of year 0, so that leap days come last; an era is 400 years, 146,097 days.
    let day = days + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{SystemRandom, identifier, rfc3339};

    #[test]
    fn writes_times() {
        // From `date -u -d @N`.
        let check = |seconds, expected| assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_399, "2000-02-28T23:59:59Z");
        check(951_782_400, "2000-02-29T00:00:00Z");
        check(1_767_225_599, "2025-12-31T23:59:59Z");
        check(4_107_542_400, "2100-03-01T00:00:00Z");
    }

    #[test]
    fn identifiers_differ() {
        let (a, b) = (identifier(&SystemRandom).unwrap(), identifier(&SystemRandom).unwrap());
        assert_ne!(a, b);
        assert_eq!((a.len(), a.as_bytes()[14], a.matches('-').count()), (36, b'4', 4));
    }
}
