//! Makes configurations and edits them, as a seed says.

use state::simulated::Seeded;

use super::model::{Block, Body, CONDUIT, Copies, INPUT, Item, Model, ModuleCall, ROOM, Ref, THING, Which};

/// Kinds of resources; what they have in common is all that is used of them.
const KINDS: [&str; 3] = ["fake_object", "fake_object", "fake_object2"];

/// Most copies of a block in small configurations.
const COPIES_MAX: u64 = 4;

/// What a seed decides.
pub(super) trait Chance {
    /// Something is so in one of that many cases.
    fn one_in(&mut self, cases: u64) -> bool;
    /// Returns a place in a list that is not empty.
    fn place<T>(&mut self, list: &[T]) -> usize;
}

impl Chance for Seeded {
    fn one_in(&mut self, cases: u64) -> bool {
        self.below(cases) == 0
    }

    fn place<T>(&mut self, list: &[T]) -> usize {
        self.below(list.len() as u64) as usize
    }
}

/// Makes a configuration of about that many blocks.
pub(super) fn any_model(random: &mut Seeded, size: u64) -> Model {
    let mut model = Model::default();
    for _ in 0..random.below(3).min(size / 4) {
        let body = any_body(random, &mut model);
        model.bodies.push(body);
    }
    for _ in 0..size {
        add(&mut model, random);
    }
    repair(&mut model);
    model
}

fn any_body(random: &mut Seeded, model: &mut Model) -> Body {
    let mut body = Body::default();
    for _ in 0..=random.below(3) {
        let mut block = any_block(random, model, &body.blocks, &[]);
        if random.one_in(3) {
            block.refs.push(Ref { to: INPUT, which: Which::All });
        }
        body.blocks.push(block);
    }
    body.shown = random.below(body.blocks.len() as u64 + 1) as usize;
    body
}

fn add(model: &mut Model, random: &mut Seeded) {
    let item = if !model.bodies.is_empty() && random.one_in(4) {
        let number = next(model);
        Item::Call(ModuleCall {
            number,
            label: format!("m{number}"),
            body: random.place(&model.bodies),
            copies: any_copies(random, 2),
            refs: any_refs(random, &[], &model.items, 2),
            after: any_refs(random, &[], &model.items, 6),
        })
    } else {
        let items = std::mem::take(&mut model.items);
        let block = any_block(random, model, &[], &items);
        model.items = items;
        Item::Block(block)
    };
    let item = match item {
        Item::Block(block) if random.one_in(6) => {
            let refs = any_refs(random, &[], &model.items, 1);
            Item::Block(Block { kind: CONDUIT, copies: Copies::One, refs, ..block })
        }
        Item::Block(block) if random.one_in(5) => Item::Block(Block { kind: ROOM, ..block }),
        Item::Block(block) => Item::Block(housed(block, model, random)),
        item => item,
    };
    model.items.push(item);
}

/// Puts what a block makes into a room, perhaps, if there is one.
fn housed(block: Block, model: &Model, random: &mut Seeded) -> Block {
    let rooms: Vec<u32> = model.items.iter().filter(is_room).map(Item::number).collect();
    if rooms.is_empty() || random.one_in(3) {
        return block;
    }
    Block { kind: THING, room: Some(rooms[random.place(&rooms)]), ..block }
}

fn next(model: &mut Model) -> u32 {
    model.next += 1;
    model.next
}

fn any_copies(random: &mut Seeded, most: u64) -> Copies {
    match random.below(5) {
        0 => Copies::Count(random.below(most + 1) as u32),
        1 => Copies::Each("abcdef".chars().filter(|_| random.below(6) < most).collect()),
        _ => Copies::One,
    }
}

fn any_block(random: &mut Seeded, model: &mut Model, beside: &[Block], items: &[Item]) -> Block {
    let number = next(model);
    let refs = any_refs(random, beside, items, 2);
    Block {
        number,
        label: format!("n{number}"),
        kind: KINDS[random.place(&KINDS)],
        copies: any_copies(random, COPIES_MAX),
        size: 1 + random.below(5) as u32,
        region: random.below(3) as u32,
        is_tied: random.one_in(3),
        creates_first: random.one_in(4),
        is_late: random.one_in(5),
        is_triggered: random.one_in(6),
        refs,
        after: any_refs(random, beside, items, 6),
        delay_ms: [0, 20, 20, 100, 1000][random.below(5) as usize],
        room: None,
        owns: random.one_in(4),
    }
}

/// Refers to some of what came before, to each in one of that many cases.
fn any_refs(random: &mut Seeded, beside: &[Block], items: &[Item], cases: u64) -> Vec<Ref> {
    let numbers: Vec<u32> = beside.iter().map(|block| block.number).chain(items.iter().map(Item::number)).collect();
    let mut refs = Vec::new();
    while !numbers.is_empty() && random.one_in(cases) && refs.len() < 3 {
        let to = numbers[random.place(&numbers)];
        let which = match random.below(3) {
            0 => Which::Same,
            1 => Which::One(Some(["0", "1", "a", "b"][random.below(4) as usize].to_owned())),
            _ => Which::All,
        };
        refs.push(Ref { to, which });
    }
    refs
}

/// Changes a configuration at some places.
pub(super) fn edited(model: &Model, random: &mut Seeded) -> Model {
    let mut model = model.clone();
    for _ in 0..=random.below(4) {
        edit(&mut model, random);
    }
    repair(&mut model);
    model
}

fn edit(model: &mut Model, random: &mut Seeded) {
    if model.items.is_empty() || random.one_in(8) {
        return add(model, random);
    }
    let place = random.place(&model.items);
    let kind = random.below(12);
    if kind == 0 {
        model.items.remove(place);
        return;
    }
    let earlier: Vec<Item> = model.items[..place].to_vec();
    let number = next(model);
    let mut moved = Vec::new();
    match &mut model.items[place] {
        Item::Call(call) => match kind {
            1..4 => call.copies = any_copies(random, 2),
            4 => call.refs = any_refs(random, &[], &earlier, 2),
            5 => {
                let from = format!("module.{}", call.label);
                call.label = format!("m{}_{number}", call.number);
                moved.push((from, format!("module.{}", call.label)));
            }
            6 => call.after = any_refs(random, &[], &earlier, 2),
            _ => {
                let body = call.body;
                let body = &mut model.bodies[body];
                if body.blocks.len() > 1 && kind == 7 {
                    body.blocks.remove(random.place(&body.blocks));
                } else {
                    let place = random.place(&body.blocks);
                    let before = body.blocks[..place].to_vec();
                    let mut moved = Vec::new();
                    edit_block(&mut body.blocks[place], random, number, (&before, &[]), &mut moved);
                    body.moved.extend(moved);
                }
            }
        },
        Item::Block(block) => edit_block(block, random, number, (&[], &earlier), &mut moved),
    }
    model.moved.extend(moved);
}

fn edit_block(
    block: &mut Block,
    random: &mut Seeded,
    number: u32,
    (beside, earlier): (&[Block], &[Item]),
    moved: &mut Vec<(String, String)>,
) {
    match random.below(12) {
        0 => block.size = 1 + random.below(5) as u32,
        1 => block.region = random.below(3) as u32,
        2 if is_single(block) => {}
        2 => block.copies = any_copies(random, COPIES_MAX),
        3 => block.refs = any_refs(random, beside, earlier, 2),
        4 => block.after = any_refs(random, beside, earlier, 2),
        5 => {
            let from = format!("{}.{}", block.kind, block.label);
            block.label = format!("n{}_{number}", block.number);
            moved.push((from, format!("{}.{}", block.kind, block.label)));
        }
        // What has been in one room does not move to another.
        6 if block.kind == ROOM => {}
        6 => block.label = format!("n{}_{number}", block.number),
        7 => block.is_tied = !block.is_tied,
        8 => block.creates_first = !block.creates_first,
        9 => block.is_late = !block.is_late,
        10 => block.is_triggered = !block.is_triggered,
        _ => move_one(block, random, moved),
    }
}

/// Gives the copies other keys, of which one takes over what was there.
fn move_one(block: &mut Block, random: &mut Seeded, moved: &mut Vec<(String, String)>) {
    let old = block.copies.clone();
    let new = any_copies(random, COPIES_MAX);
    let (from, to) = (old.keys(), new.keys());
    if is_single(block) || from.is_empty() || to.is_empty() || from == to {
        return;
    }
    let (from, to) = (&from[random.place(&from)], &to[random.place(&to)]);
    let address = format!("{}.{}", block.kind, block.label);
    block.label = format!("n{}_{}", block.number, random.below(1_000_000));
    let new_address = format!("{}.{}", block.kind, block.label);
    moved.push((format!("{address}{}", old.quoted(from)), format!("{new_address}{}", new.quoted(to))));
    block.copies = new;
}

fn is_room(item: &&Item) -> bool {
    matches!(item, Item::Block(block) if block.kind == ROOM)
}

/// Tells whether there is always one of it.
fn is_single(block: &Block) -> bool {
    matches!(block.kind, CONDUIT | ROOM)
}

/// Takes out references to what is not there, and what is in rooms that are not.
fn repair(model: &mut Model) {
    let rooms: Vec<u32> = model.items.iter().filter(is_room).map(Item::number).collect();
    model.items.retain_mut(|item| {
        let Item::Block(block) = item else { return true };
        if let Some(own) = block.room {
            // State does not say which of two rooms something is in that depends on both.
            let fits = |found: &Ref| found.to == own || !rooms.contains(&found.to);
            block.refs.retain(fits);
            block.after.retain(fits);
        }
        if block.kind == ROOM {
            *block = Block { copies: Copies::One, is_late: false, ..block.clone() };
        }
        block.room.is_none_or(|room| rooms.contains(&room))
    });
    for place in 0..model.bodies.len() {
        let before = model.bodies[place].blocks.clone();
        for (index, block) in model.bodies[place].blocks.iter_mut().enumerate() {
            let copies = block.copies.clone();
            let known = |number: u32| before[..index].iter().find(|known| known.number == number).map(|b| &b.copies);
            sound(&mut block.refs, &copies, known);
            sound_after(&mut block.after, known);
            block.is_tied &= !block.refs.is_empty();
        }
        let body = &mut model.bodies[place];
        body.shown = body.shown.min(body.blocks.len());
    }
    for place in 0..model.items.len() {
        let (before, rest) = model.items.split_at_mut(place);
        let known = |number: u32| before.iter().find(|item| item.number() == number).map(|item| item.copies());
        match &mut rest[0] {
            Item::Call(call) => {
                let copies = call.copies.clone();
                sound(&mut call.refs, &copies, known);
                sound_after(&mut call.after, known);
            }
            Item::Block(block) => {
                let copies = block.copies.clone();
                sound(&mut block.refs, &copies, known);
                sound_after(&mut block.after, known);
                block.is_tied &= !block.refs.is_empty();
            }
        }
    }
}

fn sound<'a>(refs: &mut Vec<Ref>, own: &Copies, known: impl Fn(u32) -> Option<&'a Copies>) {
    let mut seen = Vec::new();
    refs.retain_mut(|found| {
        if found.to == INPUT {
            return true;
        }
        let Some(copies) = known(found.to) else { return false };
        let fits = match &found.which {
            Which::All => true,
            Which::One(key) => copies.keys().contains(key) && key.is_some(),
            Which::Same => own.runs_along(copies),
        };
        if !fits {
            found.which = Which::All;
        }
        let is_new = !seen.contains(&found.to);
        seen.push(found.to);
        is_new
    });
}

fn sound_after<'a>(after: &mut Vec<Ref>, known: impl Fn(u32) -> Option<&'a Copies>) {
    let mut seen = Vec::new();
    after.retain_mut(|found| {
        found.which = Which::All;
        let is_new = known(found.to).is_some() && !seen.contains(&found.to);
        seen.push(found.to);
        is_new
    });
}
