//! Turns diagnostics and other plain data into text and JSON.

mod header;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod markdown;
pub(crate) mod plan;
pub(crate) mod plan_json;
pub(crate) mod schema_json;
mod snippet;
pub(crate) mod state_json;
pub(crate) mod stream;
pub(crate) mod test_json;
pub(crate) mod test_text;
pub(crate) mod text;
mod wrap;

#[cfg(test)]
mod differential;

pub(crate) use snippet::Snippets;
pub(crate) use wrap::wrap;

/// Says how many of something there are.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
