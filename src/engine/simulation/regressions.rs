//! What the simulation once found, each in the smallest form.

use fake::{Fault, When};
use state::record::{Gone, Record};
use state::simulated::Seeded;

use super::machine::{How, Machine, Wrong};
use super::model::{Block, CONDUIT, Copies, Item, Model, ROOM, Ref, THING, Which};
use super::{Story, Told, tell_with};

/// Makes a block that refers to others.
fn block(number: u32, refs: &[u32]) -> Block {
    Block {
        number,
        label: format!("n{number}"),
        kind: "fake_object",
        copies: Copies::One,
        size: 1,
        region: 0,
        is_tied: false,
        creates_first: false,
        is_late: false,
        is_triggered: false,
        refs: refs.iter().map(|to| Ref { to: *to, which: Which::All }).collect(),
        after: Vec::new(),
        delay_ms: 20,
        room: None,
        owns: false,
    }
}

fn model(blocks: impl IntoIterator<Item = Block>) -> Model {
    Model { items: blocks.into_iter().map(Item::Block).collect(), next: 100, ..Model::default() }
}

/// Tells a story that must be right.
#[track_caller]
fn check(story: Story) {
    if let Err((wrong, details)) = tell_with(None, story, 1, 0) {
        panic!("{details}\n{wrong}");
    }
}

/// Applies while something goes wrong, which then is over.
fn apply_with(told: &mut Told, model: &Model, fault: Fault) -> Result<(), Wrong> {
    told.machine.cloud.inject(fault).map_err(|error| error.to_string())?;
    told.apply(model, &How { parallelism: 10, ..How::default() })?;
    told.machine.cloud.heal().map_err(|error| error.to_string())
}

#[test]
fn a_found_object_still_knows_what_it_depends_on() {
    check(|told, _| {
        let model = model([block(1, &[]), block(2, &[1])]);
        apply_with(told, &model, Fault::new(When::CrashAfter).on("create").named("n2"))?;
        told.end(&model)
    });
}

#[test]
fn a_half_made_replacement_is_replaced() {
    check(|told, _| {
        let old = model([Block { creates_first: true, ..block(1, &[]) }]);
        told.converge(&old)?;
        let new = model([Block { creates_first: true, region: 1, ..block(1, &[]) }]);
        apply_with(told, &new, Fault::new(When::Partial).on("create").times(1))?;
        told.converge(&new)?;
        let objects = told.machine.cloud.objects().map_err(|error| error.to_string())?;
        if objects.iter().any(|object| object.broken) { Err("it is still half made".to_owned()) } else { Ok(()) }
    });
}

#[test]
fn a_half_made_object_of_a_run_that_was_killed_is_replaced() {
    check(|told, _| {
        let model = model([Block { delay_ms: 1000, ..block(1, &[]) }]);
        let partial = Fault::new(When::Partial).on("create").times(1);
        told.machine.cloud.inject(partial).map_err(|error| error.to_string())?;
        told.apply(&model, &How { cut: super::Cut::Kill(1, 100), parallelism: 1, ..How::default() })?;
        told.converge(&model)?;
        let objects = told.machine.cloud.objects().map_err(|error| error.to_string())?;
        if objects.iter().any(|object| object.broken) { Err("it is still half made".to_owned()) } else { Ok(()) }
    });
}

#[test]
fn a_deposed_object_that_somebody_took_away_leaves_state() {
    check(|told, _| {
        let old = model([Block { creates_first: true, ..block(1, &[]) }]);
        told.converge(&old)?;
        let new = model([Block { creates_first: true, region: 1, ..block(1, &[]) }]);
        told.apply(&new, &How { interrupt: Some(2), parallelism: 1, ..How::default() })?;
        let deposed = told.machine.ledger()?.state.objects().filter(|(target, ..)| target.deposed.is_some()).count();
        assert_eq!(deposed, 1, "the new object is there, the old one not gone");
        told.machine.cloud.remove("object-1").map_err(|error| error.to_string())?;
        told.converge(&new)
    });
}

#[test]
fn dependencies_follow_what_is_moved() {
    check(|told, _| {
        told.converge(&model([block(1, &[]), block(2, &[1])]))?;
        let mut moved = model([Block { label: "other".to_owned(), ..block(1, &[]) }, block(2, &[1])]);
        moved.moved.push(("fake_object.n1".to_owned(), "fake_object.other".to_owned()));
        told.end(&moved)
    });
}

#[test]
fn what_stays_between_two_objects_keeps_their_order() {
    check(|told, _| {
        let between = || Block { kind: CONDUIT, ..block(2, &[1]) };
        let tied = |number: u32, region: u32, refs: &[u32]| Block { is_tied: true, region, ..block(number, refs) };
        told.converge(&model([tied(1, 0, &[]), between(), tied(3, 0, &[2])]))?;
        told.converge(&model([tied(1, 1, &[]), between(), tied(3, 0, &[2])]))
    });
}

/// Makes a thing in a room.
fn thing(number: u32, room: u32) -> Block {
    Block { kind: THING, room: Some(room), ..block(number, &[]) }
}

#[test]
fn what_a_room_that_was_set_aside_is_made_from_outlasts_it() {
    check(|told, _| {
        let with = |region: u32| {
            let below = Block { region, creates_first: true, ..block(1, &[]) };
            let room = Block { kind: ROOM, is_tied: true, creates_first: true, ..block(2, &[1]) };
            model([below, room, thing(3, 2)])
        };
        told.converge(&with(0))?;
        told.converge(&with(1))
    });
}

#[test]
fn a_run_that_is_killed_after_a_room_has_gone_leaves_nothing_of_it() {
    check(|told, _| {
        let model = model([Block { kind: ROOM, ..block(1, &[]) }, thing(2, 1), Block { owns: true, ..thing(3, 1) }]);
        told.converge(&model)?;
        let fault = Fault::new(When::CrashAfter).on("delete").named("n1");
        told.machine.cloud.inject(fault).map_err(|error| error.to_string())?;
        let how = How { parallelism: 10, options: crate::destroy_options(), ..How::default() };
        told.apply(&model, &how)?;
        told.machine.cloud.heal().map_err(|error| error.to_string())?;
        told.end(&model)
    });
}

#[test]
fn a_record_that_ends_a_room_without_what_was_in_it_is_noticed() {
    check(|told, _| {
        told.converge(&model([Block { kind: ROOM, ..block(1, &[]) }, thing(2, 1)]))?;
        let at = |text: &str| state::parse_instance(text).expect("an address");
        let along = vec![(at("fake_thing.n2"), at("fake_room.n1"))];
        super::check::gone_together(&told.machine.ledger()?, &along)?;
        let room = Gone { token: None, target: along[0].1.clone().into() };
        told.machine.write(|_| vec![Record::Gone(room)])?;
        let noticed = super::check::gone_together(&told.machine.ledger()?, &along);
        if noticed.is_err() { Ok(()) } else { Err("it is not noticed".to_owned()) }
    });
}

#[test]
fn a_room_alone_is_made_anew_and_what_was_in_it_with_it() {
    check(|told, _| {
        let with = |region: u32| model([Block { kind: ROOM, region, ..block(1, &[]) }, thing(2, 1)]);
        told.converge(&with(0))?;
        told.apply(&with(1), &How { cut: super::Cut::Kill(3, 0), parallelism: 1, ..How::default() })?;
        told.converge(&with(1))?;
        assert!(told.machine.cloud.remove("room-3").map_err(|error| error.to_string())?, "the new room");
        told.converge(&with(1))
    });
}

#[test]
fn an_interrupt_before_the_first_step_changes_nothing() {
    check(|told, _| {
        let model = model([block(1, &[])]);
        told.apply(&model, &How { interrupt: Some(0), parallelism: 1, ..How::default() })?;
        let count = told.machine.cloud.objects().map_err(|error| error.to_string())?.len();
        if count == 0 { Ok(()) } else { Err(format!("{count} objects were made")) }
    });
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let log = || {
        let mut told = Told { machine: Machine::new(7), random: Seeded::new(7), models: Vec::new(), sabotage: None };
        super::changes(&mut told, 5).expect("it is right");
        told.machine.log.take()
    };
    assert_eq!(log(), log());
}
