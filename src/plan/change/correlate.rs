//! Which elements of two sets belong together.
//!
//! Elements of a set have no names, so partners are found by what they agree in. Comparing each with each is out of the
//! question for sets of thousands; so the parts that partners must agree in are hashed first, and only candidates with
//! the same hash are compared in full.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use value::{Kind, Value};

use super::equality;

/// Where a part of an element lies: positions of attributes and list elements on the way to it.
pub(super) type Place = Vec<u32>;

/// The elements of one set, among which partners for elements of another are sought.
pub(super) struct Candidates<'a> {
    elements: &'a [Value],
    taken: Vec<bool>,
    /// Which parts decide depends on the element that seeks a partner; most elements seek by the same parts.
    by_places: HashMap<Vec<Place>, Group>,
}

#[derive(Default)]
struct Group {
    by_hash: HashMap<u64, Queue>,
    /// Elements that lack some of the places; they may be partners of anything.
    irregular: Queue,
}

/// Elements in the set's order; those before `head` are taken.
#[derive(Default)]
struct Queue {
    items: Vec<usize>,
    head: usize,
}

impl Queue {
    /// Returns those from the first that is free.
    fn open(&mut self, taken: &[bool]) -> &[usize] {
        while self.items.get(self.head).is_some_and(|item| taken[*item]) {
            self.head += 1;
        }
        &self.items[self.head..]
    }
}

impl<'a> Candidates<'a> {
    pub(super) fn new(elements: &'a [Value]) -> Candidates<'a> {
        Candidates { elements, taken: vec![false; elements.len()], by_places: HashMap::new() }
    }

    /// Takes the first free element that agrees with `seeker` in the places and is accepted.
    pub(super) fn take_first(
        &mut self,
        places: Vec<Place>,
        seeker: &Value,
        mut accept: impl FnMut(&Value) -> bool,
    ) -> Option<&'a Value> {
        let (group, hash) = group(&mut self.by_places, self.elements, places, seeker);
        let bucket = group.by_hash.get_mut(&hash).map_or(&[][..], |bucket| bucket.open(&self.taken));
        let irregular = group.irregular.open(&self.taken);
        let found = merged(bucket, irregular).find(|item| !self.taken[*item] && accept(&self.elements[*item]))?;
        self.taken[found] = true;
        Some(&self.elements[found])
    }

    /// Takes all free elements that agree with `seeker` and are accepted; tells whether there is any, taken or not.
    pub(super) fn take_all(
        &mut self,
        places: Vec<Place>,
        seeker: &Value,
        mut accept: impl FnMut(&Value) -> bool,
    ) -> bool {
        let (group, hash) = group(&mut self.by_places, self.elements, places, seeker);
        let bucket = group.by_hash.get_mut(&hash);
        let (bucket, all) = match bucket {
            Some(bucket) => {
                bucket.open(&self.taken);
                (&bucket.items[bucket.head..], &bucket.items[..])
            }
            None => (&[][..], &[][..]),
        };
        let irregular = group.irregular.open(&self.taken);
        let mut found = false;
        for item in merged(bucket, irregular) {
            if !self.taken[item] && accept(&self.elements[item]) {
                self.taken[item] = true;
                found = true;
            }
        }
        let taken = |item: &usize| self.taken[*item];
        found || merged(all, &group.irregular.items).filter(taken).any(|item| accept(&self.elements[item]))
    }

    /// Returns the elements that no one took.
    pub(super) fn free(&self) -> impl Iterator<Item = &'a Value> {
        self.elements.iter().zip(&self.taken).filter(|(_, taken)| !**taken).map(|(element, _)| element)
    }
}

/// Returns the elements grouped by what they hold in the places, and the hash of what `seeker` holds there.
fn group<'g>(
    by_places: &'g mut HashMap<Vec<Place>, Group>,
    elements: &[Value],
    places: Vec<Place>,
    seeker: &Value,
) -> (&'g mut Group, u64) {
    let hash = hash_at(seeker, &places).unwrap_or_default();
    let group = by_places.entry(places).or_insert_with_key(|places| {
        let mut group = Group::default();
        for (item, element) in elements.iter().enumerate() {
            match hash_at(element, places) {
                Some(hash) => group.by_hash.entry(hash).or_default().items.push(item),
                None => group.irregular.items.push(item),
            }
        }
        group
    });
    (group, hash)
}

fn hash_at(value: &Value, places: &[Place]) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    for place in places {
        equality::add(part(value, place)?, &mut hasher);
    }
    Some(hasher.finish())
}

fn part<'a>(value: &'a Value, place: &[u32]) -> Option<&'a Value> {
    place.iter().try_fold(value, |value, position| {
        let parts = match value.kind() {
            Kind::Object(object) => object.values(),
            Kind::List(list) => list.values(),
            Kind::Tuple(tuple) => tuple.values(),
            _ => return None,
        };
        parts.get(*position as usize)
    })
}

/// Goes over two ascending sequences in one ascending sequence.
fn merged<'s>(left: &'s [usize], right: &'s [usize]) -> impl Iterator<Item = usize> {
    let (mut left, mut right) = (left.iter().copied().peekable(), right.iter().copied().peekable());
    std::iter::from_fn(move || match (left.peek(), right.peek()) {
        (Some(l), Some(r)) if l < r => left.next(),
        (_, Some(_)) => right.next(),
        _ => left.next(),
    })
}
