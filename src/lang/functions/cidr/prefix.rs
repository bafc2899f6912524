//! Address ranges as numbers, read the way Terraform reads them.
//!
//! The standard library's parser is not used: decimal parts may have leading zeros here (`010.0.0.0/08` is
//! `10.0.0.0/8`, as it was when many configurations were written), hexadecimal groups may have more than four digits.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An address range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    /// The address, in the lowest bits.
    pub(super) bits: u128,
    /// How many bits an address has: 32 or 128.
    pub(super) width: u32,
    /// How many of them all addresses of the range have in common.
    pub(super) length: u32,
}

impl Prefix {
    /// Reads `10.0.0.0/8`; bits beyond the length are dropped.
    pub(super) fn parse(text: &str) -> Option<Prefix> {
        let (address, length) = text.split_once('/')?;
        let address = Prefix::parse_address(address)?;
        let (length, rest) = decimal(length)?;
        if !rest.is_empty() || length > address.width {
            return None;
        }
        let range = Prefix { length, ..address };
        Some(Prefix { bits: range.bits & range.mask(), ..range })
    }

    /// Reads an address: a range of one.
    pub(super) fn parse_address(text: &str) -> Option<Prefix> {
        match parse_v4(text) {
            Some(bits) => Some(Prefix { bits: u128::from(bits), width: 32, length: 32 }),
            None => Some(Prefix { bits: parse_v6(text)?, width: 128, length: 128 }),
        }
    }

    /// Returns the bits that all addresses of the range have in common, set.
    pub(super) fn mask(self) -> u128 {
        let all = if self.width == 128 { u128::MAX } else { u128::from(u32::MAX) };
        all & !self.rest()
    }

    /// Returns the other bits, set.
    fn rest(self) -> u128 {
        1u128.checked_shl(self.width - self.length).map_or(u128::MAX, |size| size - 1)
    }

    /// Tells whether all of `other`, of the same width, lies in the range.
    pub(super) fn contains(self, other: Prefix) -> bool {
        other.length >= self.length && other.bits & self.mask() == self.bits & self.mask()
    }

    /// Returns the first range of this length that does not begin before this address.
    pub(super) fn rounded_up(self) -> Option<Prefix> {
        let bits = self.bits.checked_add(self.rest())? & !self.rest();
        (self.width == 128 || bits <= u128::from(u32::MAX)).then_some(Prefix { bits, ..self })
    }

    /// Returns the first address after the range.
    pub(super) fn end(self) -> Option<u128> {
        (self.bits | self.rest()).checked_add(1)
    }

    /// Writes the address; an IPv6 address that stands for an IPv4 address is written as that.
    pub(super) fn address(self) -> String {
        if self.width == 32 {
            return Ipv4Addr::from(self.bits as u32).to_string();
        }
        let address = Ipv6Addr::from(self.bits);
        address.to_ipv4_mapped().map_or_else(|| address.to_string(), |v4| v4.to_string())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_mapped = self.width == 128 && self.length >= 96 && self.bits >> 32 == 0xffff;
        let length = if is_mapped { self.length - 96 } else { self.length };
        write!(f, "{}/{length}", self.address())
    }
}

fn parse_v4(text: &str) -> Option<u32> {
    let mut address = 0u32;
    let mut rest = text;
    for part in 0..4 {
        if part > 0 {
            rest = rest.strip_prefix('.')?;
        }
        let (number, after) = decimal(rest)?;
        address = address << 8 | u32::from(u8::try_from(number).ok()?);
        rest = after;
    }
    rest.is_empty().then_some(address)
}

/// Reads a decimal number at the start.
fn decimal(text: &str) -> Option<(u32, &str)> {
    number(text, 10)
}

fn number(text: &str, radix: u32) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_digit(radix)).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    // Leading zeros do not count towards the size.
    let significant = digits.trim_start_matches('0');
    match (digits.is_empty(), significant.is_empty()) {
        (true, _) => None,
        (false, true) => Some((0, rest)),
        (false, false) => Some((u32::from_str_radix(significant, radix).ok()?, rest)),
    }
}

fn parse_v6(text: &str) -> Option<u128> {
    let Some((before, after)) = text.split_once("::") else {
        let groups = groups(text, true)?;
        return (groups.len() == 8).then(|| join(&groups));
    };
    let mut head = if before.is_empty() { Vec::new() } else { groups(before, false)? };
    let tail = if after.is_empty() { Vec::new() } else { groups(after, true)? };
    // The gap stands for one group of zeros at least.
    let gap = 8usize.checked_sub(head.len() + tail.len()).filter(|gap| *gap > 0)?;
    head.extend(std::iter::repeat_n(0, gap));
    head.extend(tail);
    Some(join(&head))
}

fn join(groups: &[u16]) -> u128 {
    groups.iter().fold(0, |sum, group| sum << 16 | u128::from(*group))
}

/// Reads groups between colons; the last may be an IPv4 address, which makes two.
fn groups(text: &str, may_end_in_v4: bool) -> Option<Vec<u16>> {
    let mut groups = Vec::new();
    let mut parts = text.split(':').peekable();
    while let Some(part) = parts.next() {
        if part.contains('.') {
            let address = parse_v4(part).filter(|_| may_end_in_v4 && parts.peek().is_none())?;
            groups.extend([(address >> 16) as u16, address as u16]);
            continue;
        }
        let (group, rest) = number(part, 16)?;
        if !rest.is_empty() {
            return None;
        }
        groups.push(u16::try_from(group).ok()?);
    }
    (groups.len() <= 8).then_some(groups)
}
