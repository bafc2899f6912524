//! Lines that a program writes, however it writes them.

use tokio::io::{AsyncRead, AsyncReadExt};

/// More of a line is dropped: nobody reads it, and a program may write without end.
const LINE_BYTES_MAX: usize = 64 << 10;
/// What is read at once.
const CHUNK_BYTES: usize = 8 << 10;

/// The lines of a stream.
pub(crate) struct Lines<R> {
    stream: Option<R>,
    /// What has been read and not been returned.
    read: Vec<u8>,
    /// So much of it has no line break.
    seen: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Reads a stream; one that is not there has no lines.
    pub(crate) fn new(stream: Option<R>) -> Lines<R> {
        Lines { stream, read: Vec::new(), seen: 0 }
    }

    /// Returns the next line without its break; nothing at the end, or when reading fails.
    pub(crate) async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(place) = self.read[self.seen..].iter().position(|byte| *byte == b'\n') {
                let rest = self.read.split_off(self.seen + place + 1);
                let mut line = std::mem::replace(&mut self.read, rest);
                self.seen = 0;
                line.pop();
                line.truncate(LINE_BYTES_MAX);
                return Some(line);
            }
            self.read.truncate(LINE_BYTES_MAX);
            self.seen = self.read.len();
            let mut chunk = [0; CHUNK_BYTES];
            let stream = self.stream.as_mut()?;
            match stream.read(&mut chunk).await {
                Ok(count) if count > 0 => self.read.extend_from_slice(&chunk[..count]),
                _ => {
                    self.stream = None;
                    let last = std::mem::take(&mut self.read);
                    self.seen = 0;
                    return Some(last).filter(|last| !last.is_empty());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES_MAX, Lines};

    fn check(input: &[u8], expected: &[&[u8]]) {
        let executor = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut lines = Lines::new(Some(input));
        let mut found = Vec::new();
        while let Some(line) = executor.block_on(lines.next()) {
            found.push(line);
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn returns_lines_and_what_is_left() {
        check(b"a\n\nbc\nd", &[b"a", b"", b"bc", b"d"]);
        check(b"", &[]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let long = [&[b'x'; LINE_BYTES_MAX * 2][..], b"\nnext"].concat();
        check(&long, &[&[b'x'; LINE_BYTES_MAX][..], b"next"]);
    }
}
