//! What the objects of a plan cost, by the price list and by what objects say of each other.

use std::collections::{BTreeMap, HashMap};

use ecow::EcoString;
use plan::Change;
use sdk::{Charge, Costs, Item, Meaning, Quantity, Word};

use crate::groups::{Groups, Planned};
use crate::money::Cost;
use crate::prices::{Missing, Prices};

/// How often a meaning may lead to another one.
const MEANINGS_DEEP_MAX: usize = 4;

/// What a cluster pays for, of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// The entry of the price list, or the word that nobody explains.
    pub item: String,
    /// Where it is, if that is known.
    pub region: Option<String>,
    /// How much of it there is.
    pub before: Quantity,
    /// How much of it there will be.
    pub after: Quantity,
    /// It is counted in gigabytes.
    pub is_by_gigabyte: bool,
    /// What one of it costs, or why that is not known.
    pub price: Result<Cost, &'static str>,
    /// What all of it costs.
    pub cost_before: Cost,
    /// What all of it will cost.
    pub cost_after: Cost,
}

impl Line {
    /// Counts another line in, if people would take it for the same.
    fn takes_in(&mut self, other: &Line) -> bool {
        let is_same = (&self.name, &self.region, &self.price) == (&other.name, &other.region, &other.price);
        if is_same {
            (self.before, self.after) = (sum(self.before, other.before), sum(self.after, other.after));
            (self.cost_before, self.cost_after) =
                (self.cost_before.plus(other.cost_before), self.cost_after.plus(other.cost_after));
        }
        is_same
    }
}

/// Returns lines as people tell them apart: versions of a control plane that cost the same are one.
pub(crate) fn told(lines: &[Line]) -> Vec<Line> {
    let mut told: Vec<Line> = Vec::new();
    for line in lines {
        if !told.iter_mut().any(|known| known.takes_in(line)) {
            told.push(line.clone());
        }
    }
    told
}

/// Before or after.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

impl Side {
    fn of(self, change: &Change) -> Option<&Costs> {
        let outlook = change.outlook.as_ref()?;
        Some(if self == Side::Before { &outlook.before } else { &outlook.after })
    }
}

/// What words mean on one side of a plan.
struct Meanings<'a> {
    planned: &'a [Planned<'a>],
    groups: &'a Groups,
    side: Side,
    /// By word: the changes that explain it.
    by_word: HashMap<&'a Word, Vec<(usize, &'a Meaning)>>,
    /// By resource: those whose instances explain anything.
    explaining: HashMap<&'a addr::AbsResource, Vec<usize>>,
    /// By group: where its cluster is.
    regions: HashMap<usize, &'a EcoString>,
}

impl<'a> Meanings<'a> {
    fn of(planned: &'a [Planned<'a>], groups: &'a Groups, side: Side) -> Meanings<'a> {
        let (mut by_word, mut explaining): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = Default::default();
        let mut regions = HashMap::new();
        for (place, planned) in planned.iter().enumerate() {
            let Some(costs) = side.of(planned.change) else { continue };
            if !costs.meanings.is_empty() {
                explaining.entry(&planned.change.address.resource).or_default().push(place);
            }
            for meaning in &costs.meanings {
                by_word.entry(&meaning.word).or_default().push((place, meaning));
            }
            if let Some(region) = costs.charges.iter().find_map(|charge| charge.region.as_ref()) {
                regions.entry(groups.of[place]).or_insert(region);
            }
        }
        Meanings { planned, groups, side, by_word, explaining, regions }
    }

    /// Returns what a word means for an object: in its own cluster first, then anywhere if there is one such meaning only.
    fn find(&self, word: &Word, place: usize) -> Option<(usize, &'a Meaning)> {
        if word.name.is_none() {
            return self.needed(word, place);
        }
        let known = self.by_word.get(word)?;
        let own: Vec<_> = known.iter().filter(|(at, _)| self.groups.of[*at] == self.groups.of[place]).collect();
        match (own.as_slice(), known.as_slice()) {
            ([one], _) => Some(**one),
            ([], [one]) => Some(*one),
            _ => None,
        }
    }

    /// Returns what a word of that kind means by what an object was configured from.
    fn needed(&self, word: &Word, place: usize) -> Option<(usize, &'a Meaning)> {
        let mut found: Option<(usize, &'a Meaning)> = None;
        for need in &self.planned[place].change.needs {
            for at in self.explaining.get(&need.resource).into_iter().flatten().copied() {
                if need.key.is_some() && need.key != self.planned[at].change.address.key {
                    continue;
                }
                let costs = self.side.of(self.planned[at].change)?;
                let Some(meaning) = costs.meanings.iter().find(|meaning| meaning.word.kind == word.kind) else {
                    continue;
                };
                if found.is_some_and(|(known, _)| known != at) {
                    return None;
                }
                found = Some((at, meaning));
            }
        }
        found
    }

    /// Returns what a charge comes down to: entries of a price list, or words that nobody explains.
    fn resolve(
        &self,
        charge: &Charge,
        place: usize,
        deep: usize,
        out: &mut Vec<(String, Option<EcoString>, Quantity)>,
    ) {
        match &charge.item {
            Item::Listed(item) => {
                let region = charge.region.as_ref().or_else(|| self.regions.get(&self.groups.of[place]).copied());
                out.push((item.to_string(), region.cloned(), charge.quantity));
            }
            Item::Meant(word) => match self.find(word, place).filter(|_| deep < MEANINGS_DEEP_MAX) {
                Some((at, meaning)) => {
                    for inner in &meaning.charges {
                        let inner = Charge { quantity: inner.quantity.times(charge.quantity), ..inner.clone() };
                        let place = if inner.region.is_some() { at } else { place };
                        self.resolve(&inner, place, deep + 1, out);
                    }
                }
                None => {
                    let name = word.name.as_deref().map(|name| format!(" {name:?}")).unwrap_or_default();
                    out.push((format!("{}{name}", word.kind.as_str().replace('-', " ")), None, charge.quantity));
                }
            },
        }
    }
}

/// By group, item and region: how much there is before and after.
type Totals = BTreeMap<(usize, String, Option<EcoString>), (Option<Quantity>, Option<Quantity>)>;

/// Returns what each group pays for, sorted by item.
pub(crate) fn lines(planned: &[Planned<'_>], groups: &Groups, prices: &Prices) -> Vec<Vec<Line>> {
    let mut totals = Totals::new();
    for side in [Side::Before, Side::After] {
        let meanings = Meanings::of(planned, groups, side);
        for (place, planned) in planned.iter().enumerate() {
            let Some(costs) = side.of(planned.change) else { continue };
            let mut found = Vec::new();
            costs.charges.iter().for_each(|charge| meanings.resolve(charge, place, 0, &mut found));
            for (item, region, quantity) in found {
                let quantity = if planned.is_counted { quantity } else { Quantity::UNKNOWN };
                let total = totals.entry((groups.of[place], item, region)).or_default();
                let total = if side == Side::Before { &mut total.0 } else { &mut total.1 };
                *total = Some(total.map_or(quantity, |total| sum(total, quantity)));
            }
        }
    }
    let mut lines: Vec<Vec<Line>> = vec![Vec::new(); groups.names.len()];
    for ((group, item, region), (before, after)) in totals {
        let none = Quantity::exactly(0);
        lines[group].push(line(item, region, (before.unwrap_or(none), after.unwrap_or(none)), prices));
    }
    lines
}

fn sum(one: Quantity, other: Quantity) -> Quantity {
    let most = one.most.zip(other.most).map(|(one, other)| one.saturating_add(other));
    Quantity { least: one.least.saturating_add(other.least), most }
}

fn line(item: String, region: Option<EcoString>, (before, after): (Quantity, Quantity), prices: &Prices) -> Line {
    let found = prices.find(&item, region.as_deref());
    let cost = |quantity: Quantity| match &found {
        _ if quantity == Quantity::exactly(0) => Cost::default(),
        Ok(price) => Cost::of(price.rate, price.is_estimate, quantity),
        Err(_) => Cost::UNKNOWN,
    };
    Line {
        name: prices.name(&item).rsplit_once("ec2/").map_or(prices.name(&item), |(_, machine)| machine).to_owned(),
        region: region.as_ref().map(ToString::to_string),
        before,
        after,
        is_by_gigabyte: prices.is_by_gigabyte(&item),
        cost_before: cost(before),
        cost_after: cost(after),
        price: match &found {
            Ok(_) => Ok(cost(Quantity::ONE)),
            Err(Missing::Item) => Err("not in the price list"),
            Err(Missing::Region) => Err("no price for this region"),
            Err(Missing::RegionUnknown) => Err("the region is not known"),
        },
        item,
    }
}
