//! Which runs of a file wait for which others, and how those that do not are carried out side by side.

use std::collections::HashSet;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lang::testing::{Override, RunBlock, TestFile};
use syntax::tree::{Expr as Tree, ExprKind, Step};
use syntax::{visit, visit_body};

/// For each thing, by place: whether it waits for each of those before it.
pub(crate) type Waits = Vec<Vec<bool>>;

/// Finds out which runs wait for which: all but those that may be parallel, have states of their own and do not use each
/// other, not even by way of a third one.
pub(crate) fn waits(file: &TestFile) -> Waits {
    let mut waits = Waits::new();
    for (place, run) in file.runs.iter().enumerate() {
        let named = named(file, run);
        let mut own = vec![false; place];
        for (before, other) in file.runs[..place].iter().enumerate().rev() {
            let is_direct = !(file.is_parallel(run) && file.is_parallel(other))
                || run.state() == other.state()
                || named.contains(other.name.as_str());
            if is_direct && !own[before] {
                own[before] = true;
                own.iter_mut().zip(&waits[before]).for_each(|(own, further)| *own |= further);
            }
        }
        waits.push(own);
    }
    waits
}

/// Returns the names of the runs whose outputs a run uses, by itself or by what the file says for all.
fn named<'a>(file: &'a TestFile, run: &'a RunBlock) -> HashSet<&'a str> {
    let mut found = HashSet::new();
    let mut see = |tree: &'a Tree| found.extend(run_named_by(tree));
    run.variables.iter().for_each(|(_, tree)| visit(tree, &mut see));
    for assertion in &run.assertions {
        visit(&assertion.condition, &mut see);
        visit(&assertion.message, &mut see);
    }
    for provider in &file.providers {
        visit_body(&provider.body, &mut see);
    }
    let mocks = || file.providers.iter().filter_map(|provider| provider.mock.as_ref());
    let defaults = mocks().flat_map(|mock| &mock.defaults).filter_map(|own| own.values.as_deref());
    let overrides = mocks().flat_map(|mock| &mock.overrides).chain(&file.overrides).chain(&run.overrides);
    let overrides = overrides.filter_map(|own: &Override| own.values.as_deref());
    defaults.chain(overrides).for_each(|tree| visit(tree, &mut see));
    found
}

fn run_named_by(tree: &Tree) -> Option<&str> {
    let ExprKind::Traversal(traversal) = &tree.kind else { return None };
    match (&traversal.base.kind, traversal.steps.first()) {
        (ExprKind::Variable(root), Some(Step::Attr(name))) if root == "run" => Some(name.name.as_str()),
        _ => None,
    }
}

/// Does things as soon as what they wait for is done, at most so many at once.
pub(crate) async fn side_by_side<F: Future>(
    waits: &Waits,
    at_once: usize,
    begin: impl Fn(usize) -> F,
    mut ended: impl FnMut(usize, F::Output),
) {
    let mut open: Vec<usize> = (0..waits.len()).collect();
    let mut done = vec![false; waits.len()];
    let mut running = FuturesUnordered::new();
    loop {
        // From the end, as what is not done yet stands there.
        let is_ready = |place: &usize| waits[*place].iter().zip(&done).rev().all(|(waits, done)| !waits || *done);
        while let Some(at) = open.iter().position(is_ready).filter(|_| running.len() < at_once.max(1)) {
            let place = open.remove(at);
            let work = begin(place);
            running.push(async move { (place, work.await) });
        }
        let Some((place, result)) = running.next().await else { return };
        done[place] = true;
        ended(place, result);
    }
}

/// Tells of things in their order, whatever the order in which they begin and end.
pub(crate) struct InOrder<E, B: Fn(usize), T: Fn(usize, E)> {
    tell_begin: B,
    tell_end: T,
    /// Ends that are not told yet, and whether it began.
    waiting: Vec<(bool, Option<E>)>,
    /// All before this one are told.
    next: usize,
}

impl<E, B: Fn(usize), T: Fn(usize, E)> InOrder<E, B, T> {
    pub(crate) fn new(count: usize, tell_begin: B, tell_end: T) -> InOrder<E, B, T> {
        InOrder { tell_begin, tell_end, waiting: (0..count).map(|_| (false, None)).collect(), next: 0 }
    }

    /// Something begins. What ends without this was left out.
    pub(crate) fn begins(&mut self, place: usize) {
        self.waiting[place].0 = true;
        if place == self.next {
            (self.tell_begin)(place);
        }
    }

    /// Something has ended.
    pub(crate) fn ends(&mut self, place: usize, end: E) {
        self.waiting[place].1 = Some(end);
        while let Some(end) = self.waiting.get_mut(self.next).and_then(|(_, end)| end.take()) {
            (self.tell_end)(self.next, end);
            self.next += 1;
            if self.waiting.get(self.next).is_some_and(|(has_begun, _)| *has_begun) {
                (self.tell_begin)(self.next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use diag::{Diagnostics, Sources};
    use lang::functions::RealFiles;

    use super::{InOrder, side_by_side, waits};

    /// Says for each run which ones it waits for.
    fn check(name: &str, text: &str, expected: &[&[usize]]) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("it can be written");
        let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
        let file = lang::testing::read_file(&path, folder.path(), &RealFiles, &mut sources, &mut diags);
        assert!(diags.is_empty(), "{diags:?}");
        let waits = waits(&file.expect("it is a test file"));
        let places = |own: &Vec<bool>| (0..own.len()).filter(|place| own[*place]).collect::<Vec<_>>();
        assert_eq!(waits.iter().map(places).collect::<Vec<_>>(), expected, "{text}");
    }

    fn run(name: &str, body: &str) -> String {
        format!("run \"{name}\" {{\n  state_key = \"{name}\"\n  {body}\n}}\n")
    }

    #[test]
    fn runs_wait_for_each_other_unless_the_file_says_otherwise() {
        check("a.tftest.hcl", &[run("a", ""), run("b", "parallel = true")].concat(), &[&[], &[0]]);
        let all = "test {\n  parallel = true\n}\n".to_owned();
        check("a.tftest.hcl", &[all.clone(), run("a", ""), run("b", "")].concat(), &[&[], &[]]);
        let barrier = [all, run("a", ""), run("b", ""), run("c", "parallel = false"), run("d", ""), run("e", "")];
        check("a.tftest.hcl", &barrier.concat(), &[&[], &[], &[0, 1], &[0, 1, 2], &[0, 1, 2]]);
    }

    #[test]
    fn runs_wait_for_what_they_use() {
        let all = "test {\n  parallel = true\n}\n".to_owned();
        let uses = "variables {\n    x = run.a.x\n  }";
        let judges = "assert {\n    condition = run.b.x == 1\n    error_message = \"x\"\n  }";
        let runs = [all.clone(), run("a", ""), run("b", uses), run("c", judges), run("d", "")];
        check("a.tftest.hcl", &runs.concat(), &[&[], &[0], &[0, 1], &[]]);
        let same_state = "run \"x\" {\n}\nrun \"y\" {\n}\n".to_owned();
        check("a.tftest.hcl", &[all.clone(), same_state].concat(), &[&[], &[0]]);
        let provider = "provider \"p\" {\n  more {\n    at = run.a.x\n  }\n}\n".to_owned();
        check("a.tftest.hcl", &[all, run("a", ""), provider, run("b", "")].concat(), &[&[], &[0]]);
    }

    #[test]
    fn what_runs_use_is_seen_in_json_too() {
        let text = r#"{"test": {"parallel": true}, "run": [
            {"a": {"state_key": "a"}}, {"b": {"state_key": "b", "variables": {"x": "${run.a.x}"}}}]}"#;
        check("a.tftest.json", text, &[&[], &[0]]);
    }

    #[test]
    fn what_waits_for_nothing_is_done_at_the_same_time_and_told_in_order() {
        let executor = tokio::runtime::Builder::new_current_thread().build().expect("an executor");
        let told = RefCell::new(Vec::new());
        let say = |word: &'static str| {
            let told = &told;
            move |place: usize| told.borrow_mut().push(format!("{word} {place}"))
        };
        let (begin, end) = (say("begin"), say("end"));
        let lines = RefCell::new(InOrder::new(4, begin, |place, ()| end(place)));
        // The first one ends only after the second one, and the last one is left out.
        let barrier = tokio::sync::Notify::new();
        let work = |place: usize| {
            if place < 3 {
                lines.borrow_mut().begins(place);
            }
            let barrier = &barrier;
            async move {
                match place {
                    0 => barrier.notified().await,
                    1 => barrier.notify_one(),
                    _ => {}
                }
            }
        };
        let waits = vec![vec![], vec![false], vec![true, true], vec![false, false, true]];
        executor.block_on(side_by_side(&waits, 2, work, |place, ()| lines.borrow_mut().ends(place, ())));
        let expected = ["begin 0", "end 0", "begin 1", "end 1", "begin 2", "end 2", "end 3"];
        assert_eq!(*told.borrow(), expected);
    }
}
