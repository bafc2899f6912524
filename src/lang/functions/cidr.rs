//! `cidrhost`, `cidrnetmask`, `cidrsubnet`, `cidrsubnets`, `cidrcontains`: calculating with address ranges.
//!
//! Addresses are whole numbers of 32 or 128 bits. Host and subnet numbers that lie outside the range are errors here
//! in every case; in some (negative subnet numbers, hosts beyond 64 bits) Terraform 1.11 returns addresses outside of
//! the range, and it cannot cut subnets from ranges that begin at address zero.

mod prefix;
#[cfg(test)]
mod tests;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};
use value::{Type, Value};

use self::prefix::Prefix;
use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

/// How many bits one call of `cidrsubnets` may add to a range.
const NEW_BITS_MAX: i64 = 32;

pub(super) static CIDRHOST: Function = Function {
    name: "cidrhost",
    summary: "Returns an address of a range by its number; negative numbers count from the end.",
    params: &[param("prefix", types::string), param("hostnum", types::number)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"cidrhost("10.12.112.0/20", 16)"#, r#""10.12.112.16""#),
        example(r#"cidrhost("10.12.112.0/20", -1)"#, r#""10.12.127.255""#),
        example(r#"cidrhost("fd00:fd12:3456:7890:00a2::/72", 34)"#, r#""fd00:fd12:3456:7890::22""#),
        example(r#"cidrhost("10.0.0.0/24", 256)"#, "error: has no address number 256"),
    ],
    code: Code::Eager(cidrhost),
};

pub(super) static CIDRNETMASK: Function = Function {
    name: "cidrnetmask",
    summary: "Returns the mask of an IPv4 range as an address.",
    params: &[param("prefix", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"cidrnetmask("172.16.0.0/12")"#, r#""255.240.0.0""#),
        example(r#"cidrnetmask("fd00::/8")"#, "error: IPv6"),
    ],
    code: Code::Eager(cidrnetmask),
};

pub(super) static CIDRSUBNET: Function = Function {
    name: "cidrsubnet",
    summary: "Returns a subnet of a range: longer by `newbits`, and the `netnum`-th of that size, from 0.",
    params: &[param("prefix", types::string), param("newbits", types::number), param("netnum", types::number)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"cidrsubnet("172.16.0.0/12", 4, 2)"#, r#""172.18.0.0/16""#),
        example(r#"cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162)"#, r#""fd00:fd12:3456:7800:a200::/72""#),
        example(r#"cidrsubnet("10.0.0.0/16", 8, 256)"#, "error: no subnet number 256"),
        example(r#"cidrsubnet("10.0.0.0/28", 8, 0)"#, "error: longer than its 32 bits"),
    ],
    code: Code::Eager(cidrsubnet),
};

pub(super) static CIDRSUBNETS: Function = Function {
    name: "cidrsubnets",
    summary: "Returns consecutive subnets of a range, each longer than it by a number of bits of its own.",
    params: &[param("prefix", types::string)],
    rest: Some(param("newbits", types::number)),
    returns: Returns::Fixed(types::list_string),
    examples: &[
        example(
            r#"cidrsubnets("10.1.0.0/16", 4, 4, 8)"#,
            "tolist([\n  \"10.1.0.0/20\",\n  \"10.1.16.0/20\",\n  \"10.1.32.0/24\",\n])",
        ),
        example(r#"cidrsubnets("10.1.0.0/16", 1, 1, 1)"#, "error: no room"),
    ],
    code: Code::Eager(cidrsubnets),
};

pub(super) static CIDRCONTAINS: Function = Function {
    name: "cidrcontains",
    summary: "Tells whether an address, or all of another range, lies in a range. Both must be of one IP version.",
    params: &[param("containing_prefix", types::string), param("contained_ip_or_prefix", types::string)],
    rest: None,
    returns: Returns::Fixed(types::bool),
    examples: &[
        example(r#"cidrcontains("192.168.2.0/20", "192.168.2.1")"#, "true"),
        example(r#"cidrcontains("192.168.2.0/20", "192.168.2.0/22")"#, "true"),
        example(r#"cidrcontains("192.168.2.0/20", "192.126.2.1")"#, "false"),
        example(r#"cidrcontains("192.168.2.0/20", "fe80::1")"#, "error: IPv6"),
    ],
    code: Code::Eager(cidrcontains),
};

fn range(call: &Call<'_>, index: usize) -> Result<Prefix, CallError> {
    Prefix::parse(call.text(index)).ok_or_else(|| {
        let shown = call.shown(call.text(index));
        let message = format!("{shown} is not an address range, such as \"10.0.0.0/8\" or \"fd00::/64\"");
        CallError::argument(index, message)
    })
}

/// Returns a number argument as a whole number of any size.
fn number(call: &Call<'_>, index: usize) -> Result<BigInt, CallError> {
    let number = call.args[index].as_number();
    let whole = number.filter(|number| number.is_integer()).and_then(|number| number.to_string().parse().ok());
    whole.ok_or_else(|| {
        let shown = number.map_or_else(String::new, |number| call.shown_number(number));
        CallError::argument(index, format!("a whole number is needed, not {shown}"))
    })
}

fn cidrhost(call: &Call<'_>) -> Outcome {
    let host = number(call, 1)?;
    let range = range(call, 0)?;
    let size = BigInt::from(1) << (range.width - range.length);
    let index = if host.is_negative() { &size + &host } else { host.clone() };
    if index.is_negative() || index >= size {
        let shown = call.shown(call.text(0));
        let (host, size) = (call.shown_number(host), call.shown_number(size));
        return Err(CallError::argument(1, format!("{shown} has no address number {host}: it has {size}")));
    }
    let index = index.to_u128().unwrap_or_default();
    Ok(Prefix { bits: range.bits | index, ..range }.address().into())
}

fn cidrnetmask(call: &Call<'_>) -> Outcome {
    let range = range(call, 0)?;
    if range.width == 128 {
        let message = format!("{} is an IPv6 range, which has no mask in address form", call.shown(call.text(0)));
        return Err(CallError::argument(0, message));
    }
    Ok(Prefix { bits: range.mask(), ..range }.address().into())
}

fn cidrsubnet(call: &Call<'_>) -> Outcome {
    let new_bits = call.whole(1)?;
    let subnet = number(call, 2)?;
    let range = range(call, 0)?;
    let shown = || call.shown(call.text(0));
    let more = call.shown_number(new_bits);
    let length = i64::from(range.length).saturating_add(new_bits);
    if length > i64::from(range.width) {
        let message = format!("{} with {more} more bits is longer than its {} bits", shown(), range.width);
        return Err(CallError::argument(1, message));
    }
    if new_bits < 0 {
        return Err(CallError::argument(1, format!("a subnet cannot have fewer bits ({more}) than its range")));
    }
    let count = BigInt::from(1) << new_bits;
    if subnet.is_negative() || subnet >= count {
        let (subnet, count) = (call.shown_number(subnet), call.shown_number(count));
        let message = format!("{} with {more} more bits has no subnet number {subnet}: it has {count}", shown());
        return Err(CallError::argument(2, message));
    }
    let length = length as u32;
    let offset = shift_left(subnet.to_u128().unwrap_or_default(), range.width - length);
    Ok(Prefix { bits: range.bits | offset, length, ..range }.to_string().into())
}

/// Shifts, also by as many bits as there are.
fn shift_left(bits: u128, by: u32) -> u128 {
    bits.checked_shl(by).unwrap_or(0)
}

fn cidrsubnets(call: &Call<'_>) -> Outcome {
    let range = range(call, 0)?;
    let mut subnets = Vec::with_capacity(call.args.len() - 1);
    // The first free address; nothing once the range is used up to the end of all addresses.
    let mut free = Some(range.bits);
    for index in 1..call.args.len() {
        let length = subnet_length(call, range, index)?;
        let subnet = free.and_then(|free| Prefix { bits: free, length, ..range }.rounded_up());
        let Some(subnet) = subnet.filter(|subnet| range.contains(*subnet)) else {
            let (range, length) = (call.shown(call.text(0)), call.shown_number(length));
            let message = format!("no room is left in {range} for a subnet of {length} bits");
            return Err(CallError::argument(index, message));
        };
        free = subnet.end();
        subnets.push(Value::string(subnet.to_string()));
    }
    Ok(Value::list(Type::String, subnets))
}

fn subnet_length(call: &Call<'_>, range: Prefix, index: usize) -> Result<u32, CallError> {
    let new_bits = call.whole(index)?;
    if !(1..=NEW_BITS_MAX).contains(&new_bits) {
        let shown = call.shown_number(new_bits);
        let message = format!("a subnet must be longer by 1 to {NEW_BITS_MAX} bits, not by {shown}");
        return Err(CallError::argument(index, message));
    }
    let length = range.length + new_bits as u32;
    if length > range.width {
        let (more, length) = (call.shown_number(new_bits), call.shown_number(length));
        let message = format!("{more} more bits make {length}, and an address has {}", range.width);
        return Err(CallError::argument(index, message));
    }
    Ok(length)
}

fn cidrcontains(call: &Call<'_>) -> Outcome {
    let containing = range(call, 0)?;
    let text = call.text(1);
    let contained = if text.contains('/') { range(call, 1)? } else { single(call, 1)? };
    if containing.width != contained.width {
        let version = |prefix: Prefix| if prefix.width == 32 { "IPv4" } else { "IPv6" };
        let message = format!("{} and {} cannot be compared", version(containing), version(contained));
        return Err(CallError::argument(1, message));
    }
    Ok(Value::bool(containing.contains(contained)))
}

fn single(call: &Call<'_>, index: usize) -> Result<Prefix, CallError> {
    Prefix::parse_address(call.text(index)).ok_or_else(|| {
        let message = format!("{} is neither an address nor an address range", call.shown(call.text(index)));
        CallError::argument(index, message)
    })
}
