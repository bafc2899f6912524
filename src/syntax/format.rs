//! The formatter.

/// Formats native syntax: the layout of the text changes, nothing else.
pub fn format(_text: &[u8]) -> Vec<u8> {
    panic!("skeleton")
}
