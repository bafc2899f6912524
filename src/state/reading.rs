//! Reads a state file: snapshot and journal; finds what is torn and what is damaged.

use std::fmt;
use std::io::{self, Write};

use crate::Ledger;
use crate::format::intern::Interner;
use crate::format::line::{self, Sum};
use crate::format::v1::{self, Line};
use crate::record::Record;

/// A state file, read to its end.
#[derive(Debug)]
pub struct Reading {
    /// What the file says.
    pub ledger: Ledger,
    /// What the user should know.
    pub notes: Vec<Note>,
    /// How many records stand behind the snapshot: what runs wrote that were not brought to their end.
    pub journal_records: u64,
    /// Where the file continues.
    pub(crate) end: End,
}

/// Where a file continues, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    /// The bytes of whole lines.
    pub(crate) length: u64,
    /// The number of the next line.
    pub(crate) next_line: u64,
    /// The header's sum.
    pub(crate) file: Sum,
    /// The last record lacks its line break.
    pub(crate) lacks_line_break: bool,
}

/// What a user should know of a file that is all right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The last record was being written when the machine or the program stopped; nobody was told that it is safe.
    TornRecord {
        /// The record's line, counted from 1.
        line: u64,
        /// The byte where the line begins.
        offset: u64,
        /// How many bytes of it there are.
        length: u64,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::TornRecord { line, offset, length } => write!(
                f,
                "The last record of the state file (line {line}, {length} bytes from byte {offset} on) was cut short when \
                 a run was ended from outside. Everything that had been confirmed before is there."
            ),
        }
    }
}

/// A place where a state file is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The line, counted from 1.
    pub line: u64,
    /// The byte where the line begins.
    pub offset: u64,
    /// How many bytes the line has.
    pub length: u64,
    /// What is wrong.
    pub kind: DamageKind,
    /// How many records in front of the place are whole.
    pub whole_before: u64,
    /// How many records behind the place are whole.
    pub whole_after: u64,
}

/// What is wrong at a place of a state file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// The line is not as it was written.
    Changed,
    /// The line is whole and has another number than its place says: lines are missing, or there twice.
    OutOfOrder {
        /// The number in the line.
        number: u64,
    },
    /// The file does not begin with a header.
    NoHeader,
    /// The file ends within its snapshot.
    SnapshotCut,
    /// The line is whole and yet makes no sense.
    Senseless(String),
    /// The file was written by a newer version of the program.
    NewerFormat {
        /// The file's format.
        format: u64,
    },
}

impl Damage {
    /// Says where the damage is, and which.
    pub fn place(&self) -> String {
        let Damage { line, offset, length, .. } = self;
        let what = match &self.kind {
            DamageKind::NewerFormat { format } => format!("the file has format {format} of a newer version"),
            DamageKind::Changed => format!("the checksum of record {line} does not fit"),
            DamageKind::OutOfOrder { number } => format!("record {number} stands in the place of record {line}"),
            DamageKind::NoHeader => "the header cannot be read".to_owned(),
            DamageKind::SnapshotCut => format!("the snapshot ends too early, at record {line}"),
            DamageKind::Senseless(reason) => format!("record {line} makes no sense: {reason}"),
        };
        format!("{what} (line {line}, {length} bytes from byte {offset} on)")
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Damage { line, offset, length, whole_before, whole_after, .. } = self;
        match &self.kind {
            DamageKind::NewerFormat { format } => {
                return write!(
                    f,
                    "The state file has format {format}, which a newer version of Gantry writes; this version reads \
                     formats up to {}. Use the newer version.",
                    v1::VERSION
                );
            }
            DamageKind::Changed => write!(f, "The checksum of record {line} does not fit")?,
            DamageKind::OutOfOrder { number } => {
                write!(f, "In the place of record {line} stands record {number}: records are missing or there twice")?;
            }
            DamageKind::NoHeader => write!(f, "The state file does not begin with a header that can be read")?,
            DamageKind::SnapshotCut => write!(f, "The state file ends before its snapshot does, at record {line}")?,
            DamageKind::Senseless(reason) => write!(f, "Record {line} makes no sense: {reason}")?,
        }
        write!(
            f,
            " (line {line}, {length} bytes from byte {offset} on). {whole_before} records before it and {whole_after} \
             after it are whole. Nothing was changed. Restore the file from a backup, or run `gantry state repair`, \
             which writes what can be read to a new file and leaves this one as it is."
        )
    }
}

impl std::error::Error for Damage {}

/// Reads a state file; the first thing wrong with it, other than a torn last record, is the error.
pub fn read(bytes: &[u8]) -> Result<Reading, Box<Damage>> {
    let mut reader = Reader::default();
    for line in lines(bytes) {
        match reader.take(&line) {
            Ok(Taken::Record) => {}
            Ok(Taken::Torn(note)) => {
                reader.notes.push(note);
                break;
            }
            Err(kind) => return Err(Box::new(reader.damage(bytes, &line, kind))),
        }
    }
    if !reader.snapshot_ended {
        let kind = if reader.next_line == 0 { DamageKind::NoHeader } else { DamageKind::SnapshotCut };
        let line = RawLine { offset: bytes.len(), content: &[], is_ended: false };
        return Err(Box::new(reader.damage(bytes, &line, kind)));
    }
    let end = End {
        length: reader.length,
        next_line: reader.next_line + 1,
        file: reader.file,
        lacks_line_break: reader.length > 0 && bytes.get(reader.length as usize - 1) != Some(&b'\n'),
    };
    Ok(Reading { ledger: reader.ledger, notes: reader.notes, journal_records: reader.journal_records, end })
}

/// What could be read of a damaged file.
#[derive(Debug)]
pub struct Salvage {
    /// What the whole records say, put together.
    pub ledger: Ledger,
    /// How many records are whole.
    pub whole: u64,
    /// Where the file is damaged, in order.
    pub damages: Vec<Damage>,
}

impl Salvage {
    /// Writes what could be read as a state file of its own.
    pub fn write(&self, out: &mut dyn Write, program: &str) -> io::Result<()> {
        crate::journal::write_snapshot(out, &self.ledger, program)
    }
}

/// Reads all whole records of a file, whatever stands between them.
///
/// What is put together so may have objects that were deleted, and lack objects that were created, by the records that
/// are lost: whoever uses it compares it with the world first.
pub fn salvage(bytes: &[u8]) -> Salvage {
    let mut reader = Reader { is_lenient: true, ..Reader::default() };
    let mut damages = Vec::new();
    let mut whole = 0;
    let mut rest = lines(bytes);
    let first = rest.next().unwrap_or(RawLine { offset: 0, content: &[], is_ended: false });
    if !line::is_whole(first.content, Sum::default()) {
        reader.salvage_header(&first, bytes);
        damages.push(reader.damage(bytes, &first, DamageKind::NoHeader));
        reader.next_line = 1;
    } else {
        rest = lines(bytes);
    }
    for line in rest {
        match reader.take(&line) {
            Ok(Taken::Record) => whole += 1,
            Ok(Taken::Torn(_)) => {}
            Err(kind) => {
                damages.push(reader.damage(bytes, &line, kind));
                reader.next_line += 1;
            }
        }
    }
    Salvage { ledger: reader.ledger, whole, damages }
}

#[derive(Clone, Copy)]
struct RawLine<'a> {
    offset: usize,
    content: &'a [u8],
    is_ended: bool,
}

fn lines(bytes: &[u8]) -> Lines<'_> {
    Lines { bytes, offset: 0 }
}

struct Lines<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = RawLine<'a>;

    fn next(&mut self) -> Option<RawLine<'a>> {
        let (rest, offset) = (&self.bytes[self.offset..], self.offset);
        let end = rest.iter().position(|b| *b == b'\n');
        let content = &rest[..end.unwrap_or(rest.len())];
        self.offset += content.len() + usize::from(end.is_some());
        (!rest.is_empty()).then_some(RawLine { offset, content, is_ended: end.is_some() })
    }
}

enum Taken {
    Record,
    Torn(Note),
}

#[derive(Default)]
struct Reader {
    ledger: Ledger,
    notes: Vec<Note>,
    interner: Interner,
    file: Sum,
    /// The number of the line that was read last, which is the number of lines so far.
    next_line: u64,
    length: u64,
    snapshot_ended: bool,
    journal_records: u64,
    /// Numbers may jump, and what makes no sense is passed over.
    is_lenient: bool,
    /// Nothing tells whether lines are whole: what can be read counts.
    is_unchecked: bool,
}

impl Reader {
    fn take(&mut self, line: &RawLine<'_>) -> Result<Taken, DamageKind> {
        let content = if line.is_ended { line.content } else { without_zeros(line.content) };
        if !self.is_unchecked && !line::is_whole(content, self.file) {
            return match self.next_line {
                0 => Err(DamageKind::NoHeader),
                last if self.snapshot_ended && !line.is_ended && !covers_whole(content, self.file) => {
                    let length = line.content.len() as u64;
                    Ok(Taken::Torn(Note::TornRecord { line: last + 1, offset: line.offset as u64, length }))
                }
                _ => Err(DamageKind::Changed),
            };
        }
        let (number, said) = v1::decode(content, &mut self.interner).map_err(DamageKind::Senseless)?;
        if number != self.next_line + 1 && !self.is_lenient {
            return Err(DamageKind::OutOfOrder { number });
        }
        self.said(said, content)?;
        self.next_line = number;
        self.length = (line.offset + content.len() + usize::from(line.is_ended)) as u64;
        Ok(Taken::Record)
    }

    fn said(&mut self, said: Line, content: &[u8]) -> Result<(), DamageKind> {
        let is_first = self.next_line == 0;
        match said {
            Line::Header { format, .. } if format > v1::VERSION => Err(DamageKind::NewerFormat { format }),
            Line::Header { lineage, serial, .. } if is_first => {
                self.file = line::recorded_sum(content).unwrap_or_default();
                self.ledger.state.lineage = lineage;
                self.ledger.state.serial = serial;
                Ok(())
            }
            Line::Header { .. } => Err(DamageKind::Senseless("it is a second header".to_owned())),
            _ if is_first => Err(DamageKind::NoHeader),
            Line::SnapshotEnd { .. } if self.snapshot_ended => {
                Err(DamageKind::Senseless("it ends a snapshot that has ended already".to_owned()))
            }
            Line::SnapshotEnd { lines } if lines != self.next_line + 1 && !self.is_lenient => {
                Err(DamageKind::Senseless("it ends a snapshot of another size".to_owned()))
            }
            Line::SnapshotEnd { .. } => {
                self.snapshot_ended = true;
                Ok(())
            }
            Line::Record(record) => self.record(&record),
        }
    }

    fn record(&mut self, record: &Record) -> Result<(), DamageKind> {
        self.journal_records += u64::from(self.snapshot_ended);
        self.ledger.apply(record).map_err(|error| DamageKind::Senseless(error.to_string()))
    }

    /// Finds out the sum by which the lines of a file are checked, from a header that is not whole.
    fn salvage_header(&mut self, header: &RawLine<'_>, bytes: &[u8]) {
        let whole = |file: Sum| lines(bytes).filter(|line| line::is_whole(line.content, file)).count();
        let fits = |sum: Option<Sum>| sum.filter(|sum| whole(*sum) > 0);
        let computed = line::computed_sum(header.content);
        if let Some(recorded) = fits(line::recorded_sum(header.content)) {
            self.file = recorded;
        } else if let Some(computed) = fits(computed) {
            // The sum itself is what was damaged: the header says what it always said.
            self.file = computed;
            if let Ok((_, Line::Header { lineage, serial, .. })) = v1::decode(header.content, &mut self.interner) {
                self.ledger.state.lineage = lineage;
                self.ledger.state.serial = serial;
            }
        } else {
            self.is_unchecked = true;
        }
    }

    fn damage(&self, bytes: &[u8], line: &RawLine<'_>, kind: DamageKind) -> Damage {
        let is_whole = |other: &RawLine<'_>| line::is_whole(other.content, self.file);
        let whole_after = lines(bytes).filter(|other| other.offset > line.offset && is_whole(other)).count();
        Damage {
            line: self.next_line + 1,
            offset: line.offset as u64,
            length: line.content.len() as u64,
            kind,
            whole_before: self.next_line,
            whole_after: whole_after as u64,
        }
    }
}

/// Takes off the zeros that a file system leaves where it had made room for what was never written.
fn without_zeros(content: &[u8]) -> &[u8] {
    &content[..content.len() - content.iter().rev().take_while(|b| **b == 0).count()]
}

/// Tells whether the end of a file is a whole record and one byte more: its line break, damaged.
///
/// What is torn is the start of a record and never a whole one with something behind it.
fn covers_whole(content: &[u8], file: Sum) -> bool {
    content.split_last().is_some_and(|(_, record)| line::is_whole(record, file))
}

#[cfg(test)]
mod tests;
