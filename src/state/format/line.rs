//! One line of a state file: its number, its checksum, and what it says.

use std::fmt;

use sha2::{Digest, Sha256};

/// The first 64 bits of a SHA-256: sixteen hexadecimal digits in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum(u64);

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

const BEFORE_SUM: &[u8] = b"{\"sum\":\"";
const AFTER_SUM: &[u8] = b"\",";
const SUM_DIGITS: usize = 16;
const CONTENT_START: usize = BEFORE_SUM.len() + SUM_DIGITS + AFTER_SUM.len();

impl Sum {
    /// Returns the checksum of a line's content in the file whose header has the sum `file`.
    ///
    /// The header's sum in each line ties the lines to their file: one that a disk kept from an older file of the same
    /// name does not fit. The line's number in the content ties them to their place: a lost line is seen.
    fn of(file: Sum, content: &[u8]) -> Sum {
        let mut hash = Sha256::new();
        hash.update(file.0.to_be_bytes());
        hash.update(content);
        let digest = hash.finalize();
        let mut first = [0_u8; 8];
        first.copy_from_slice(&digest[..8]);
        Sum(u64::from_be_bytes(first))
    }
}

/// Writes a line: `body` is the inside of a JSON object, without braces. Returns the line's sum.
pub(crate) fn write(out: &mut Vec<u8>, file: Sum, number: u64, body: &[u8]) -> Sum {
    let start = out.len();
    out.extend_from_slice(BEFORE_SUM);
    out.extend_from_slice(&[b'0'; SUM_DIGITS]);
    out.extend_from_slice(AFTER_SUM);
    out.extend_from_slice(b"\"line\":");
    out.extend_from_slice(number.to_string().as_bytes());
    out.push(b',');
    out.extend_from_slice(body);
    out.push(b'}');
    let sum = Sum::of(file, &out[start + CONTENT_START..]);
    let digits = start + BEFORE_SUM.len();
    out[digits..digits + SUM_DIGITS].copy_from_slice(sum.to_string().as_bytes());
    out.push(b'\n');
    sum
}

/// Returns the sum that a line says it has; nothing if it does not look like a line.
pub(crate) fn recorded_sum(line: &[u8]) -> Option<Sum> {
    let digits = line.strip_prefix(BEFORE_SUM)?.get(..SUM_DIGITS)?;
    let is_sum = digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let text = std::str::from_utf8(digits).ok().filter(|_| is_sum)?;
    u64::from_str_radix(text, 16).ok().map(Sum)
}

/// Returns the sum that a header should have, going by the rest of it.
pub(crate) fn computed_sum(header: &[u8]) -> Option<Sum> {
    header.get(CONTENT_START..).map(|content| Sum::of(Sum::default(), content))
}

/// Tells whether a line (without its line break) is whole, in the file whose header has the sum `file`.
pub(crate) fn is_whole(line: &[u8], file: Sum) -> bool {
    let sum = recorded_sum(line);
    sum.is_some()
        && line.get(CONTENT_START - AFTER_SUM.len()..CONTENT_START) == Some(AFTER_SUM)
        && sum == Some(Sum::of(file, &line[CONTENT_START..]))
}
