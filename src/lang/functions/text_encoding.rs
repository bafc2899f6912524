//! `textencodebase64`, `textdecodebase64`: text in other encodings than UTF-8, as bytes in Base64.
//!
//! Encodings of one byte per character are tables of ours, for two reasons: those of the web, which `encoding_rs` has,
//! give characters to bytes that have none (0x81 in windows-1252), and IBM's are not among them. `encoding_rs` does the
//! larger ones, but for three corners: it writes no rare European letters in Big5 and EUC-JP, and narrow katakana as wide
//! ones in ISO-2022-JP. `HZ-GB-2312`, which Terraform also knows, is left out.

use std::collections::HashMap;

use encoding_rs as large;

use super::{Call, CallError, Code, Function, Outcome, Returns, base64, example, param, types};

/// On each line the names of an encoding in small letters, a tab, and its characters by byte: code points in
/// hexadecimal, `+n` for n in a row, `-n` for n bytes without a character.
const CHARSETS: &str = include_str!("text_encoding/charsets.txt");

pub(super) static TEXTENCODEBASE64: Function = Function {
    name: "textencodebase64",
    summary: "Writes a text in an encoding, such as `UTF-16LE`, and returns the bytes in Base64.",
    params: &[param("string", types::string), param("encoding", types::string).summary("A name that IANA has for it.")],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"textencodebase64("Hello", "UTF-16LE")"#, r#""SABlAGwAbABvAA==""#),
        example(r#"textencodebase64("é", "US-ASCII")"#, "error: has no character 'é'"),
        example(r#"textencodebase64("a", "EBCDIC")"#, "error: is not an encoding"),
    ],
    code: Code::Eager(encode),
};

pub(super) static TEXTDECODEBASE64: Function = Function {
    name: "textdecodebase64",
    summary: "Reads bytes in Base64 as text in an encoding, such as `UTF-16LE`.",
    params: &[param("source", types::string), param("encoding", types::string).summary("A name that IANA has for it.")],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"textdecodebase64("SABlAGwAbABvAA==", "UTF-16LE")"#, r#""Hello""#),
        example(r#"textdecodebase64("gQ==", "windows-1252")"#, "error: are not text in"),
        example(r#"textdecodebase64("a", "UTF-8")"#, "error: is not Base64"),
    ],
    code: Code::Eager(decode),
};

fn encode(call: &Call<'_>) -> Outcome {
    let (text, name) = (call.text(0), call.text(1));
    let bytes = encoding(call, name)?.encode(text).map_err(|c| {
        let what = if call.marks.is_empty() { format!("character {c:?}") } else { "such character".into() };
        CallError::argument(0, format!("{} has no {what}", call.shown(name)))
    })?;
    Ok(base64::encode(&bytes).into())
}

fn decode(call: &Call<'_>) -> Outcome {
    let name = call.text(1);
    let encoding = encoding(call, name)?;
    let bytes = base64::decode(call.text(0)).map_err(|error| CallError::argument(0, error.message(call, 0)))?;
    // A replacement character stands for what cannot be read, even if the text itself holds it.
    let text = encoding.decode(&bytes).filter(|text| !text.contains(char::REPLACEMENT_CHARACTER));
    let text = text.ok_or_else(|| CallError::argument(0, format!("the bytes are not text in {}", call.shown(name))))?;
    Ok(text.into())
}

enum Encoding {
    Utf8,
    /// Sixteen bits at a time, lower byte first or not.
    Utf16 {
        is_little: bool,
    },
    /// Higher byte first unless a mark says otherwise; writing, the mark comes first.
    Utf16Marked,
    /// One byte per character.
    Small(&'static str),
    Large(&'static large::Encoding),
}

fn encoding(call: &Call<'_>, name: &str) -> Result<Encoding, CallError> {
    let lower = name.to_ascii_lowercase();
    Ok(match lower.as_str() {
        "utf-8" | "csutf8" => Encoding::Utf8,
        "utf-16" | "csutf16" => Encoding::Utf16Marked,
        "utf-16be" | "csutf16be" => Encoding::Utf16 { is_little: false },
        "utf-16le" | "csutf16le" => Encoding::Utf16 { is_little: true },
        "big5" | "csbig5" => Encoding::Large(large::BIG5),
        "euc-jp" | "cseucpkdfmtjapanese" | "extended_unix_code_packed_format_for_japanese" => {
            Encoding::Large(large::EUC_JP)
        }
        "euc-kr" | "cseuckr" => Encoding::Large(large::EUC_KR),
        "gb18030" | "csgb18030" => Encoding::Large(large::GB18030),
        "gbk" | "cp936" | "ms936" | "windows-936" | "csgbk" => Encoding::Large(large::GBK),
        "iso-2022-jp" | "csiso2022jp" => Encoding::Large(large::ISO_2022_JP),
        "shift_jis" | "ms_kanji" | "csshiftjis" => Encoding::Large(large::SHIFT_JIS),
        _ => {
            let mut lines = CHARSETS.lines().filter_map(|line| line.split_once('\t'));
            let found = lines.find(|(names, _)| names.split(' ').any(|known| known == lower));
            Encoding::Small(found.map(|(_, table)| table).ok_or_else(|| {
                let message = format!("{} is not an encoding that is known here by its IANA name", call.shown(name));
                CallError::argument(1, message)
            })?)
        }
    })
}

impl Encoding {
    /// Returns the bytes of a text, or the first character that the encoding does not have.
    fn encode(&self, text: &str) -> Result<Vec<u8>, char> {
        Ok(match self {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16 { is_little: true } => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16 { is_little: false } => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Encoding::Utf16Marked => {
                std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect()
            }
            Encoding::Small(table) => {
                let bytes: HashMap<char, u8> = characters(table).into_iter().zip(0..=u8::MAX).rev().collect();
                let byte = |c: char| bytes.get(&c).copied().filter(|_| c != char::REPLACEMENT_CHARACTER).ok_or(c);
                text.chars().map(byte).collect::<Result<_, _>>()?
            }
            Encoding::Large(encoding) => {
                let (bytes, _, is_incomplete) = encoding.encode(text);
                if is_incomplete {
                    let is_missing = |c: &char| encoding.encode(c.encode_utf8(&mut [0; 4])).2;
                    return Err(text.chars().find(is_missing).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                bytes.into_owned()
            }
        })
    }

    /// Returns the text of bytes; what cannot be read may also become replacement characters.
    fn decode(&self, bytes: &[u8]) -> Option<String> {
        match self {
            Encoding::Utf8 => String::from_utf8(bytes.to_vec()).ok(),
            Encoding::Utf16 { is_little } => utf16(bytes, *is_little),
            Encoding::Utf16Marked => match bytes {
                [0xff, 0xfe, rest @ ..] => utf16(rest, true),
                [0xfe, 0xff, rest @ ..] => utf16(rest, false),
                _ => utf16(bytes, false),
            },
            Encoding::Small(table) => {
                let characters = characters(table);
                bytes.iter().map(|byte| characters.get(usize::from(*byte)).copied()).collect()
            }
            Encoding::Large(encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
            }
        }
    }
}

fn utf16(bytes: &[u8], is_little: bool) -> Option<String> {
    let pairs = bytes.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let unit = |pair: &[u8]| u16::from_be_bytes(if is_little { [pair[1], pair[0]] } else { [pair[0], pair[1]] });
    char::decode_utf16(pairs.map(unit)).collect::<Result<String, _>>().ok()
}

/// Returns the character of each byte.
fn characters(table: &str) -> Vec<char> {
    let mut characters = Vec::with_capacity(256);
    for run in table.split(' ') {
        if let Some(count) = run.strip_prefix('-') {
            characters.extend(std::iter::repeat_n(char::REPLACEMENT_CHARACTER, count.parse().unwrap_or(1)));
            continue;
        }
        let (first, count) = run.split_once('+').unwrap_or((run, "1"));
        let (first, count) = (u32::from_str_radix(first, 16).unwrap_or_default(), count.parse().unwrap_or(1));
        characters.extend((first..first + count).filter_map(char::from_u32));
    }
    characters
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_table;

    #[test]
    fn encoding_agrees_with_terraform() {
        check_table("textencodebase64", include_str!("tables/textencodebase64.txt"));
    }

    #[test]
    fn decoding_agrees_with_terraform() {
        check_table("textdecodebase64", include_str!("tables/textdecodebase64.txt"));
    }

    #[test]
    fn tables_have_a_character_for_each_byte() {
        for line in super::CHARSETS.lines() {
            let (names, table) = line.split_once('\t').expect("names and characters");
            assert_eq!(super::characters(table).len(), 256, "{names}");
        }
    }
}
