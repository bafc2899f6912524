//! Configurations as the simulation thinks of them, and what must exist once they are applied.

use std::collections::{BTreeMap, BTreeSet};

/// A resource that is nowhere but in state and passes the ids that it is given on.
pub(super) const CONDUIT: &str = "terraform_data";

/// A resource that others are in, and that takes them along when it goes.
pub(super) const ROOM: &str = "fake_room";

/// A resource that is in another one.
pub(super) const THING: &str = "fake_thing";

/// A reference to what was given to the module.
pub(super) const INPUT: u32 = u32::MAX;

/// How often something is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Copies {
    One,
    Count(u32),
    Each(Vec<char>),
}

/// The key of a copy, as text in addresses and names.
pub(super) type Key = Option<String>;

impl Copies {
    pub(super) fn keys(&self) -> Vec<Key> {
        match self {
            Copies::One => vec![None],
            Copies::Count(count) => (0..*count).map(|index| Some(index.to_string())).collect(),
            Copies::Each(names) => names.iter().map(|name| Some(name.to_string())).collect(),
        }
    }

    /// Returns a key as it stands between brackets.
    pub(super) fn quoted(&self, key: &Key) -> String {
        match (self, key) {
            (Copies::Each(_), Some(key)) => format!("[{key:?}]"),
            (_, Some(key)) => format!("[{key}]"),
            (_, None) => String::new(),
        }
    }

    /// Tells whether a copy of this can mean the copy of the same key of another.
    pub(super) fn runs_along(&self, other: &Copies) -> bool {
        match (self, other) {
            (Copies::Count(own), Copies::Count(other)) => own <= other,
            (Copies::Each(own), Copies::Each(other)) => own.iter().all(|name| other.contains(name)),
            _ => false,
        }
    }
}

/// Which copies of something are meant.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Which {
    All,
    One(Key),
    /// That of the same key.
    Same,
}

/// What something refers to, by number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ref {
    pub(super) to: u32,
    pub(super) which: Which,
}

/// A resource block.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    /// Tells it apart through all edits; objects are named after it.
    pub(super) number: u32,
    pub(super) label: String,
    pub(super) kind: &'static str,
    pub(super) copies: Copies,
    /// Changes in place.
    pub(super) size: u32,
    /// A change replaces.
    pub(super) region: u32,
    /// What it refers to is part of its region: it is replaced together with that.
    pub(super) is_tied: bool,
    pub(super) creates_first: bool,
    /// It is replaced when something changes that it refers to.
    pub(super) is_triggered: bool,
    /// How many copies it has is known only once what it refers to is there.
    pub(super) is_late: bool,
    pub(super) refs: Vec<Ref>,
    pub(super) after: Vec<Ref>,
    pub(super) delay_ms: u32,
    /// The room that it is in.
    pub(super) room: Option<u32>,
    /// It does not just go with its room.
    pub(super) owns: bool,
}

/// A call of a module.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ModuleCall {
    pub(super) number: u32,
    pub(super) label: String,
    /// The place of its body.
    pub(super) body: usize,
    pub(super) copies: Copies,
    /// What it is given.
    pub(super) refs: Vec<Ref>,
    pub(super) after: Vec<Ref>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    Block(Block),
    Call(ModuleCall),
}

impl Item {
    pub(super) fn number(&self) -> u32 {
        match self {
            Item::Block(block) => block.number,
            Item::Call(call) => call.number,
        }
    }

    pub(super) fn copies(&self) -> &Copies {
        match self {
            Item::Block(block) => &block.copies,
            Item::Call(call) => &call.copies,
        }
    }
}

/// A module that is called.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Body {
    pub(super) blocks: Vec<Block>,
    /// How many of its blocks, from the first, its output tells of.
    pub(super) shown: usize,
    pub(super) moved: Vec<(String, String)>,
}

/// A configuration: later items refer to earlier ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Model {
    pub(super) items: Vec<Item>,
    pub(super) bodies: Vec<Body>,
    pub(super) moved: Vec<(String, String)>,
    pub(super) next: u32,
}

/// An object that must exist once the configuration is applied.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) address: String,
    pub(super) kind: &'static str,
    pub(super) size: u32,
    pub(super) region: u32,
    /// Names of the objects whose ids it holds.
    pub(super) refs: BTreeSet<String>,
    /// Names of the objects that come first without that.
    pub(super) after: BTreeSet<String>,
    /// It is replaced with what it refers to.
    pub(super) is_tied: bool,
    /// The name of the room that it is in.
    pub(super) room: Option<String>,
}

impl Model {
    /// Returns what must exist, by name.
    pub(super) fn wanted(&self) -> BTreeMap<String, Wanted> {
        let mut wanted = BTreeMap::new();
        for item in &self.items {
            match item {
                Item::Block(block) if block.kind == CONDUIT => {}
                Item::Block(block) => self.copies_of(block, &Place::root(), &mut wanted),
                Item::Call(call) => {
                    for key in call.copies.keys() {
                        let place = Place {
                            prefix: copy_name(&format!("m{}", call.number), &key) + "-",
                            module: format!("module.{}{}.", call.label, call.copies.quoted(&key)),
                            body: Some(call.body),
                            input: self.names(&call.refs, &key, &Place::root(), Part::Shown),
                            after: self.names(&call.after, &key, &Place::root(), Part::Whole),
                        };
                        for block in &self.bodies[call.body].blocks {
                            self.copies_of(block, &place, &mut wanted);
                        }
                    }
                }
            }
        }
        wanted
    }

    /// Returns the names of the objects that the output tells of.
    pub(super) fn shown(&self) -> BTreeSet<String> {
        let refs: Vec<Ref> = self.items.iter().map(|item| Ref { to: item.number(), which: Which::All }).collect();
        self.names(&refs, &None, &Place::root(), Part::Shown)
    }

    /// Returns the addresses of all blocks, without keys.
    pub(super) fn addresses(&self) -> BTreeSet<String> {
        let address = |block: &Block| format!("{}.{}", block.kind, block.label);
        let of_item = |item: &Item| match item {
            Item::Block(block) => vec![address(block)],
            Item::Call(call) => {
                let blocks = self.bodies[call.body].blocks.iter();
                blocks.map(|block| format!("module.{}.{}", call.label, address(block))).collect()
            }
        };
        self.items.iter().flat_map(of_item).collect()
    }

    /// Returns the addresses of what is nowhere but in state.
    pub(super) fn conduits(&self) -> Vec<String> {
        let address = |item: &Item| match item {
            Item::Block(block) if block.kind == CONDUIT => Some(format!("{CONDUIT}.{}", block.label)),
            _ => None,
        };
        self.items.iter().filter_map(address).collect()
    }

    fn copies_of(&self, block: &Block, place: &Place, wanted: &mut BTreeMap<String, Wanted>) {
        for key in block.copies.keys() {
            let mut after = self.names(&block.after, &key, place, Part::Whole);
            after.extend(place.after.iter().cloned());
            let found = Wanted {
                address: format!("{}{}.{}{}", place.module, block.kind, block.label, block.copies.quoted(&key)),
                kind: block.kind,
                size: block.size,
                region: block.region,
                refs: self.names(&block.refs, &key, place, Part::Shown),
                after,
                is_tied: block.is_tied || block.is_triggered || block.room.is_some(),
                room: block.room.map(|room| format!("n{room}")),
            };
            wanted.insert(copy_name(&format!("{}n{}", place.prefix, block.number), &key), found);
        }
    }

    /// Returns the names of the objects that references mean.
    fn names(&self, refs: &[Ref], own: &Key, place: &Place, part: Part) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for found in refs {
            if found.to == INPUT {
                names.extend(place.input.iter().cloned());
                continue;
            }
            let block = match place.body {
                Some(body) => self.bodies[body].blocks.iter().find(|block| block.number == found.to),
                None => self.block(found.to),
            };
            if let Some(block) = block.filter(|block| block.kind == CONDUIT) {
                names.extend(self.names(&block.refs, &None, place, Part::Shown));
                if part == Part::Whole {
                    names.extend(self.names(&block.after, &None, place, part));
                }
            } else if let Some(block) = block {
                let keys = found.which.keys(&block.copies, own);
                let stem = format!("{}n{}", place.prefix, block.number);
                names.extend(keys.iter().map(|key| copy_name(&stem, key)));
            }
            if let (None, Some(call)) = (place.body, self.call(found.to)) {
                for key in found.which.keys(&call.copies, own) {
                    let prefix = copy_name(&format!("m{}", call.number), &key) + "-";
                    names.extend(self.inside(call, &prefix, part));
                }
            }
        }
        names
    }

    /// Returns the names of the objects in a call.
    fn inside(&self, call: &ModuleCall, prefix: &str, part: Part) -> Vec<String> {
        let body = &self.bodies[call.body];
        let shown = body.blocks.iter().take(if part == Part::Whole { usize::MAX } else { body.shown });
        let copies = |block: &Block| {
            let stem = format!("{prefix}n{}", block.number);
            block.copies.keys().iter().map(|key| copy_name(&stem, key)).collect::<Vec<_>>()
        };
        shown.flat_map(copies).collect()
    }

    pub(super) fn block(&self, number: u32) -> Option<&Block> {
        self.items.iter().find_map(|item| match item {
            Item::Block(block) if block.number == number => Some(block),
            _ => None,
        })
    }

    pub(super) fn call(&self, number: u32) -> Option<&ModuleCall> {
        self.items.iter().find_map(|item| match item {
            Item::Call(call) if call.number == number => Some(call),
            _ => None,
        })
    }
}

impl Which {
    fn keys(&self, copies: &Copies, own: &Key) -> Vec<Key> {
        match self {
            Which::All => copies.keys(),
            Which::One(key) => vec![key.clone()],
            Which::Same => vec![own.clone()],
        }
    }
}

/// Which part of a module is meant.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// What its output tells of.
    Shown,
    Whole,
}

/// Where blocks are.
struct Place {
    prefix: String,
    module: String,
    body: Option<usize>,
    input: BTreeSet<String>,
    after: BTreeSet<String>,
}

impl Place {
    fn root() -> Place {
        let (input, after) = (BTreeSet::new(), BTreeSet::new());
        Place { prefix: String::new(), module: String::new(), body: None, input, after }
    }
}

/// Returns the name of a copy.
pub(super) fn copy_name(stem: &str, key: &Key) -> String {
    match key {
        None => stem.to_owned(),
        Some(key) => format!("{stem}-{key}"),
    }
}
