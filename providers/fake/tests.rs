//! Lives of fake objects, and what goes wrong in them.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sdk::conformance::{Sample, check_life_cycle};
use sdk::value::Value;
use sdk::{
    Action, ApplyRequest, ApplyResponse, Call, Change, CloseRequest, ConfigureRequest, Deferral, FindIntent,
    IntentOutcome, ListRequest, Lock, MoveRequest, OpenRequest, PlanRequest, PlanResponse, Problem, Progress, Provider,
    ReadDataRequest, ReadRequest, RenewRequest, Runtime, Simulation, UpgradeRequest, answer, attribute, read_stored,
};
use serde_json::{Value as Json, json};

use crate::{Fault, When, World, WorldObject, provider, provider_in};

#[test]
fn conforms() {
    assert_eq!(sdk::conformance::check(&*provider()), Vec::<String>::new());
}

#[test]
fn objects_live_as_they_should() {
    let world = World::in_memory();
    let everything = json!({
        "name": "b", "size": 2, "labels": ["x", "y"], "tags": {"a": "b"}, "settings": {"value": 1, "type": "number"},
        "password_wo": "p", "password_wo_version": 1, "owner": {"name": "o"},
        "endpoints": [{"host": "h"}, {"host": "i", "port": 1}], "mirrors": [{"host": "h"}, {"host": "i"}],
        "limits": {"cpu": {"hard": 1}}, "placement": {"zone": [{"name": "z"}]},
        "disk": [{"size": 1}, {"size": 2, "kind": "hdd"}], "port": [{"number": 80}, {"number": 81}],
        "mount": {"/a": {"disk": 0}}, "timeouts": {"create": "1m"}, "delay": "5s",
    });
    let fewer = json!({
        "name": "b", "labels": ["x"], "endpoints": [{"host": "i", "port": 1}, {"host": "j"}, {"host": "k"}],
        "mirrors": [{"host": "i"}, {"host": "j"}], "disk": [{"size": 3}], "port": [{"number": 80}],
    });
    let moved = json!({"name": "b", "region": "other"});
    let samples = [
        Sample { kind: "fake_object", config: json!({"name": "a"}), changes: vec![everything, fewer, moved] },
        Sample { kind: "fake_object2", config: json!({"name": "a"}), changes: vec![json!({"name": "b", "size": 3})] },
        Sample {
            kind: "fake_cluster",
            config: json!({"name": "c", "network": [{"range": "10.0.0.0/8"}], "delay": "10m"}),
            changes: vec![json!({"name": "c", "network": [{"range": "10.0.0.0/8"}], "version": "1.37"})],
        },
    ];
    let settings = json!({"latency": "10ms", "delay": "2s", "lag": "3s"});
    assert_eq!(check_life_cycle(&|| provider_in(world.clone()), &settings, &samples), Vec::<String>::new());
    assert_eq!(world.objects().unwrap(), [], "something is left");
}

#[test]
fn node_pools_live_as_they_should() {
    let bench = bench(json!({}));
    let cluster = bench.create("fake_cluster", object("c"));
    let id = attribute(&cluster, "id");
    let pool = |nodes: u64, disk_gb: u64| {
        let taint = json!({"key": "k"});
        json!({"cluster_id": id.as_str(), "name": "p", "nodes": nodes, "disk_gb": disk_gb, "taints": [taint]})
    };
    let samples = [Sample { kind: "fake_node_pool", config: pool(1, 20), changes: vec![pool(2, 20), pool(2, 30)] }];
    let settings = json!({"delay": "3m"});
    assert_eq!(check_life_cycle(&|| provider_in(bench.world.clone()), &settings, &samples), Vec::<String>::new());
    assert_eq!(bench.objects().len(), 1, "more than the cluster is left");
}

/// A world with somebody who works in it.
struct Bench {
    world: Arc<World>,
    simulation: Simulation,
    provider: Box<dyn Provider>,
}

/// Remembers the handles, with the time in milliseconds since the simulation began.
struct Reports(Simulation, Duration, Mutex<Vec<(u128, String)>>);

impl Progress for Reports {
    fn handle<'a>(&'a self, handle: &'a str) -> Call<'a, Result<(), Problem>> {
        let at = (self.0.now() - self.1).as_millis();
        self.2.lock().unwrap().push((at, handle.to_owned()));
        answer(Ok(()))
    }

    fn message(&self, _: &str) {}
}

fn bench(settings: Json) -> Bench {
    bench_in(World::in_memory(), settings)
}

fn bench_in(world: Arc<World>, settings: Json) -> Bench {
    let bench = Bench { provider: provider_in(world.clone()), world, simulation: Simulation::new(1) };
    let problems = bench.configure(settings);
    assert_eq!(problems, []);
    bench
}

fn summaries(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.summary.as_str()).collect()
}

impl Bench {
    fn configure(&self, settings: Json) -> Vec<Problem> {
        let block = &self.provider.schemas().provider.block;
        let config = read_stored(&settings, block, &block.ty()).unwrap();
        self.configure_with(config)
    }

    fn configure_with(&self, config: Value) -> Vec<Problem> {
        let runtime = self.simulation.runtime();
        let request = ConfigureRequest { config, version: "1".into(), deferral_allowed: true, runtime };
        self.simulation.run(self.provider.configure(request)).unwrap().problems
    }

    fn config(&self, kind: &str, set: &Json) -> Value {
        let block = &self.provider.schemas().resources[kind].block;
        read_stored(set, block, &block.ty()).unwrap()
    }

    fn plan(&self, kind: &str, prior: &Value, set: Json) -> PlanResponse {
        let config = self.config(kind, &set);
        let request = PlanRequest {
            kind: kind.into(),
            prior: prior.clone(),
            // Good enough for attributes at the top: what is not set stays as it was.
            proposed: config.clone().transform(|path, value| match &path.0[..] {
                [sdk::value::PathStep::Attribute(name)] if value.is_null() && !prior.is_null() => {
                    attribute(prior, name)
                }
                _ => value,
            }),
            config,
            prior_private: vec![],
            prior_identity: None,
            meta: Value::NULL,
            deferral_allowed: true,
            approved: None,
        };
        self.simulation.run(self.provider.plan(request)).unwrap()
    }

    fn request<'a>(
        &self,
        kind: &str,
        prior: &Value,
        set: Json,
        token: &str,
        progress: &'a dyn Progress,
    ) -> ApplyRequest<'a> {
        ApplyRequest {
            is_replaced: false,
            kind: kind.into(),
            prior: prior.clone(),
            planned: if set.is_null() { Value::NULL } else { self.plan(kind, prior, set.clone()).planned },
            config: if set.is_null() { Value::NULL } else { self.config(kind, &set) },
            private: vec![],
            identity: None,
            meta: Value::NULL,
            token: token.into(),
            progress,
        }
    }

    fn apply(&self, kind: &str, prior: &Value, set: Json, token: &str) -> ApplyResponse {
        let request = self.request(kind, prior, set, token, &sdk::NoProgress);
        self.simulation.run(self.provider.apply(request)).expect("the call ends")
    }

    fn create(&self, kind: &str, set: Json) -> Value {
        let response = self.apply(kind, &Value::NULL, set.clone(), &set.to_string());
        assert_eq!(response.problems, []);
        response.new
    }

    fn read(&self, kind: &str, current: &Value) -> Value {
        let response = self.simulation.run(self.provider.read(read_request(kind, current))).unwrap();
        assert_eq!(response.problems, []);
        response.object
    }

    fn find(&self, kind: &str, action: Action, token: &str, prior: &Value) -> IntentOutcome {
        let planned = Value::NULL;
        let (kind, token, prior) = (kind.into(), token.into(), prior.clone());
        let intent = FindIntent { kind, action, token, handle: None, prior, planned, private: vec![] };
        self.simulation.run(self.provider.find_intent(intent)).unwrap()
    }

    fn objects(&self) -> Vec<WorldObject> {
        self.world.objects().unwrap()
    }
}

fn read_request(kind: &str, current: &Value) -> ReadRequest {
    let (kind, current) = (kind.into(), current.clone());
    ReadRequest { kind, current, private: vec![], identity: None, meta: Value::NULL, deferral_allowed: true }
}

fn object(name: &str) -> Json {
    json!({"name": name})
}

#[test]
fn the_handle_is_reported_before_the_wait() {
    let bench = bench(json!({"latency": "10ms", "delay": "5s"}));
    let began = bench.simulation.now();
    let reports = Reports(bench.simulation.clone(), began, Mutex::default());
    let request = bench.request("fake_object", &Value::NULL, object("a"), "t", &reports);
    bench.simulation.run(bench.provider.apply(request)).unwrap();
    assert_eq!(*reports.2.lock().unwrap(), [(10, "object-1".to_owned())]);
    assert_eq!((bench.simulation.now() - began).as_millis(), 5010);
}

#[test]
fn one_token_makes_one_object() {
    let bench = bench(json!({}));
    let first = bench.apply("fake_object", &Value::NULL, object("a"), "t");
    let second = bench.apply("fake_object", &Value::NULL, object("a"), "t");
    let third = bench.apply("fake_object", &Value::NULL, object("a"), "other");
    assert_eq!(first.new, second.new);
    assert_ne!(first.new, third.new);
    assert_eq!(bench.objects().len(), 2);
}

#[test]
fn a_fault_before_the_effect_leaves_nothing_and_one_after_it_leaves_all() {
    for (when, left, found) in [(When::Before, 0, false), (When::After, 1, true)] {
        let bench = bench(json!({}));
        bench.world.inject(Fault::new(when).on("create").times(1)).unwrap();
        let response = bench.apply("fake_object", &Value::NULL, object("a"), "t");
        assert_eq!(summaries(&response.problems), ["Injected fault"]);
        assert!(response.new.is_null());
        assert_eq!(bench.objects().len(), left, "{when:?}");
        let outcome = bench.find("fake_object", Action::Create, "t", &Value::NULL);
        assert_eq!(matches!(outcome, IntentOutcome::Found { .. }), found, "{when:?}: {outcome:?}");
        assert_eq!(bench.apply("fake_object", &Value::NULL, object("a"), "t").problems, []);
        assert_eq!(bench.objects().len(), 1, "{when:?}");
    }
}

#[test]
fn a_partial_create_returns_a_broken_object_and_a_partial_update_the_half() {
    let bench = bench(json!({"fault": [{"when": "partial", "action": "create", "times": 1}]}));
    let response = bench.apply("fake_object", &Value::NULL, object("a"), "t");
    assert_eq!(summaries(&response.problems), ["Operation failed"]);
    assert_eq!(attribute(&response.new, "name"), "a".into());
    bench.world.inject(Fault::new(When::Partial).on("update")).unwrap();
    let response = bench.apply("fake_object", &response.new, json!({"name": "b", "size": 7, "note": "n"}), "u");
    assert_eq!(summaries(&response.problems), ["Operation failed"]);
    let changed = ["name", "note", "size"].map(|name| attribute(&response.new, name));
    assert_eq!(changed, ["b".into(), Value::null(sdk::value::Type::String), Value::number(7)]);
}

#[test]
fn a_busy_cloud_is_asked_again_a_number_of_times() {
    let bench = bench(json!({}));
    bench.world.inject(Fault::new(When::Throttle).on("create").times(5)).unwrap();
    let began = bench.simulation.now();
    bench.create("fake_object", object("a"));
    assert_eq!((bench.simulation.now() - began).as_millis(), 50 + 100 + 200 + 400 + 800);
    bench.world.inject(Fault::new(When::Throttle)).unwrap();
    let response = bench.apply("fake_object", &Value::NULL, object("b"), "b");
    assert_eq!(summaries(&response.problems), ["Too many requests"]);
}

#[test]
fn a_call_that_hangs_ends_when_it_is_told_to_stop() {
    let bench = bench(json!({"delay": "1h"}));
    bench.world.inject(Fault::new(When::Hang).on("update")).unwrap();
    let object_a = bench.create("fake_object", object("a"));
    let request = || bench.request("fake_object", &object_a, object("b"), "t", &sdk::NoProgress);
    assert!(bench.simulation.run_for(Duration::from_secs(9999), bench.provider.apply(request())).is_none());
    let mut call = bench.provider.apply(request());
    let stopped = async {
        let mut begun = false;
        std::future::poll_fn(|context| {
            let polled = call.as_mut().poll(context);
            if !std::mem::replace(&mut begun, true) {
                assert!(polled.is_pending());
                let _ = bench.simulation.run(bench.provider.stop());
            }
            polled
        })
        .await
    };
    let response = bench.simulation.run(stopped).expect("the call ends");
    assert_eq!(summaries(&response.problems), ["Stopped"]);
    assert_eq!(response.new, object_a);
}

#[test]
fn a_wrong_result_breaks_the_promise() {
    let bench = bench(json!({"fault": [{"when": "wrong", "kind": "fake_object", "name": "a"}]}));
    assert_eq!(attribute(&bench.create("fake_object", object("a")), "name"), "a-wrong".into());
    assert_eq!(attribute(&bench.create("fake_object", object("b")), "name"), "b".into());
}

#[test]
fn drift_and_loss_are_seen_by_reading() {
    let bench = bench(json!({}));
    let object = bench.create("fake_object", object("a"));
    assert_eq!(bench.read("fake_object", &object), object);
    bench.world.inject(Fault::new(When::Drift).on("read").times(1)).unwrap();
    let tags = attribute(&bench.read("fake_object", &object), "tags");
    assert_eq!(attribute(&tags, "drifted"), "yes".into());
    assert!(bench.world.edit("object-1", "size", 9.into()).unwrap());
    assert_eq!(attribute(&bench.read("fake_object", &object), "size"), Value::number(9));
    bench.world.inject(Fault::new(When::Vanish).on("read").times(1)).unwrap();
    assert!(bench.read("fake_object", &object).is_null());
    assert_eq!(bench.objects(), []);
}

#[test]
fn many_are_read_by_one_call() {
    let bench = bench(json!({"latency": "1s"}));
    let objects = ["a", "b", "c"].map(|name| bench.create("fake_object", object(name)));
    let cluster = bench.create("fake_cluster", object("c"));
    let mut requests: Vec<ReadRequest> = objects.iter().map(|object| read_request("fake_object", object)).collect();
    requests.insert(1, read_request("fake_cluster", &cluster));
    let began = bench.simulation.now();
    let responses = bench.simulation.run(bench.provider.read_many(requests)).unwrap();
    let read: Vec<Value> = responses.into_iter().map(|response| response.object).collect();
    let [a, b, c] = objects;
    assert_eq!(read, [a, cluster, b, c]);
    assert_eq!(bench.simulation.now() - began, Duration::from_secs(1));
    assert_eq!(bench.world.calls().unwrap()["read_many fake_object"], 1);
}

#[test]
fn new_objects_are_found_by_others_after_a_while() {
    let bench = bench(json!({"lag": "10s"}));
    let request = bench.request("fake_object", &Value::NULL, object("a"), "t", &sdk::NoProgress);
    assert!(bench.simulation.run_for(Duration::from_secs(1), bench.provider.apply(request)).is_none());
    let find = || {
        let block = &bench.provider.schemas().data_sources["fake_object"].block;
        let config = read_stored(&object("a"), block, &block.ty()).unwrap();
        let request = ReadDataRequest { kind: "fake_object".into(), config, meta: Value::NULL, deferral_allowed: true };
        bench.simulation.run(bench.provider.read_data(request)).unwrap()
    };
    assert_eq!(summaries(&find().problems), ["Object not found"]);
    let IntentOutcome::Found { object, .. } = bench.find("fake_object", Action::Create, "t", &Value::NULL) else {
        panic!("the maker finds it by the token");
    };
    assert_eq!(attribute(&find().object, "id"), attribute(&object, "id"));
}

#[test]
fn a_cluster_allows_one_operation_at_a_time_and_lock_keys_tell_so() {
    let bench = bench(json!({}));
    let cluster = bench.create("fake_cluster", object("c"));
    let id = attribute(&cluster, "id");
    let pool = |name: &str| json!({"cluster_id": id.as_str(), "name": name, "delay": "10s"});
    let request = bench.request("fake_node_pool", &Value::NULL, pool("a"), "a", &sdk::NoProgress);
    let lock = [Lock::exclusive("cluster/cluster-1")];
    let change = Change { action: Action::Create, prior: &Value::NULL, planned: &request.planned };
    assert_eq!(bench.provider.locks("fake_node_pool", change), lock);
    let change = Change { action: Action::Delete, prior: &cluster, planned: &Value::NULL };
    assert_eq!(bench.provider.locks("fake_cluster", change), lock);
    assert!(bench.simulation.run_for(Duration::from_secs(1), bench.provider.apply(request)).is_none());
    let response = bench.apply("fake_node_pool", &Value::NULL, pool("b"), "b");
    assert_eq!(summaries(&response.problems), ["Operation conflict"]);
    let response = bench.apply("fake_cluster", &cluster, json!({"name": "c", "version": "2"}), "c");
    assert_eq!(summaries(&response.problems), ["Operation conflict"]);
    bench.find("fake_node_pool", Action::Create, "a", &Value::NULL);
    let response = bench.apply("fake_cluster", &cluster, Json::Null, "d");
    assert_eq!(summaries(&response.problems), ["Cluster not empty"]);
    bench.create("fake_node_pool", pool("b"));
}

#[test]
fn what_needs_another_object_is_deferred_until_that_is_there() {
    let bench = bench(json!({}));
    let config = json!({"name": "a", "absent_prereq": "b"});
    assert_eq!(bench.plan("fake_object", &Value::NULL, config.clone()).deferred, Some(Deferral::AbsentPrerequisite));
    bench.create("fake_object", object("b"));
    assert_eq!(bench.plan("fake_object", &Value::NULL, config).deferred, None);
}

#[test]
fn what_a_provider_is_configured_with_may_come_later() {
    let bench = bench(json!({}));
    let settings = Value::unknown(bench.provider.schemas().provider.block.ty());
    assert_eq!(bench.configure_with(settings), []);
    let plan = bench.plan("fake_object", &Value::NULL, object("a"));
    assert_eq!((plan.deferred, plan.problems), (Some(Deferral::ProviderConfigUnknown), vec![]));
    let response = bench.apply("fake_object", &Value::NULL, object("a"), "t");
    assert_eq!(summaries(&response.problems), ["Provider not ready"]);
    assert_eq!(bench.configure(json!({})), []);
    assert_eq!(bench.plan("fake_object", &Value::NULL, object("a")).deferred, None);
}

#[test]
fn passwords_reach_the_cloud_and_are_kept_nowhere() {
    let bench = bench(json!({}));
    let set = |password: &str| json!({"name": "a", "password_wo": password, "password_wo_version": 1});
    let object = bench.create("fake_object", set("p1"));
    assert!(attribute(&object, "password_wo").is_null());
    let before = bench.objects()[0].fingerprints.clone();
    assert_eq!(before.keys().collect::<Vec<_>>(), ["password_wo"]);
    bench.apply("fake_object", &object, set("p2"), "t");
    assert_ne!(bench.objects()[0].fingerprints, before);
    assert!(!format!("{:?}", bench.objects()).contains("\"p2\""));
}

#[test]
fn tokens_are_counted_while_they_are_open() {
    let bench = bench(json!({}));
    let block = &bench.provider.schemas().ephemerals["fake_token"].block;
    let config = read_stored(&json!({"audience": "x", "lifetime_seconds": 60}), block, &block.ty()).unwrap();
    let kind = || "fake_token".into();
    let open = OpenRequest { kind: kind(), config, deferral_allowed: true };
    let opened = bench.simulation.run(bench.provider.open(open)).unwrap();
    assert_eq!(opened.problems, []);
    assert_eq!(opened.renew_at, Some(bench.simulation.now() + Duration::from_secs(30)));
    assert_eq!(attribute(&opened.result, "expires_at"), "2024-01-01T00:01:00Z".into());
    let renew = RenewRequest { kind: kind(), private: opened.private.clone() };
    let renewed = bench.simulation.run(bench.provider.renew(renew)).unwrap();
    assert_eq!(bench.world.ephemerals().unwrap().open.len(), 1);
    let close = || CloseRequest { kind: kind(), private: renewed.private.clone() };
    assert_eq!(bench.simulation.run(bench.provider.close(close())).unwrap().problems, []);
    let again = bench.simulation.run(bench.provider.close(close())).unwrap();
    assert_eq!(summaries(&again.problems), ["Token not open"]);
    let counts = bench.world.ephemerals().unwrap();
    assert_eq!((counts.opened, counts.renewed, counts.closed, counts.open.len()), (1, 1, 1, 0));
}

#[test]
fn an_object_moves_to_the_second_type_and_nowhere_else() {
    let bench = bench(json!({}));
    let object = bench.create("fake_object", json!({"name": "a", "size": 3, "labels": ["x"]}));
    let ty = bench.provider.schemas().resources["fake_object"].block.ty();
    let request = |kind: &str| MoveRequest {
        kind: kind.into(),
        source_provider: "gantry.dev/gantry/fake".into(),
        source_kind: "fake_object".into(),
        source_version: 0,
        source_raw: sdk::value::value_to_json(&object, &ty).unwrap(),
        source_private: vec![],
        source_identity: None,
    };
    let moved = bench.simulation.run(bench.provider.move_state(request("fake_object2"))).unwrap();
    assert_eq!(moved.problems, []);
    assert_eq!(bench.read("fake_object2", &moved.object), moved.object);
    assert_eq!(attribute(&moved.object, "size"), Value::number(3));
    let refused = bench.simulation.run(bench.provider.move_state(request("fake_cluster"))).unwrap();
    assert_eq!(summaries(&refused.problems), ["Move not supported"]);
}

#[test]
fn clusters_of_version_0_are_brought_up() {
    let bench = bench(json!({}));
    let raw = json!({"id": "cluster-1", "name": "c", "location": "here"});
    let request = UpgradeRequest { kind: "fake_cluster".into(), version: 0, raw };
    let response = bench.simulation.run(bench.provider.upgrade(request)).unwrap();
    assert_eq!(response.problems, []);
    assert_eq!(attribute(&response.object, "region"), "here".into());
}

#[test]
fn lists_come_in_pages() {
    let bench = bench(json!({}));
    for index in 0..101 {
        bench.create("fake_object", object(&format!("a{index}")));
    }
    bench.create("fake_object", object("b"));
    let block = &bench.provider.schemas().lists["fake_object"].block;
    let config = read_stored(&json!({"name_prefix": "a"}), block, &block.ty()).unwrap();
    let mut page = None;
    let mut counts = Vec::new();
    loop {
        let request =
            ListRequest { kind: "fake_object".into(), config: config.clone(), objects: true, limit: 1000, page };
        let response = bench.simulation.run(bench.provider.list(request)).unwrap();
        counts.push(response.objects.len());
        page = response.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(counts, [100, 1]);
}

#[test]
fn a_world_on_disk_is_shared_and_outlives_its_users() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let settings = json!({"world": path.to_str().unwrap()});
    let first = bench(settings.clone());
    let object = first.create("fake_object", object("a"));
    assert_eq!(first.objects(), [], "its own world is not used");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(World::on_disk(&path).objects().unwrap().len(), 1);
    let other = bench(settings);
    assert_eq!(other.read("fake_object", &object), object);
    // Another process would write the file behind our back.
    std::fs::write(&path, text.replace("\"a\"", "\"z\"").replacen("\"version\":1", "\"version\":7", 1)).unwrap();
    assert_eq!(attribute(&other.read("fake_object", &object), "name"), "z".into());
    std::fs::write(&path, "{}").unwrap();
    let response = other.apply("fake_object", &Value::NULL, json!({"name": "b"}), "t");
    assert_eq!(summaries(&response.problems), ["Fake world not usable"]);
}

#[test]
fn what_a_killed_process_has_made_is_found_by_its_token() {
    for (when, made) in [("crash_before", false), ("crash_after", true)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world.json");
        let fault = json!([{"when": when, "action": "create"}]);
        let settings = json!({"world": path.to_str().unwrap(), "fault": fault});
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::is_killed", "--ignored"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(settings.to_string().as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "it ends by a signal");
        let bench = bench(json!({"world": path.to_str().unwrap()}));
        let outcome = bench.find("fake_object", Action::Create, "t", &Value::NULL);
        assert_eq!(matches!(outcome, IntentOutcome::Found { .. }), made, "{outcome:?}");
        assert_eq!(World::on_disk(&path).objects().unwrap().len(), usize::from(made));
    }
}

#[test]
#[ignore = "the process that `what_a_killed_process_has_made_is_found_by_its_token` starts"]
fn is_killed() {
    let mut settings = String::new();
    std::io::stdin().read_to_string(&mut settings).unwrap();
    let Ok(settings) = serde_json::from_str(&settings) else { return };
    bench(settings).apply("fake_object", &Value::NULL, object("a"), "t");
}
