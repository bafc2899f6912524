//! State files cut, flipped, mixed up: what is read is right, or an error.

use super::{DamageKind, Note, read, salvage};
use crate::Ledger;
use crate::format::line;
use crate::format::v1;
use crate::journal::write_snapshot;
use crate::record::{Record, Run};
use crate::testing::{Seeded, script, state_of};

/// A state file, and what it says up to each of its lines.
struct Sample {
    bytes: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
    /// The ledger after each line of the journal; the first is the snapshot's.
    ledgers: Vec<Ledger>,
    snapshot_lines: usize,
}

fn sample(seed: u64, records: usize) -> Sample {
    let mut ledger = Ledger { state: state_of(&["old.a", "old.b[0]"]), ..Ledger::default() };
    let mut bytes = Vec::new();
    write_snapshot(&mut bytes, &ledger, "0.1.0").unwrap();
    let file = line::recorded_sum(&bytes).unwrap();
    let snapshot_lines = bytes.iter().filter(|b| **b == b'\n').count();
    let mut ledgers = vec![ledger.clone()];
    let run = Record::Run(Run { serial: 1, program: "0.1.0".into(), started: "2026-01-01T00:00:00Z".into() });
    for (index, record) in [run].into_iter().chain(script(seed, records)).enumerate() {
        line::write(&mut bytes, file, (snapshot_lines + index + 1) as u64, &v1::encode(&record));
        ledger.apply(&record).unwrap();
        ledgers.push(ledger.clone());
    }
    let ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
    Sample { bytes, ends, ledgers, snapshot_lines }
}

impl Sample {
    fn last(&self) -> &Ledger {
        self.ledgers.last().unwrap()
    }

    fn line(&self, number: usize) -> std::ops::Range<usize> {
        let start = if number == 1 { 0 } else { self.ends[number - 2] };
        start..self.ends[number - 1]
    }
}

#[test]
fn what_is_written_is_read() {
    for seed in 0..50 {
        let sample = sample(seed, 60);
        let reading = read(&sample.bytes).unwrap();
        assert_eq!(&reading.ledger, sample.last());
        assert_eq!((reading.notes.len(), reading.journal_records), (0, 61));
        let mut snapshot = Vec::new();
        write_snapshot(&mut snapshot, &reading.ledger, "0.1.0").unwrap();
        let again = read(&snapshot).unwrap();
        assert_eq!(again.ledger, reading.ledger);
    }
}

#[test]
fn every_cut_leaves_all_that_was_whole() {
    let sample = sample(1, 50);
    let snapshot_end = sample.ends[sample.snapshot_lines - 1];
    for cut in 0..sample.bytes.len() {
        let result = read(&sample.bytes[..cut]);
        // A line counts with or without its line break.
        let lines = sample.ends.iter().filter(|end| cut + 1 >= **end).count();
        if cut + 1 < snapshot_end {
            assert!(result.is_err(), "cut at {cut}");
            continue;
        }
        let reading = result.unwrap_or_else(|damage| panic!("cut at {cut}: {damage}"));
        assert!(reading.ledger == sample.ledgers[lines - sample.snapshot_lines], "cut at {cut}");
        let is_between = sample.ends.iter().any(|end| cut == *end || cut + 1 == *end);
        let offset = sample.ends[lines - 1];
        let torn =
            Note::TornRecord { line: lines as u64 + 1, offset: offset as u64, length: (cut - offset.min(cut)) as u64 };
        assert_eq!(reading.notes, if is_between { vec![] } else { vec![torn] }, "cut at {cut}");
        let zeros = [&sample.bytes[..cut], &[0; 40]].concat();
        assert!(read(&zeros).unwrap().ledger == reading.ledger, "cut at {cut}, with zeros behind");
    }
}

#[test]
fn every_flipped_bit_is_seen_or_harmless() {
    let sample = sample(2, 50);
    let mut bytes = sample.bytes.clone();
    let (mut seen, mut random) = (0, Seeded::new(7));
    for at in 0..bytes.len() {
        for mask in [1 << random.below(8), random.below(255) as u8 + 1] {
            bytes[at] ^= mask;
            match read(&bytes) {
                Err(damage) => {
                    seen += 1;
                    let line = sample.ends.iter().filter(|end| **end <= at).count() as u64 + 1;
                    assert!(damage.line == line, "byte {at} of line {line}: {damage}");
                }
                Ok(reading) => assert!(reading.ledger == *sample.last(), "byte {at} with {mask:#x}"),
            }
            bytes[at] ^= mask;
        }
    }
    assert!(seen > 2 * bytes.len() - 100, "{seen} of {} flips were seen", 2 * bytes.len());
}

#[test]
fn lost_doubled_and_exchanged_lines_are_seen() {
    let sample = sample(3, 20);
    let (bytes, lines) = (&sample.bytes, sample.ends.len());
    for number in 1..lines {
        let (line, next) = (sample.line(number), sample.line(number + 1));
        let lost = [&bytes[..line.start], &bytes[line.end..]].concat();
        let doubled = [&bytes[..line.end], &bytes[line.clone()], &bytes[line.end..]].concat();
        let exchanged = [&bytes[..line.start], &bytes[next.clone()], &bytes[line.clone()], &bytes[next.end..]].concat();
        for (what, changed) in [("lost", lost), ("doubled", doubled), ("exchanged", exchanged)] {
            assert!(read(&changed).is_err(), "line {number} {what}");
        }
    }
}

#[test]
fn a_line_of_another_file_is_seen() {
    let (a, b) = (sample(4, 10), sample(4, 11));
    let mut other = Vec::new();
    let mut ledger = a.ledgers[0].clone();
    ledger.state.serial = 9;
    write_snapshot(&mut other, &ledger, "0.1.0").unwrap();
    let file = line::recorded_sum(&other).unwrap();
    let number = a.ends.len() as u64 + 1;
    let stale = v1::encode(&script(9, 1)[0]);
    let mut bytes = a.bytes.clone();
    line::write(&mut bytes, file, number, &stale);
    assert_eq!(read(&bytes).unwrap_err().kind, DamageKind::Changed);
    assert!(read(&b.bytes).is_ok());
}

#[test]
fn damage_is_told_so_that_one_can_act() {
    let sample = sample(5, 10);
    let line = sample.line(8);
    let mut bytes = sample.bytes.clone();
    bytes[line.start + 40] ^= 1;
    let damage = read(&bytes).unwrap_err();
    assert_eq!((damage.line, damage.offset, damage.length), (8, line.start as u64, line.len() as u64 - 1));
    assert_eq!((damage.whole_before, damage.whole_after), (7, sample.ends.len() as u64 - 8));
    let message = damage.to_string();
    assert!(message.contains("line 8") && message.contains("state repair"), "{message}");
    assert_eq!(read(b"").unwrap_err().kind, DamageKind::NoHeader);
    assert_eq!(read(b"{\"version\": 4}\n").unwrap_err().kind, DamageKind::NoHeader);
    let mut newer = Vec::new();
    line::write(
        &mut newer,
        line::Sum::default(),
        1,
        b"\"kind\":\"gantry-state\",\"format\":2,\"lineage\":\"l\",\"serial\":1",
    );
    assert_eq!(read(&newer).unwrap_err().kind, DamageKind::NewerFormat { format: 2 });
}

#[test]
fn what_is_whole_is_salvaged() {
    let sample = sample(6, 40);
    let mut random = Seeded::new(1);
    for number in 1..=sample.ends.len() {
        let mut bytes = sample.bytes.clone();
        let line = sample.line(number);
        bytes[line.start + random.below(line.len() as u64 - 1) as usize] ^= 1;
        let salvage = salvage(&bytes);
        // The form of a header or its content, damaged, takes the lineage with it; a damaged sum does not.
        assert_eq!(salvage.ledger.state.lineage, if number > 1 { "test" } else { "" });
        {
            // What builds on the lost record may make no sense without it; it is told of, too.
            let told = salvage.whole + salvage.damages.len() as u64;
            assert_eq!(told, sample.ends.len() as u64, "line {number}");
            let changed = salvage
                .damages
                .iter()
                .filter(|damage| matches!(damage.kind, DamageKind::Changed | DamageKind::NoHeader))
                .count();
            assert!(changed == 1 && salvage.whole > 6, "line {number}: {:?}", salvage.damages);
        }
        assert!(!salvage.damages.is_empty(), "line {number}");
        let mut repaired = Vec::new();
        salvage.write(&mut repaired, "0.1.0").unwrap();
        assert_eq!(read(&repaired).unwrap().ledger, salvage.ledger);
    }
    assert_eq!(salvage(&sample.bytes).damages, vec![]);
    assert_eq!(salvage(&sample.bytes).ledger, *sample.last());
}

#[test]
fn a_damaged_header_hides_nothing_else() {
    let sample = sample(6, 20);
    let lines = sample.ends.len() as u64;
    let check = |at: std::ops::Range<usize>, lineage: &str| {
        let mut bytes = sample.bytes.clone();
        at.for_each(|at| bytes[at] = b'x');
        let salvage = salvage(&bytes);
        assert_eq!((salvage.whole, salvage.ledger.state.lineage.as_str()), (lines - 1, lineage));
        assert_eq!(salvage.ledger.open, sample.last().open);
    };
    let header = sample.line(1);
    check(10..11, "test");
    check(60..61, "");
    // Neither the sum nor what it is the sum of: lines are taken for what they say.
    check(header.start..header.end - 1, "");
}

#[test]
fn anything_at_all_is_read_without_panic() {
    let sample = sample(8, 20);
    for seed in 0..2000 {
        let mut random = Seeded::new(seed);
        let mut bytes = sample.bytes.clone();
        for _ in 0..random.below(4) + 1 {
            let (a, b) = (random.below(bytes.len() as u64) as usize, random.below(bytes.len() as u64) as usize);
            match random.below(4) {
                0 => bytes.truncate(a.max(1)),
                1 => bytes[a] = random.next() as u8,
                2 => bytes.splice(a.min(b)..a.max(b), []).for_each(drop),
                _ => bytes.insert(a, b"\n\"{}\\\0"[random.below(6) as usize]),
            }
            if bytes.is_empty() {
                break;
            }
        }
        let _ = salvage(&bytes);
        if let Ok(reading) = read(&bytes) {
            assert!(sample.ledgers.contains(&reading.ledger), "seed {seed}");
        }
    }
}
