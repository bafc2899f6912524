//! Tests of compressing; the expected bytes are Terraform's and those of Go's `compress/gzip`.

use flate2::Crc;

use super::super::testing::{check, check_table};

#[test]
fn short_texts_agree_with_terraform() {
    check_table("base64gzip", include_str!("../tables/base64gzip.txt"));
}

/// A text made of `words` words, by a generator that is the same in Go: see the list below.
fn text(words: u32, bytes: usize) -> Vec<u8> {
    let mut state = words;
    let mut out = Vec::new();
    while out.len() < bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let word = (state >> 16) % words;
        out.extend(word.wrapping_mul(2_654_435_761).to_string().bytes());
        out.push(if word.is_multiple_of(7) { b'\n' } else { b' ' });
    }
    out.truncate(bytes);
    out
}

#[test]
fn long_texts_agree_with_go() {
    // Words, bytes, length and CRC-32 of what `gzip.NewWriter`, one `Write`, `Flush` and `Close` give in Go.
    for line in include_str!("../tables/gzip_sums.txt").lines() {
        let fields: Vec<usize> = line.split(' ').map(|field| field.parse().expect("a number")).collect();
        let compressed = super::compress(&text(fields[0] as u32, fields[1]));
        let mut sum = Crc::new();
        sum.update(&compressed);
        assert_eq!((compressed.len(), sum.sum() as usize), (fields[2], fields[3]), "{line}");
    }
}

#[test]
fn reading_takes_it_back() {
    let text = String::from_utf8(text(500, 200_000)).expect("text");
    let compressed = super::base64::encode(&super::compress(text.as_bytes()));
    check("base64gunzip", [compressed.as_str().into()], Ok(text.into()));
    check("base64gunzip", [compressed[..400].into()], Err("damaged"));
    check("base64gunzip", ["".into()], Err("not compressed by gzip"));
    let bytes = super::base64::encode(&super::compress(b"\xff"));
    check("base64gunzip", [bytes.into()], Err("not UTF-8"));
}
