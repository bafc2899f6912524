//! The smallest parts of a plan file: numbers, texts, and lists whose entries are written once and named by their number.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use addr::ProviderConfig;
use ecow::EcoString;
use value::Type;

/// What is wrong with the inside of a plan file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) &'static str);

pub(super) type Parsed<T> = Result<T, Broken>;

/// Things that occur many times: the first time one is written out, and later by its number.
struct Seen<T>(HashMap<T, u64>);

impl<T: Eq + Hash + Clone> Seen<T> {
    /// Returns the number of a known thing; an unknown one becomes known.
    fn number(&mut self, thing: &T) -> Option<u64> {
        if let Some(number) = self.0.get(thing) {
            return Some(*number);
        }
        let next = self.0.len() as u64;
        self.0.insert(thing.clone(), next);
        None
    }
}

impl<T> Default for Seen<T> {
    fn default() -> Seen<T> {
        Seen(HashMap::new())
    }
}

/// Writes the parts of a plan file.
#[derive(Default)]
pub(super) struct Writer {
    out: Vec<u8>,
    /// How many values or types are being written inside each other.
    pub(super) depth: u32,
    /// The reader would refuse the depth.
    pub(super) is_too_deep: bool,
    names: Seen<EcoString>,
    types: Seen<Type>,
    shapes: Seen<Arc<[EcoString]>>,
    providers: Seen<Arc<ProviderConfig>>,
}

impl Writer {
    /// Returns what was written; nothing if it could not be read again.
    pub(super) fn finish(self) -> Option<Vec<u8>> {
        (!self.is_too_deep).then_some(self.out)
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    /// Writes seven bits per byte, the lowest first; all bytes but the last have the highest bit set.
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }

    /// Writes a number with a sign: small ones of either sign are short.
    pub(super) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.byte(flag.into());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn list<T>(&mut self, items: impl ExactSizeIterator<Item = T>, mut each: impl FnMut(&mut Writer, T)) {
        self.number(items.len() as u64);
        items.for_each(|item| each(self, item));
    }

    pub(super) fn maybe<T>(&mut self, item: Option<T>, each: impl FnOnce(&mut Writer, T)) {
        self.flag(item.is_some());
        if let Some(item) = item {
            each(self, item);
        }
    }

    /// Writes a name that probably occurs again.
    pub(super) fn name(&mut self, name: &EcoString) {
        match self.names.number(name) {
            Some(number) => self.number(number + 1),
            None => {
                self.number(0);
                self.text(name);
            }
        }
    }

    /// Writes a type's number, if it has one, and tells whether it has.
    pub(super) fn is_type_known(&mut self, ty: &Type) -> bool {
        let known = self.types.0.get(ty).copied();
        self.number(known.map_or(0, |number| number + 1));
        known.is_some()
    }

    /// Gives a type that has been written out its number.
    pub(super) fn learn_type(&mut self, ty: &Type) {
        self.types.number(ty);
    }

    /// Writes the names of an object's attributes.
    pub(super) fn shape(&mut self, names: &Arc<[EcoString]>) {
        let known = self.shapes.number(names);
        self.number(known.map_or(0, |number| number + 1));
        if known.is_none() {
            self.list(names.iter(), Writer::name);
        }
    }

    pub(super) fn provider(&mut self, provider: &Arc<ProviderConfig>) {
        let known = self.providers.number(provider);
        self.number(known.map_or(0, |number| number + 1));
        if known.is_none() {
            self.list(provider.module.0.iter(), Writer::name);
            self.text(&provider.provider.to_string());
            self.maybe(provider.alias.as_ref(), Writer::name);
        }
    }
}

/// Reads the parts of a plan file.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    names: Vec<EcoString>,
    pub(super) types: Vec<KnownType>,
    shapes: Vec<Arc<[EcoString]>>,
    providers: Vec<Arc<ProviderConfig>>,
}

/// A type that occurred, with the number of its parts and their depth: types made of types that occurred could be written in
/// few bytes and be endless.
#[derive(Clone)]
pub(super) struct KnownType {
    pub(super) ty: Type,
    pub(super) parts: u64,
    pub(super) depth: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        let (names, types, shapes, providers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Reader { rest: bytes, names, types, shapes, providers }
    }

    /// Tells whether everything has been read.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn byte(&mut self) -> Parsed<u8> {
        let (first, rest) = self.rest.split_first().ok_or(Broken("it ends too early"))?;
        self.rest = rest;
        Ok(*first)
    }

    pub(super) fn number(&mut self) -> Parsed<u64> {
        let mut number = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Broken("a number is too large"))
    }

    pub(super) fn signed(&mut self) -> Parsed<i64> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn flag(&mut self) -> Parsed<bool> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Broken("a flag is neither set nor unset")),
        }
    }

    /// Reads how many things follow; each takes a byte at least, so that no wrong number takes more memory than the file.
    fn count(&mut self) -> Parsed<usize> {
        let count = self.number()?;
        usize::try_from(count).ok().filter(|count| *count <= self.rest.len()).ok_or(Broken("it ends too early"))
    }

    pub(super) fn bytes(&mut self) -> Parsed<&'a [u8]> {
        let count = self.count()?;
        let (bytes, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(bytes)
    }

    pub(super) fn text(&mut self) -> Parsed<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Broken("a text is not UTF-8"))
    }

    pub(super) fn list<T>(&mut self, mut each: impl FnMut(&mut Reader<'a>) -> Parsed<T>) -> Parsed<Vec<T>> {
        let count = self.count()?;
        (0..count).map(|_| each(self)).collect()
    }

    pub(super) fn maybe<T>(&mut self, each: impl FnOnce(&mut Reader<'a>) -> Parsed<T>) -> Parsed<Option<T>> {
        if self.flag()? { each(self).map(Some) } else { Ok(None) }
    }

    pub(super) fn name(&mut self) -> Parsed<EcoString> {
        if let Some(known) = self.known(|reader| &reader.names)? {
            return Ok(known);
        }
        let name = EcoString::from(self.text()?);
        self.names.push(name.clone());
        Ok(name)
    }

    /// Reads the number of something that occurred before; nothing if it is written out now.
    pub(super) fn known<T: Clone>(&mut self, list: impl for<'r> Fn(&'r Reader<'a>) -> &'r Vec<T>) -> Parsed<Option<T>> {
        match self.number()? {
            0 => Ok(None),
            number => {
                let place = usize::try_from(number - 1).unwrap_or(usize::MAX);
                list(self).get(place).cloned().map(Some).ok_or(Broken("something is named that did not occur"))
            }
        }
    }

    pub(super) fn shape(&mut self) -> Parsed<Arc<[EcoString]>> {
        if let Some(known) = self.known(|reader| &reader.shapes)? {
            return Ok(known);
        }
        let names = self.list(Reader::name)?;
        if !names.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(Broken("the attributes of an object are not in order"));
        }
        let names: Arc<[EcoString]> = names.into();
        self.shapes.push(names.clone());
        Ok(names)
    }

    pub(super) fn provider(&mut self) -> Parsed<Arc<ProviderConfig>> {
        if let Some(known) = self.known(|reader| &reader.providers)? {
            return Ok(known);
        }
        let module = addr::Module(self.list(Reader::name)?.into());
        let provider = addr::Provider::parse(self.text()?).map_err(|_| Broken("a provider has no address"))?;
        let config = Arc::new(ProviderConfig { module, provider, alias: self.maybe(Reader::name)? });
        self.providers.push(config.clone());
        Ok(config)
    }
}
