//! `base64gzip`, `base64gunzip`: compressed text in Base64.
//!
//! The compressed bytes end up in attributes such as `user_data`, where other bytes mean another plan, so they must be
//! those of Terraform, which are those of the Go library. No crate makes them: what a compressor finds and how it
//! writes that down is its own affair. So there is a compressor here that decides as that one does at its default
//! level; its files describe the decisions. Reading needs no such care and is left to `flate2`.

mod blocks;
mod huffman;
mod matches;
#[cfg(test)]
mod tests;

use std::io::Read;

use self::blocks::Writer;
use super::{Call, CallError, Code, Function, Outcome, Returns, base64, example, param, types};

/// A text of more bytes is refused: a few bytes of input can ask for all memory.
const TEXT_BYTES_MAX: u64 = 1 << 28;

pub(super) static BASE64GZIP: Function = Function {
    name: "base64gzip",
    summary: "Compresses a text by gzip and returns the bytes in Base64.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"base64gzip("hello")"#, r#""H4sIAAAAAAAA/8pIzcnJBwAAAP//AQAA//+GphA2BQAAAA==""#),
        example(r#"base64gzip("")"#, r#""H4sIAAAAAAAA/wAAAP//AQAA//8AAAAAAAAAAA==""#),
        example("base64gzip(null)", "error: must not be null"),
    ],
    code: Code::Eager(|call| Ok(base64::encode(&compress(call.text(0).as_bytes())).into())),
};

pub(super) static BASE64GUNZIP: Function = Function {
    name: "base64gunzip",
    summary: "Returns the text that `base64gzip` compressed.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"base64gunzip(base64gzip("hello"))"#, r#""hello""#),
        example(r#"base64gunzip("aGVsbG8=")"#, "error: not compressed by gzip"),
    ],
    code: Code::Eager(gunzip),
};

fn gunzip(call: &Call<'_>) -> Outcome {
    let bytes = base64::decode(call.text(0)).map_err(|error| CallError::argument(0, error.message(call, 0)))?;
    let mut text = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(&bytes[..]).take(TEXT_BYTES_MAX + 1);
    reader.read_to_end(&mut text).map_err(|error| {
        CallError::argument(0, format!("the bytes are not compressed by gzip, or are damaged: {error}"))
    })?;
    if text.len() as u64 > TEXT_BYTES_MAX {
        return Err(CallError::argument(0, format!("the text is longer than {TEXT_BYTES_MAX} bytes")));
    }
    let text = String::from_utf8(text).map_err(|_| CallError::argument(0, "what was compressed is not UTF-8 text"))?;
    Ok(text.into())
}

fn compress(text: &[u8]) -> Vec<u8> {
    // No name, no time, no hint of the level, unknown system.
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut writer = Writer::new(header.to_vec());
    matches::find(text, |block| writer.block(&block));
    // The text is flushed, which leaves an empty block, before another one ends the stream.
    writer.stored(&[], false);
    writer.stored(&[], true);
    let mut bytes = writer.finish();
    let mut sum = flate2::Crc::new();
    sum.update(text);
    bytes.extend(sum.sum().to_le_bytes());
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes
}
