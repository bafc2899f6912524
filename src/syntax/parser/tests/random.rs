//! Random texts: whatever comes, there is no panic, and every span lies in what it is part of.

use diag::{FileId, Span};

use super::benchmark::mixed;
use super::spans::Walk;

/// A small generator of numbers; the seed makes a failure repeatable.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        // Xorshift: plain, and good enough to shuffle.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Reads a text in every way and checks the spans.
fn check(text: &[u8]) {
    let file = FileId(0);
    let whole = Span::new(file, 0, text.len());
    let mut walk = Walk { text, offset: 0, seen: Vec::new() };
    let (tree, mut diags) = crate::parse(file, text);
    walk.body(&tree.body, whole);
    let has_invalid = super::dump::body(&tree.body).contains("INVALID");
    assert!(
        !has_invalid || diags.has_errors(),
        "nothing is invalid without a report: {:?}",
        String::from_utf8_lossy(text)
    );
    for read in [crate::parse_expression, crate::parse_template, crate::parse_traversal] {
        let (expr, more) = read(file, text, 0);
        walk.expr(&expr, whole);
        diags.append(more);
    }
    diags.append(crate::parse_json(file, text).1);
    for diagnostic in diags.iter() {
        let subject = diagnostic.subject.expect("every diagnostic of the parser has a place");
        for span in [subject, diagnostic.context.unwrap_or(subject)] {
            assert!(span.start <= span.end && span.end as usize <= text.len(), "{diagnostic:?}");
        }
    }
}

#[test]
fn random_bytes_are_no_danger() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let alphabet: &[u8] = b"ab1 \n\t\r\"\"\\${}%{}[]()=:,.<-E#/*~!?\xC3\xA9\xFF\0'";
    for _ in 0..3_000 {
        let length = numbers.below(60);
        let text: Vec<u8> = (0..length).map(|_| alphabet[numbers.below(alphabet.len())]).collect();
        check(&text);
    }
}

#[test]
fn shuffled_tokens_are_no_danger() {
    let mut numbers = Numbers(42);
    let source = mixed(1);
    let source = source.as_bytes();
    let tokens = crate::lex(source);
    for _ in 0..400 {
        let mut pieces: Vec<&[u8]> =
            tokens.iter().map(|token| &source[token.start as usize..token.end as usize]).collect();
        for _ in 0..1 + numbers.below(6) {
            let (a, b) = (numbers.below(pieces.len()), numbers.below(pieces.len()));
            match numbers.below(3) {
                0 => pieces.swap(a, b),
                1 => drop(pieces.remove(a)),
                _ => pieces.insert(a, pieces[b]),
            }
        }
        check(&pieces.join(&b" "[..]));
    }
}

#[test]
fn every_cut_of_a_file_is_no_danger() {
    let source = mixed(1);
    for end in 0..source.len() {
        check(&source.as_bytes()[..end]);
    }
}
