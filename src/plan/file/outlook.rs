//! What a plan says for people, in a plan file.

use std::time::Duration;

use sdk::{Charge, Costs, Disruption, Item, Lock, Meaning, OutlookStep, Quantity, Word};

use super::bytes::{Parsed, Reader, Writer};
use crate::outlook::Outlook;

pub(super) const DISRUPTIONS: [Disruption; 3] = [Disruption::None, Disruption::Rolling, Disruption::Outage];

impl Writer {
    pub(super) fn outlook(&mut self, outlook: &Outlook) {
        let Outlook { steps, disruption, making, deleting, locks, before, after } = outlook;
        self.list(steps.iter(), |writer, OutlookStep { title, typical, disruption }| {
            writer.name(title);
            writer.duration(*typical);
            writer.one_of(&DISRUPTIONS, disruption);
        });
        self.one_of(&DISRUPTIONS, disruption);
        [making, deleting].into_iter().for_each(|duration| self.duration(*duration));
        self.list(locks.iter(), |writer, Lock { key, exclusive }| {
            writer.text(key);
            writer.flag(*exclusive);
        });
        self.costs(before);
        self.maybe((before != after).then_some(after), Writer::costs);
    }

    fn costs(&mut self, costs: &Costs) {
        let Costs { charges, meanings } = costs;
        self.list(charges.iter(), Writer::charge);
        self.list(meanings.iter(), |writer, Meaning { word, charges }| {
            writer.word(word);
            writer.list(charges.iter(), Writer::charge);
        });
    }

    fn charge(&mut self, charge: &Charge) {
        let Charge { item, region, quantity: Quantity { least, most } } = charge;
        match item {
            Item::Listed(key) => {
                self.flag(true);
                self.name(key);
            }
            Item::Meant(word) => {
                self.flag(false);
                self.word(word);
            }
        }
        self.maybe(region.as_ref(), Writer::name);
        self.number(*least);
        self.maybe(*most, Writer::number);
    }

    fn word(&mut self, word: &Word) {
        let Word { kind, name } = word;
        self.name(kind);
        self.maybe(name.as_ref(), Writer::name);
    }

    fn duration(&mut self, duration: Duration) {
        self.number(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    }
}

impl Reader<'_> {
    pub(super) fn outlook(&mut self) -> Parsed<Outlook> {
        let step = |reader: &mut Self| {
            let (title, typical) = (reader.name()?, reader.duration()?);
            Ok(OutlookStep { title, typical, disruption: reader.one_of(&DISRUPTIONS)? })
        };
        let steps = self.list(step)?;
        let disruption = self.one_of(&DISRUPTIONS)?;
        let (making, deleting) = (self.duration()?, self.duration()?);
        let locks = self.list(|reader| Ok(Lock { key: reader.text()?.to_owned(), exclusive: reader.flag()? }))?;
        let before = self.costs()?;
        let after = self.maybe(Reader::costs)?.unwrap_or_else(|| before.clone());
        Ok(Outlook { steps, disruption, making, deleting, locks, before, after })
    }

    fn costs(&mut self) -> Parsed<Costs> {
        let charges = self.list(Reader::charge)?;
        let meaning =
            |reader: &mut Self| Ok(Meaning { word: reader.word()?, charges: reader.list(|reader| reader.charge())? });
        Ok(Costs { charges, meanings: self.list(meaning)? })
    }

    fn charge(&mut self) -> Parsed<Charge> {
        let item = if self.flag()? { Item::Listed(self.name()?) } else { Item::Meant(self.word()?) };
        let region = self.maybe(Reader::name)?;
        let quantity = Quantity { least: self.number()?, most: self.maybe(Reader::number)? };
        Ok(Charge { item, region, quantity })
    }

    fn word(&mut self) -> Parsed<Word> {
        Ok(Word { kind: self.name()?, name: self.maybe(Reader::name)? })
    }

    fn duration(&mut self) -> Parsed<Duration> {
        Ok(Duration::from_millis(self.number()?))
    }
}
