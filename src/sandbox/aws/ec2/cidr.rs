//! Ranges of addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::call::{Error, invalid};

/// A range of IPv4 addresses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    address: u32,
    /// Bits that all of its addresses begin with.
    pub prefix: u32,
}

impl Range {
    /// Reads `10.0.0.0/16`; bits behind the prefix must be 0.
    pub fn read(text: &str) -> Option<Range> {
        let range = Range::read_loosely(text)?;
        (range.address & !range.mask() == 0).then_some(range)
    }

    /// Reads `10.0.0.1/16` as `10.0.0.0/16`, too, as EC2 does for VPCs, subnets and routes.
    pub fn normal(text: &str) -> Option<Range> {
        let range = Range::read_loosely(text)?;
        Some(Range { address: range.address & range.mask(), ..range })
    }

    fn read_loosely(text: &str) -> Option<Range> {
        let (address, prefix) = text.split_once('/')?;
        let address: Ipv4Addr = address.parse().ok()?;
        let is_plain = !prefix.is_empty() && prefix.len() <= 2 && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32 && is_plain)?;
        Some(Range { address: address.into(), prefix })
    }

    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0)
    }

    /// Tells whether all of another range is in this one.
    pub fn contains(self, other: Range) -> bool {
        other.prefix >= self.prefix && other.address & self.mask() == self.address
    }

    /// Tells whether an address is in both.
    pub fn overlaps(self, other: Range) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// Returns how many addresses there are.
    pub fn size(self) -> u64 {
        1 << (32 - self.prefix)
    }

    /// Returns an address by its place.
    pub fn address(self, place: u64) -> Ipv4Addr {
        Ipv4Addr::from(self.address.wrapping_add(place as u32))
    }

    /// Tells whether an address is in the range, and its place there.
    pub fn place(self, address: Ipv4Addr) -> Option<u64> {
        let address = u32::from(address);
        (address & self.mask() == self.address).then(|| u64::from(address - self.address))
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address(0), self.prefix)
    }
}

/// Reads a range of a parameter, or says that it is none.
pub fn parameter(name: &str, text: &str) -> Result<Range, Error> {
    Range::normal(text).ok_or_else(|| invalid(name, text, "This is not a valid CIDR block."))
}

/// Tells whether a text is a range of IPv6 addresses, and writes it in its usual form.
pub fn six(text: &str) -> Option<String> {
    let (address, prefix) = text.split_once('/')?;
    let address: Ipv6Addr = address.parse().ok()?;
    let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix <= 128)?;
    let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
    Some(format!("{}/{prefix}", Ipv6Addr::from(u128::from(address) & mask)))
}

#[cfg(test)]
mod tests {
    use super::{Range, six};

    #[test]
    fn ranges_contain_and_overlap() {
        let range = |text| Range::normal(text).expect("a range");
        let all = range("0.0.0.0/0");
        assert!(all.contains(range("10.0.0.0/32")) && all.size() == 1 << 32);
        assert!(range("10.0.0.0/16").contains(range("10.0.255.0/24")));
        assert!(!range("10.0.0.0/16").contains(range("10.1.0.0/24")));
        assert!(range("10.0.1.0/24").overlaps(range("10.0.0.0/16")));
        assert_eq!(range("10.0.0.77/24").to_string(), "10.0.0.0/24");
        assert_eq!(range("10.0.0.0/24").address(255).to_string(), "10.0.0.255");
        for wrong in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/+8", "10.0.0.0/"] {
            assert_eq!(Range::normal(wrong), None, "{wrong}");
        }
        assert_eq!(Range::read("10.0.0.1/24"), None);
    }

    #[test]
    fn ranges_of_the_other_family() {
        assert_eq!(six("::/0").as_deref(), Some("::/0"));
        assert_eq!(six("2001:DB8::1/32").as_deref(), Some("2001:db8::/32"));
        assert_eq!(six("10.0.0.0/8"), None);
    }
}
