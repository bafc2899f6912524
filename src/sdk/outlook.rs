//! What a provider says of a change for people: its steps, what it disrupts, and what objects cost.

use std::time::Duration;

use ecow::EcoString;
use value::Value;

/// A change that may be made, as a whole.
///
/// Parts may be unknown, and what is sensitive is unknown here, too: an outlook is shown to everyone.
#[derive(Clone, Copy, Debug)]
pub struct Prospect<'a> {
    /// What happens.
    pub course: Course,
    /// The object as it is; null to create.
    pub prior: &'a Value,
    /// The object as planned; null to delete.
    pub planned: &'a Value,
    /// What `plan` returned to be passed to `apply`.
    pub private: &'a [u8],
}

/// What happens to an object, a replacement as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Course {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is taken away.
    Delete,
    /// It is taken away, and then made anew.
    DeleteThenCreate,
    /// It is made anew, and then the old one is taken away.
    CreateThenDelete,
}

/// What a change is like for those who wait for it, and for those who use the object meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// What is done one after the other to make or to change the object, if it is more than one thing. Taking away is
    /// always one thing, and no step of these.
    ///
    /// A change does what the approved plan lists, and nothing else: whatever the apply would add stops it. So nothing is
    /// listed while it is not known which steps there will be.
    pub steps: Vec<OutlookStep>,
    /// What the change as a whole disrupts, beside the steps; the worst of all counts.
    pub disruption: Disruption,
    /// How long it usually takes to make or to change this object, if it tells more than its type; with steps, they tell.
    pub typical: Option<Duration>,
}

/// A part of a change that has an end of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlookStep {
    /// What is done, as a short phrase: `control plane 1.34 -> 1.35`.
    pub title: EcoString,
    /// How long it usually takes.
    pub typical: Duration,
    /// What it disrupts.
    pub disruption: Disruption,
}

/// What becomes of those who use an object while it is changed; the worse ones are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disruption {
    /// They notice nothing.
    #[default]
    None,
    /// Parts go and come, one after the other: whatever runs more than once stays up.
    Rolling,
    /// It cannot be used for a time, or ever again.
    Outage,
}

/// What an object costs as long as it is there, and what others cost by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// What is paid for the object itself.
    pub charges: Vec<Charge>,
    /// What the object makes of words that charges of other objects use.
    pub meanings: Vec<Meaning>,
}

/// Something that is paid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What it is.
    pub item: Item,
    /// Where, if that is known; otherwise it is where the cluster is that the object is in.
    pub region: Option<EcoString>,
    /// How much of it, in the unit that a price list has for the item: machines, gigabytes.
    pub quantity: Quantity,
}

/// What is paid for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// An entry of a price list: `aws/eks/control-plane`, `aws/ec2/m7i.large`, `aws/ec2/m7i.large/spot`, `aws/ebs/gp3`,
    /// `aws/nat-gateway`.
    Listed(EcoString),
    /// What another object says it is: the machine of a launch template, the volume of a storage class.
    Meant(Word),
}

/// A name that an object has for what others use: `storage-class` with `ssd`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word {
    /// What is named: `storage-class`, `launch-template`, `load-balancer`.
    pub kind: EcoString,
    /// The name; nothing while it is not known. Then it is the one that the object was configured from.
    pub name: Option<EcoString>,
}

/// What one of something costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What is explained.
    pub word: Word,
    /// What one of it costs; none at all if it is free.
    pub charges: Vec<Charge>,
}

/// How much of something there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    /// At least so much.
    pub least: u64,
    /// At most so much; nothing if nobody knows.
    pub most: Option<u64>,
}

impl Outlook {
    /// Tells whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Outlook::default()
    }

    /// Returns the worst of what the change and its steps disrupt.
    pub fn worst(&self) -> Disruption {
        self.steps.iter().map(|step| step.disruption).fold(self.disruption, Disruption::max)
    }
}

impl OutlookStep {
    /// Makes a step that nobody notices.
    pub fn new(title: impl Into<EcoString>, typical: Duration) -> OutlookStep {
        OutlookStep { title: title.into(), typical, disruption: Disruption::None }
    }

    /// It disrupts something.
    #[must_use]
    pub fn disrupting(self, disruption: Disruption) -> OutlookStep {
        OutlookStep { disruption, ..self }
    }
}

impl Costs {
    /// Tells whether there are none, for this object or by it.
    pub fn is_empty(&self) -> bool {
        self.charges.is_empty() && self.meanings.is_empty()
    }
}

impl Charge {
    /// Makes a charge for one entry of a price list.
    pub fn listed(item: impl Into<EcoString>, region: Option<EcoString>) -> Charge {
        Charge { item: Item::Listed(item.into()), region, quantity: Quantity::ONE }
    }

    /// Makes a charge for one of what another object says it is.
    pub fn meant(kind: &str, name: Option<EcoString>) -> Charge {
        Charge { item: Item::Meant(Word { kind: kind.into(), name }), region: None, quantity: Quantity::ONE }
    }

    /// There is so much of it.
    #[must_use]
    pub fn times(self, quantity: Quantity) -> Charge {
        Charge { quantity, ..self }
    }
}

impl Quantity {
    /// One.
    pub const ONE: Quantity = Quantity::exactly(1);
    /// Nobody knows.
    pub const UNKNOWN: Quantity = Quantity { least: 0, most: None };

    /// Just so much.
    pub const fn exactly(quantity: u64) -> Quantity {
        Quantity { least: quantity, most: Some(quantity) }
    }

    /// So much, or unknown.
    pub fn of(quantity: Option<u64>) -> Quantity {
        quantity.map_or(Quantity::UNKNOWN, Quantity::exactly)
    }

    /// So much of each.
    #[must_use]
    pub fn times(self, other: Quantity) -> Quantity {
        let most = self.most.zip(other.most).map(|(one, other)| one.saturating_mul(other));
        // None of something that is unknown is still none.
        let most = if self.most == Some(0) || other.most == Some(0) { Some(0) } else { most };
        Quantity { least: self.least.saturating_mul(other.least), most }
    }
}

#[cfg(test)]
mod tests {
    use super::{Disruption, Outlook, OutlookStep, Quantity};
    use std::time::Duration;

    #[test]
    fn the_worst_of_all_steps_counts() {
        let step = |disruption| OutlookStep::new("x", Duration::ZERO).disrupting(disruption);
        let check = |steps: &[Disruption], whole, worst| {
            let steps = steps.iter().map(|found| step(*found)).collect();
            let outlook = Outlook { steps, disruption: whole, typical: None };
            assert_eq!(outlook.worst(), worst);
        };
        check(&[], Disruption::None, Disruption::None);
        check(&[Disruption::Outage, Disruption::None], Disruption::Rolling, Disruption::Outage);
        check(&[Disruption::None], Disruption::Rolling, Disruption::Rolling);
    }

    #[test]
    fn quantities_multiply_as_ranges() {
        let range = |least, most| Quantity { least, most };
        let check = |one: Quantity, other: Quantity, product| assert_eq!(one.times(other), product);
        check(range(2, Some(10)), Quantity::exactly(20), range(40, Some(200)));
        check(range(2, None), range(3, Some(4)), range(6, None));
        check(Quantity::UNKNOWN, Quantity::exactly(0), Quantity::exactly(0));
    }
}
