//! The target `test_file`; what it does stands in `bodies.rs`.
#![no_main]
#![allow(dead_code)]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|text: &[u8]| bodies::test_file(text));
