//! An ordered map whose clones share what neither side changes.

use std::fmt;
use std::sync::Arc;

/// Entries of one chunk: a change after a clone copies this many at most.
const CHUNK_ENTRIES_MAX: usize = 128;

type Chunk<K, V> = Arc<Vec<(K, V)>>;

/// A sorted map in shared chunks.
///
/// A clone costs one counter per chunk, a change after it the copy of one chunk; so readers get snapshots of a map of
/// a hundred thousand entries in microseconds, and the writer never copies the whole.
#[derive(Clone)]
pub struct OrderedMap<K, V> {
    /// Never holds an empty chunk.
    chunks: Vec<Chunk<K, V>>,
    length: usize,
}

impl<K, V> Default for OrderedMap<K, V> {
    fn default() -> Self {
        OrderedMap { chunks: Vec::new(), length: 0 }
    }
}

impl<K, V> OrderedMap<K, V> {
    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Tells whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Returns the entries in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().map(|(key, value)| (key, value)))
    }
}

impl<K: Ord + Clone, V: Clone> OrderedMap<K, V> {
    /// Returns the value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        let (chunk, at) = self.find(key).ok()?;
        Some(&self.chunks[chunk][at].1)
    }

    /// Returns the value of a key, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let (chunk, at) = self.find(key).ok()?;
        Some(&mut Arc::make_mut(&mut self.chunks[chunk])[at].1)
    }

    /// Sets the value of a key and returns the old one.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let (chunk, at) = match self.find(&key) {
            Ok((chunk, at)) => {
                return Some(std::mem::replace(&mut Arc::make_mut(&mut self.chunks[chunk])[at].1, value));
            }
            Err(place) => place,
        };
        self.length += 1;
        let Some(full) = self.chunks.get(chunk).map(|chunk| chunk.len() >= CHUNK_ENTRIES_MAX) else {
            // Most resources have one instance: room for more would be most of a state's memory.
            self.chunks.reserve_exact(1);
            self.chunks.push(Arc::new(vec![(key, value)]));
            return None;
        };
        if !full {
            Arc::make_mut(&mut self.chunks[chunk]).insert(at, (key, value));
        } else if at == CHUNK_ENTRIES_MAX {
            // Keys that come in order, as when a state is read, fill chunks to the brim.
            self.chunks.insert(chunk + 1, Arc::new(vec![(key, value)]));
        } else {
            let upper = Arc::make_mut(&mut self.chunks[chunk]).split_off(CHUNK_ENTRIES_MAX / 2);
            self.chunks.insert(chunk + 1, Arc::new(upper));
            let (chunk, at) =
                if at <= CHUNK_ENTRIES_MAX / 2 { (chunk, at) } else { (chunk + 1, at - CHUNK_ENTRIES_MAX / 2) };
            Arc::make_mut(&mut self.chunks[chunk]).insert(at, (key, value));
        }
        None
    }

    /// Takes out a key and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (chunk, at) = self.find(key).ok()?;
        self.length -= 1;
        let (_, value) = Arc::make_mut(&mut self.chunks[chunk]).remove(at);
        if self.chunks[chunk].is_empty() {
            self.chunks.remove(chunk);
        }
        Some(value)
    }

    /// Returns where the key is, or where it belongs.
    fn find(&self, key: &K) -> Result<(usize, usize), (usize, usize)> {
        let chunk = self.chunks.partition_point(|chunk| chunk[0].0 <= *key).saturating_sub(1);
        let Some(entries) = self.chunks.get(chunk) else { return Err((0, 0)) };
        match entries.binary_search_by(|(own, _)| own.cmp(key)) {
            Ok(at) => Ok((chunk, at)),
            Err(at) => Err((chunk, at)),
        }
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for OrderedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = OrderedMap::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for OrderedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && self.iter().eq(other.iter())
    }
}

impl<K: Eq, V: Eq> Eq for OrderedMap<K, V> {}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for OrderedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{CHUNK_ENTRIES_MAX, OrderedMap};
    use crate::testing::Seeded;

    #[test]
    fn does_what_a_tree_map_does_while_clones_stand_still() {
        for seed in 0..20 {
            let mut random = Seeded::new(seed);
            let (mut map, mut model) = (OrderedMap::default(), BTreeMap::new());
            let mut earlier = Vec::new();
            for step in 0..3000_u64 {
                let key = random.below(600);
                match random.below(4) {
                    0 => assert_eq!(map.remove(&key), model.remove(&key)),
                    1 => {
                        assert_eq!(map.get_mut(&key).map(|value| std::mem::replace(value, step)).is_some(), {
                            model.get_mut(&key).map(|value| std::mem::replace(value, step)).is_some()
                        });
                    }
                    _ => assert_eq!(map.insert(key, step), model.insert(key, step)),
                }
                assert_eq!((map.len(), map.get(&key)), (model.len(), model.get(&key)));
                if step % 500 == 0 {
                    earlier.push((map.clone(), model.clone()));
                }
            }
            earlier.push((map, model));
            for (map, model) in earlier {
                assert!(map.iter().eq(model.iter()));
                assert!(map.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK_ENTRIES_MAX));
            }
        }
    }

    #[test]
    fn a_change_after_a_clone_copies_one_chunk() {
        let mut map: OrderedMap<usize, usize> = (0..10_000).map(|n| (n, n)).collect();
        let before = map.clone();
        map.insert(5000, 0);
        let shared = map.chunks.iter().zip(&before.chunks).filter(|(a, b)| std::sync::Arc::ptr_eq(a, b)).count();
        assert_eq!((map.chunks.len(), shared), (79, 78));
        assert_eq!((before.get(&5000), map.get(&5000)), (Some(&5000), Some(&0)));
    }
}
