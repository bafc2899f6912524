//! Amounts of processors, memory and the like, counted up and down.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::kubernetes::quantity::Quantity;

/// Amounts by what they are of: `cpu` in thousandths, `memory` in bytes, others in ones.
pub type Amounts = BTreeMap<String, i64>;

/// Reads a quantity in thousandths.
pub fn thousandths(quantity: &Json) -> Option<i64> {
    let text = match quantity {
        Json::String(text) => text.trim().to_owned(),
        Json::Number(number) => number.to_string(),
        _ => return None,
    };
    let milli = Quantity::parse(&text)?.milli();
    Some(i64::try_from(milli).unwrap_or(if milli < 0 { i64::MIN } else { i64::MAX }))
}

/// Reads a quantity in ones.
pub fn ones(quantity: &Json) -> Option<i64> {
    thousandths(quantity).map(|thousandths| thousandths.div_euclid(1000) + i64::from(thousandths.rem_euclid(1000) > 0))
}

/// Reads an object of quantities.
pub fn amounts(object: &Json) -> Amounts {
    let read = |(name, quantity): (&String, &Json)| {
        let amount = if name == "cpu" { thousandths(quantity) } else { ones(quantity) };
        Some((name.clone(), amount?))
    };
    object.as_object().into_iter().flatten().filter_map(read).collect()
}

/// Adds amounts.
pub fn add(to: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let sum = to.entry(name.clone()).or_default();
        *sum = sum.saturating_add(*amount);
    }
}

/// Takes amounts away.
pub fn subtract(from: &mut Amounts, less: &Amounts) {
    for (name, amount) in less {
        let left = from.entry(name.clone()).or_default();
        *left = left.saturating_sub(*amount);
    }
}

/// Writes an amount as nodes show it.
pub fn written(name: &str, amount: i64) -> String {
    match name {
        "cpu" if amount % 1000 == 0 => (amount / 1000).to_string(),
        "cpu" => format!("{amount}m"),
        "memory" => format!("{}Ki", amount / 1024),
        _ => amount.to_string(),
    }
}

/// Reads `25%` or `2` of a whole; `rounds_up` says to which side.
pub fn share(value: &Json, of: i64, rounds_up: bool) -> i64 {
    match value {
        Json::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or_default();
            let product = of.saturating_mul(percent);
            if rounds_up { product.div_euclid(100) + i64::from(product.rem_euclid(100) > 0) } else { product / 100 }
        }
        other => other.as_i64().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ones, share, thousandths};

    #[test]
    fn reads_quantities_as_kubernetes_writes_them() {
        for (text, expected) in [("500m", 500), ("2", 2000), ("0.1", 100), ("1e3", 1_000_000), ("1k", 1_000_000)] {
            assert_eq!(thousandths(&json!(text)), Some(expected), "{text}");
        }
        for (text, expected) in [("2Gi", 2 << 30), ("64Mi", 64 << 20), ("100M", 100_000_000), ("1500m", 2)] {
            assert_eq!(ones(&json!(text)), Some(expected), "{text}");
        }
        assert_eq!(ones(&json!("much")), None);
    }

    #[test]
    fn shares_are_rounded_to_the_side_that_is_asked_for() {
        assert_eq!((share(&json!("25%"), 3, true), share(&json!("25%"), 3, false)), (1, 0));
        assert_eq!(share(&json!(2), 10, true), 2);
    }
}
