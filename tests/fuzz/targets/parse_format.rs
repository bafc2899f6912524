//! The target `parse_format`; what it does stands in `bodies.rs`.
#![no_main]
#![allow(dead_code)]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|text: &[u8]| bodies::parse_format(text));
