//! Two runs at once on one state.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lang::validate::NoProviders;
use plan::Plan;
use sdk::Simulation;
use state::simulated::{Seeded, SimulatedFiles};
use state::stores::local::LocalStore;
use state::{Claim, Clock, Lock, LockRequest, Store, World};

use super::edit;
use super::machine::{Loaded, PROVIDERS};
use crate::{Approval, Configuration, Failure, Report, Request, run};

struct Silent;

impl apply::Observer for Silent {
    fn see(&self, _: &plan::Change, _: apply::Event<'_>) {}
}

/// A clock at whose first tick the other run ends.
struct Tick(Mutex<Option<Box<dyn Lock>>>);

impl Clock for Tick {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH
    }

    fn sleep(&self, _: Duration) {
        self.0.lock().expect("nobody panics").take();
    }
}

fn asking(who: &str, patience: Duration) -> LockRequest {
    let claim = Claim { who: who.to_owned(), operation: "apply".to_owned(), ..Claim::default() };
    LockRequest { claim, patience }
}

/// Makes a run on a state that ann holds; with patience she gives it free meanwhile.
fn beside_another(patience: Duration) -> Result<Report, Failure> {
    let files = SimulatedFiles::default();
    let held = LocalStore::new("/w", files.world()).lock("default", &asking("ann", Duration::ZERO));
    let held = held.expect("a free lock is taken");
    let (kept, given) = if patience.is_zero() { (Some(held), None) } else { (None, Some(held)) };
    let world = World { clock: Arc::new(Tick(Mutex::new(given))), ..files.world() };
    let model = edit::any_model(&mut Seeded::new(1), 1);
    let loaded = Loaded::new(&model).expect("the configuration is right");
    let request = Request {
        configuration: Configuration {
            root: &loaded.root,
            env: &loaded.env,
            cwd: Path::new("/c"),
            variables: Vec::new(),
            functions: &NoProviders,
        },
        providers: std::rc::Rc::new(host::Catalogue::of_linked(PROVIDERS)),
        store: Arc::new(LocalStore::new("/w", world.clone())),
        workspace: "default",
        lock: asking("bob", patience),
        world,
        options: plan::Options::default(),
        parallelism: 1,
        runtime: Simulation::new(1).runtime(),
        version: "0.1.0",
        stopping: &|| false,
        tick: &|| {},
    };
    let ended = run(request, &Silent, &mut |_: &Plan| Approval::Stop);
    drop(kept);
    ended
}

#[test]
fn the_second_run_says_who_holds_the_state() {
    let Err(Failure(diags)) = beside_another(Duration::ZERO) else { panic!("both run at once") };
    let details: Vec<&str> = diags.iter().map(|found| found.detail.as_str()).collect();
    assert!(details.iter().any(|detail| detail.contains("`apply` of ann")), "{details:?}");
}

#[test]
fn the_second_run_waits_if_it_is_to() {
    assert!(beside_another(Duration::from_secs(60)).is_ok());
}
