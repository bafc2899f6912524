//! Price lists: what an hour of something costs, where.
//!
//! A list is a JSON file. The one in `prices.json` is part of the program; another one can be put before it, item by item.
//!
//! ```json
//! {
//!   "format": 1,
//!   "date": "2026-07-20",
//!   "currency": "USD",
//!   "source": "where the figures are from",
//!   "scales": {"ec2": {"large": 1, "xlarge": 2}},
//!   "items": {
//!     "aws/ebs/gp3": {"name": "gp3 volume", "per": "gb-month", "price": {"us-east-1 us-west-2": 0.08}},
//!     "aws/ec2/m7i.*": {"per": "hour", "scale": "ec2", "price": {"us-east-1": 0.1008}},
//!     "aws/eks/control-plane": {"per": "hour", "price": {"*": 0.10}}
//!   },
//!   "estimates": {"/spot": {"of": "the on-demand price", "least": 0.3, "most": 0.7}}
//! }
//! ```
//!
//! `per` is `hour`, `month` or `gb-month`; regions stand in one key with spaces between, `*` means all. An item that ends
//! with `*` stands for all that begin so; with a `scale` the rest of the name is a size there, and the price is that of the size 1.
//! An estimate says of items with such an ending, for which there is no price, what share of the price without the ending
//! they may cost.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::money::{HOURS, Money, ONE};

/// The list that is part of the program.
const BUILT_IN: &str = include_str!("prices.json");

/// The version of the format.
const FORMAT: u64 = 1;

/// Prices by item and region.
#[derive(Clone, Debug, Default)]
pub struct Prices {
    lists: Vec<List>,
}

#[derive(Clone, Debug, Default)]
struct List {
    date: String,
    source: String,
    scales: BTreeMap<String, BTreeMap<String, u64>>,
    items: BTreeMap<String, Entry>,
    estimates: BTreeMap<String, (u64, u64)>,
}

#[derive(Clone, Debug)]
struct Entry {
    name: Option<String>,
    per: Per,
    scale: Option<String>,
    /// By region; `*` for all others.
    prices: BTreeMap<String, Money>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Per {
    Hour,
    Month,
    GigabyteMonth,
}

/// What one of something costs for an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    /// At least and at most.
    pub(crate) rate: (Money, Money),
    /// There is no list price: it is a share of another one.
    pub(crate) is_estimate: bool,
}

/// Why there is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The list does not have the item.
    Item,
    /// The list has it elsewhere.
    Region,
    /// Where it is is not known, and its price differs.
    RegionUnknown,
}

impl Prices {
    /// Returns the prices that are part of the program; none at all would be a mistake there, which tests find.
    pub fn built_in() -> Prices {
        Prices { lists: List::parse(BUILT_IN).into_iter().collect() }
    }

    /// Returns these prices behind those of a file, or what is wrong with it.
    pub fn with(mut self, text: &str) -> Result<Prices, String> {
        self.lists.insert(0, List::parse(text)?);
        Ok(self)
    }

    /// Returns the date of each list, and where its figures are from; the first list wins.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lists.iter().map(|list| (list.date.as_str(), list.source.as_str()))
    }

    /// Returns the price of an item.
    pub(crate) fn find(&self, item: &str, region: Option<&str>) -> Result<Price, Missing> {
        let mut missing = Missing::Item;
        for list in &self.lists {
            match list.find(item, region) {
                Ok(price) => return Ok(price),
                Err(Missing::Item) => {}
                Err(other) => missing = other,
            }
        }
        Err(missing)
    }

    /// Tells whether an item is counted in gigabytes, wherever it is.
    pub(crate) fn is_by_gigabyte(&self, item: &str) -> bool {
        let of_list = |list: &List| list.entry(item).map(|(entry, _)| entry.per == Per::GigabyteMonth);
        self.lists.iter().find_map(of_list).unwrap_or(false)
    }

    /// Returns what people call an item.
    pub fn name<'a>(&'a self, item: &'a str) -> &'a str {
        let of_list = |list: &'a List| list.entry(item).and_then(|(entry, _)| entry.name.as_deref());
        self.lists.iter().find_map(of_list).unwrap_or(item)
    }
}

impl List {
    /// Returns the entry of an item, with the rest of its name if the entry stands for many.
    fn entry<'a>(&'a self, item: &'a str) -> Option<(&'a Entry, &'a str)> {
        if let Some(entry) = self.items.get(item) {
            return Some((entry, ""));
        }
        let ends = item.char_indices().rev().filter(|(_, c)| matches!(c, '.' | '/'));
        ends.into_iter().find_map(|(place, c)| {
            let (start, rest) = item.split_at(place + c.len_utf8());
            Some((self.items.get(&format!("{start}*"))?, rest))
        })
    }

    fn find(&self, item: &str, region: Option<&str>) -> Result<Price, Missing> {
        let found = self.listed(item, region);
        if found != Err(Missing::Item) {
            return found;
        }
        for (ending, (least, most)) in &self.estimates {
            let Some(base) = item.strip_suffix(ending.as_str()) else { continue };
            let price = self.listed(base, region)?;
            let share = |money: Money, share: u64| scaled(money, share).unwrap_or(money);
            let rate = (share(price.rate.0, *least), share(price.rate.1, *most));
            return Ok(Price { rate, is_estimate: true });
        }
        Err(Missing::Item)
    }

    fn listed(&self, item: &str, region: Option<&str>) -> Result<Price, Missing> {
        let (entry, size) = self.entry(item).ok_or(Missing::Item)?;
        let factor = match &entry.scale {
            None if size.is_empty() || !size.contains('/') => ONE,
            None => return Err(Missing::Item),
            Some(scale) => *self.scales.get(scale).and_then(|scale| scale.get(size)).ok_or(Missing::Item)?,
        };
        let here = region.and_then(|region| entry.prices.get(region)).or_else(|| entry.prices.get("*"));
        let missing = if region.is_some() { Missing::Region } else { Missing::RegionUnknown };
        let price = scaled(*here.ok_or(missing)?, factor).ok_or(Missing::Item)?;
        let hourly = if entry.per == Per::Hour { price } else { Money(price.0 / HOURS) };
        Ok(Price { rate: (hourly, hourly), is_estimate: false })
    }

    fn parse(text: &str) -> Result<List, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let top = object(&json, "the whole")?;
        known(top, "the whole", &["format", "date", "currency", "source", "scales", "items", "estimates"])?;
        let format = top.get("format").and_then(Json::as_u64);
        if format != Some(FORMAT) {
            return Err(format!("`format` must be {FORMAT}, the only version of the format that there is"));
        }
        if top.get("currency").and_then(Json::as_str) != Some("USD") {
            return Err("`currency` must be \"USD\": no other one is understood".to_owned());
        }
        let date = text_of(top, "date", "the whole")?;
        if !is_date(&date) {
            return Err(format!("`date` is {date:?}: it must be a day, like \"2026-07-20\""));
        }
        let source = text_of(top, "source", "the whole")?;
        let mut list = List { date, source, ..List::default() };
        for (name, scale) in optional(top, "scales")? {
            let at = format!("scales.{name}");
            let sizes = object(scale, &at)?.iter();
            let sizes = sizes.map(|(size, factor)| Ok((size.clone(), amount(factor, &format!("{at}.{size}"))?.0)));
            list.scales.insert(name.clone(), sizes.collect::<Result<_, String>>()?);
        }
        for (item, entry) in optional(top, "items")? {
            let entry = Entry::parse(entry, &format!("items[{item:?}]"), &list.scales)?;
            list.items.insert(item.clone(), entry);
        }
        for (ending, share) in optional(top, "estimates")? {
            let at = format!("estimates[{ending:?}]");
            let share = object(share, &at)?;
            known(share, &at, &["of", "least", "most"])?;
            let part = |name: &str| amount(share.get(name).unwrap_or(&Json::Null), &format!("{at}.{name}"));
            let (least, most) = (part("least")?.0, part("most")?.0);
            if least > most {
                return Err(format!("{at}: `least` is more than `most`"));
            }
            list.estimates.insert(ending.clone(), (least, most));
        }
        Ok(list)
    }
}

impl Entry {
    fn parse(json: &Json, at: &str, scales: &BTreeMap<String, BTreeMap<String, u64>>) -> Result<Entry, String> {
        let entry = object(json, at)?;
        known(entry, at, &["name", "per", "scale", "price"])?;
        let maybe = |name: &str| entry.contains_key(name).then(|| text_of(entry, name, at)).transpose();
        let per = match text_of(entry, "per", at)?.as_str() {
            "hour" => Per::Hour,
            "month" => Per::Month,
            "gb-month" => Per::GigabyteMonth,
            other => return Err(format!("{at}.per is {other:?}: it must be \"hour\", \"month\" or \"gb-month\"")),
        };
        let scale = maybe("scale")?;
        if let Some(scale) = scale.as_ref().filter(|scale| !scales.contains_key(*scale)) {
            return Err(format!("{at}.scale is {scale:?}, which `scales` does not have"));
        }
        let mut prices = BTreeMap::new();
        let at_price = format!("{at}.price");
        for (regions, price) in object(entry.get("price").unwrap_or(&Json::Null), &at_price)? {
            let price = amount(price, &format!("{at_price}[{regions:?}]"))?;
            for region in regions.split_whitespace() {
                if prices.insert(region.to_owned(), price).is_some() {
                    return Err(format!("{at_price} has the region {region:?} twice"));
                }
            }
        }
        Ok(Entry { name: maybe("name")?, per, scale, prices })
    }
}

fn scaled(money: Money, factor: u64) -> Option<Money> {
    u64::try_from(u128::from(money.0) * u128::from(factor) / u128::from(ONE)).ok().map(Money)
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let number = |place: usize| parts.get(place).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let is_digits = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    lengths == [4, 2, 2] && is_digits && (1..=12).contains(&number(1)) && (1..=31).contains(&number(2))
}

fn object<'a>(json: &'a Json, at: &str) -> Result<&'a Map<String, Json>, String> {
    json.as_object().ok_or_else(|| format!("{at} must be an object"))
}

fn optional<'a>(top: &'a Map<String, Json>, name: &str) -> Result<Vec<(&'a String, &'a Json)>, String> {
    top.get(name).map_or(Ok(Vec::new()), |json| object(json, name).map(|found| found.iter().collect()))
}

fn known(object: &Map<String, Json>, at: &str, names: &[&str]) -> Result<(), String> {
    match object.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(format!("{at} has {name:?}, which means nothing; there are {}", names.join(", "))),
        None => Ok(()),
    }
}

fn text_of(object: &Map<String, Json>, name: &str, at: &str) -> Result<String, String> {
    let text = object.get(name).and_then(Json::as_str);
    text.map(str::to_owned).ok_or_else(|| format!("{at} needs `{name}`, a text"))
}

fn amount(json: &Json, at: &str) -> Result<Money, String> {
    let text = json.as_number().map(ToString::to_string).unwrap_or_default();
    Money::parse(&text).ok_or_else(|| {
        format!("{at} is {json}: it must be a number that is not negative, with nine decimal places at most")
    })
}

#[cfg(test)]
#[path = "prices_tests.rs"]
mod tests;
