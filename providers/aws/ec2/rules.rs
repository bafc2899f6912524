//! Rules that several types of EC2 share. Each says nothing about what is not known yet.

use std::net::{Ipv4Addr, Ipv6Addr};

use sdk::Problem;
use sdk::value::Value;

use crate::fields::{is_set, part, text};

/// Attributes that modules set to null, and that cannot be served.
pub(super) fn unserved(config: &Value, names: &[&str]) -> Vec<Problem> {
    let is_wanted = |name: &&&str| {
        let value = part(config, name);
        is_set(config, name) && value.element_count() != Some(0) && value.as_str() != Some("")
    };
    let problem = |name: &&str| {
        let detail = format!("`{name}` is not served by this provider yet. Leave it out, or set it to null.");
        Problem::error("Not served", detail).at(*name)
    };
    names.iter().filter(is_wanted).map(problem).collect()
}

/// The text must be a range of addresses.
pub(super) fn range(config: &Value, name: &str) -> Option<Problem> {
    let text = text(config, name).filter(|text| !text.is_empty())?;
    if is_range(&text) {
        return None;
    }
    let detail =
        format!("{text:?} is not a range of addresses; those look like `10.0.0.0/16`, with zeros behind the prefix.");
    Some(Problem::error("Invalid range of addresses", detail).at(name))
}

/// Tells whether a text is a range of addresses, of either kind, with zeros behind the prefix.
pub(super) fn is_range(text: &str) -> bool {
    let Some((address, prefix)) = text.split_once('/') else { return false };
    let Ok(prefix) = prefix.parse::<u32>() else { return false };
    if let Ok(address) = address.parse::<Ipv4Addr>() {
        return prefix <= 32 && u32::from(address) & !u32::MAX.checked_shl(32 - prefix).unwrap_or(0) == 0;
    }
    let address: Result<Ipv6Addr, _> = address.parse();
    address.is_ok_and(|address| {
        prefix <= 128 && u128::from(address) & !u128::MAX.checked_shl(128 - prefix).unwrap_or(0) == 0
    })
}

/// Writes a name of EC2's parameters as its answers have it.
pub(super) fn lower(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::is_range;

    #[test]
    fn ranges_end_in_zeros() {
        for (text, expected) in [
            ("10.0.0.0/16", true),
            ("10.0.0.1/16", false),
            ("0.0.0.0/0", true),
            ("::/0", true),
            ("2001:db8::/32", true),
            ("10.0.0.0", false),
            ("10.0.0.0/33", false),
        ] {
            assert_eq!(is_range(text), expected, "{text}");
        }
    }
}
