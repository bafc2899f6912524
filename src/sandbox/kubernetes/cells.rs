//! What the cells of tables show that is not just a field of the object.

use serde_json::Value as Json;

/// Returns the text of a cell: of a path, or of a word for what has to be worked out.
pub fn cell(object: &Json, what: &str, now: u64) -> String {
    if let Some(path) = what.strip_prefix('#') {
        return object.pointer(path).map_or_else(|| "0".to_owned(), shown);
    }
    let Some(word) = what.strip_prefix('%') else {
        let (path, missing) = what.split_once('?').unwrap_or((what, "<none>"));
        return object.pointer(path).filter(|value| *value != "").map_or_else(|| missing.to_owned(), shown);
    };
    let cell = Cell { object, now };
    let found = cell.of_pod(word).or_else(|| cell.of_workload(word)).or_else(|| cell.of_network(word));
    found.or_else(|| cell.of_volume(word)).unwrap_or_else(|| cell.of_rest(word))
}

/// Returns a value as it is shown.
pub fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

struct Cell<'o> {
    object: &'o Json,
    now: u64,
}

fn word(value: &Json, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

fn or_none(texts: impl IntoIterator<Item = String>) -> String {
    let texts: Vec<String> = texts.into_iter().collect();
    if texts.is_empty() { "<none>".to_owned() } else { texts.join(",") }
}

fn pairs(labels: &Json) -> String {
    or_none(labels.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={}", shown(value))))
}

impl<'o> Cell<'o> {
    fn at(&self, path: &str) -> &'o Json {
        self.object.pointer(path).unwrap_or(&Json::Null)
    }

    fn text(&self, path: &str) -> &'o str {
        self.at(path).as_str().unwrap_or_default()
    }

    fn list(&self, path: &str) -> &'o [Json] {
        self.at(path).as_array().map_or(&[], Vec::as_slice)
    }

    fn count(&self, path: &str) -> i64 {
        self.at(path).as_i64().unwrap_or_default()
    }

    fn age(&self, path: &str) -> String {
        age(self.text(path), self.now)
    }

    fn has_condition(&self, kind: &str) -> bool {
        self.list("/status/conditions").iter().any(|one| one["type"] == kind && one["status"] == "True")
    }

    fn of_pod(&self, what: &str) -> Option<String> {
        let statuses = self.list("/status/containerStatuses");
        Some(match what {
            "age" => self.age("/metadata/creationTimestamp"),
            "pod" => self.pod_status(),
            "ready_containers" => {
                let ready = statuses.iter().filter(|one| one["ready"] == true).count();
                format!("{ready}/{}", self.list("/spec/containers").len())
            }
            "restarts" => statuses.iter().filter_map(|one| one["restartCount"].as_u64()).sum::<u64>().to_string(),
            "gates" => {
                let gates = self.list("/spec/readinessGates");
                let open = gates
                    .iter()
                    .filter(|gate| gate["conditionType"].as_str().is_some_and(|one| self.has_condition(one)));
                if gates.is_empty() { "<none>".to_owned() } else { format!("{}/{}", open.count(), gates.len()) }
            }
            _ => return None,
        })
    }

    fn pod_status(&self) -> String {
        let phase = self.text("/status/phase");
        let mut reason = match self.text("/status/reason") {
            "" => phase.to_owned(),
            reason => reason.to_owned(),
        };
        let gated = |one: &&Json| one["type"] == "PodScheduled" && one["reason"] == "SchedulingGated";
        if self.list("/status/conditions").iter().any(|one| gated(&one)) {
            reason = "SchedulingGated".to_owned();
        }
        let mut runs = false;
        for status in self.list("/status/containerStatuses").iter().rev() {
            let state = &status["state"];
            let (waiting, ended) = (word(&state["waiting"], "reason"), &state["terminated"]);
            if !waiting.is_empty() {
                reason = waiting;
            } else if ended.is_object() {
                let said = word(ended, "reason");
                reason = if said.is_empty() { format!("ExitCode:{}", ended["exitCode"]) } else { said };
            } else {
                runs |= status["ready"] == true && state["running"].is_object();
            }
        }
        if reason == "Completed" && runs {
            reason = if self.has_condition("Ready") { "Running" } else { "NotReady" }.to_owned();
        }
        if !self.at("/metadata/deletionTimestamp").is_null() && !matches!(phase, "Succeeded" | "Failed") {
            reason = "Terminating".to_owned();
        }
        if reason.is_empty() { "Unknown".to_owned() } else { reason }
    }

    /// Containers are those of the template, of the job's template, or of a template alone.
    fn containers(&self) -> &'o [Json] {
        let paths = ["/spec/template/spec", "/spec/jobTemplate/spec/template/spec", "/template/spec"];
        let found = paths.iter().map(|path| self.list(&format!("{path}/containers"))).find(|list| !list.is_empty());
        found.unwrap_or_default()
    }

    fn of_workload(&self, what: &str) -> Option<String> {
        Some(match what {
            "ready" => format!("{}/{}", self.count("/status/readyReplicas"), self.count("/spec/replicas")),
            "names" => or_none(self.containers().iter().map(|one| word(one, "name"))),
            "images" => or_none(self.containers().iter().map(|one| word(one, "image"))),
            "selector" => {
                let selector = self.at("/spec/selector");
                match selector["matchLabels"].is_object() || selector["matchExpressions"].is_array() {
                    true => label_selector(selector),
                    false => pairs(selector),
                }
            }
            "pod_selector" => label_selector(self.at("/spec/podSelector")),
            "node_selector" => pairs(self.at("/spec/template/spec/nodeSelector")),
            "template_labels" => pairs(self.at("/template/metadata/labels")),
            "completions" => {
                let wanted = self.at("/spec/completions").as_i64().unwrap_or(1);
                format!("{}/{wanted}", self.count("/status/succeeded"))
            }
            "duration" => match (seconds(self.text("/status/startTime")), seconds(self.text("/status/completionTime")))
            {
                (Some(begin), end) => human(end.unwrap_or(self.now).saturating_sub(begin)),
                _ => String::new(),
            },
            "job" => {
                let is_ending = !self.at("/metadata/deletionTimestamp").is_null();
                let words = ["Complete", "Failed"].into_iter().find(|kind| self.has_condition(kind));
                match (words, is_ending, self.has_condition("Suspended")) {
                    (Some(word), ..) => word,
                    (None, true, _) => "Terminating",
                    (None, false, true) => "Suspended",
                    _ => "Running",
                }
                .to_owned()
            }
            "suspend" => if self.at("/spec/suspend") == true { "True" } else { "False" }.to_owned(),
            "active" => self.list("/status/active").len().to_string(),
            "last_schedule" => match self.text("/status/lastScheduleTime") {
                "" => "<none>".to_owned(),
                time => age(time, self.now),
            },
            "owner" => match self.list("/metadata/ownerReferences").iter().find(|owner| owner["controller"] == true) {
                Some(owner) => format!("{}/{}", word(owner, "kind").to_lowercase(), word(owner, "name")),
                None => "<none>".to_owned(),
            },
            "reference" => {
                let target = self.at("/spec/scaleTargetRef");
                format!("{}/{}", word(target, "kind"), word(target, "name"))
            }
            "targets" => self.targets(),
            _ => return None,
        })
    }

    /// Metrics of an autoscaler: what is, and what is wanted.
    fn targets(&self) -> String {
        let found = self.list("/status/currentMetrics");
        let texts = self.list("/spec/metrics").iter().enumerate().map(|(place, metric)| {
            let kind = word(metric, "type");
            let part = format!("{}{}", kind[..1.min(kind.len())].to_lowercase(), kind.get(1..).unwrap_or_default());
            let (target, is) = (&metric[&part]["target"], found.get(place).map(|one| &one[&part]["current"]));
            let name = word(&metric[&part], "name");
            let name = if name.is_empty() { name } else { format!("{name}: ") };
            let value = |of: &Json| match of["averageUtilization"].as_i64() {
                Some(percent) => Some(format!("{percent}%")),
                None => of["averageValue"].as_str().or(of["value"].as_str()).map(str::to_owned),
            };
            let is = is.and_then(value).unwrap_or_else(|| "<unknown>".to_owned());
            format!("{name}{is}/{}", value(target).unwrap_or_else(|| "<auto>".to_owned()))
        });
        let texts: Vec<String> = texts.collect();
        match texts.len() {
            0 => "<none>".to_owned(),
            1 | 2 => texts.join(", "),
            more => format!("{} + {} more...", texts[..2].join(", "), more - 2),
        }
    }

    fn of_network(&self, what: &str) -> Option<String> {
        let address = |one: &Json| format!("{}{}", word(one, "hostname"), word(one, "ip"));
        Some(match what {
            "ports" => or_none(self.list("/spec/ports").iter().map(|port| match port["nodePort"].as_u64() {
                Some(node) if node > 0 => format!("{}:{node}/{}", port["port"], word(port, "protocol")),
                _ => format!("{}/{}", port["port"], word(port, "protocol")),
            })),
            "external" => {
                let balancers = self.list("/status/loadBalancer/ingress");
                let fixed = self.list("/spec/externalIPs").iter().map(shown);
                match self.text("/spec/type") {
                    "LoadBalancer" if balancers.is_empty() && fixed.len() == 0 => "<pending>".to_owned(),
                    "LoadBalancer" => or_none(balancers.iter().map(address).chain(fixed)),
                    "ExternalName" => self.text("/spec/externalName").to_owned(),
                    _ => or_none(fixed),
                }
            }
            "endpoints" => or_none(self.list("/subsets").iter().flat_map(|subset| {
                let ports = subset["ports"].as_array().cloned().unwrap_or_default();
                let addresses = subset["addresses"].as_array().cloned().unwrap_or_default();
                addresses.into_iter().flat_map(move |one| {
                    let ip = word(&one, "ip");
                    ports.iter().map(move |port| format!("{ip}:{}", port["port"])).collect::<Vec<_>>()
                })
            })),
            "slice_ports" => match self.list("/ports") {
                [] => "<unset>".to_owned(),
                ports => or_none(ports.iter().map(|port| shown(&port["port"]))),
            },
            "slice_endpoints" => match self.list("/endpoints") {
                [] => "<unset>".to_owned(),
                all => or_none(all.iter().flat_map(|one| one["addresses"].as_array().into_iter().flatten()).map(shown)),
            },
            "hosts" => {
                let hosts =
                    self.list("/spec/rules").iter().map(|rule| word(rule, "host")).filter(|host| !host.is_empty());
                let hosts: Vec<String> = hosts.collect();
                if hosts.is_empty() { "*".to_owned() } else { hosts.join(",") }
            }
            "address" => {
                let all: Vec<String> = self.list("/status/loadBalancer/ingress").iter().map(address).collect();
                all.join(",")
            }
            "ingress_ports" => if self.list("/spec/tls").is_empty() { "80" } else { "80, 443" }.to_owned(),
            "parameters" => match self.at("/spec/parameters") {
                Json::Null => "<none>".to_owned(),
                parameters => format!("{}/{}", word(parameters, "kind"), word(parameters, "name")),
            },
            "parent" => {
                let parent = self.at("/spec/parentRef");
                format!("{}/{}/{}", word(parent, "resource"), word(parent, "namespace"), word(parent, "name"))
            }
            "ranges" => or_none(self.list("/spec/cidrs").iter().map(shown)),
            "service" => match self.at("/spec/service") {
                Json::Null => "Local".to_owned(),
                service => format!("{}/{}", word(service, "namespace"), word(service, "name")),
            },
            "available" => if self.has_condition("Available") { "True" } else { "False" }.to_owned(),
            _ => return None,
        })
    }

    fn of_volume(&self, what: &str) -> Option<String> {
        Some(match what {
            "volume" if !self.at("/metadata/deletionTimestamp").is_null() => "Terminating".to_owned(),
            "volume" => self.text("/status/phase").to_owned(),
            "class_name" => {
                let mark = self.at("/metadata/annotations/storageclass.kubernetes.io~1is-default-class");
                format!("{}{}", self.text("/metadata/name"), if mark == "true" { " (default)" } else { "" })
            }
            "modes" => {
                let short = |mode: &Json| match mode.as_str() {
                    Some("ReadWriteOnce") => "RWO",
                    Some("ReadOnlyMany") => "ROX",
                    Some("ReadWriteMany") => "RWX",
                    Some("ReadWriteOncePod") => "RWOP",
                    _ => "",
                };
                self.list("/spec/accessModes").iter().map(short).collect::<Vec<_>>().join(",")
            }
            "claim" => match self.text("/spec/claimRef/name") {
                "" => String::new(),
                name => format!("{}/{name}", self.text("/spec/claimRef/namespace")),
            },
            _ => return None,
        })
    }

    fn of_rest(&self, what: &str) -> String {
        let subjects = |kind: &str| {
            let own = self.list("/subjects").iter().filter(|one| one["kind"] == kind);
            let names = own.map(|one| match (kind, word(one, "namespace")) {
                ("ServiceAccount", namespace) => format!("{namespace}/{}", word(one, "name")),
                _ => word(one, "name"),
            });
            names.collect::<Vec<_>>().join(", ")
        };
        match what {
            "data" => {
                let count = |path: &str| self.at(path).as_object().map_or(0, serde_json::Map::len);
                (count("/data") + count("/binaryData")).to_string()
            }
            "secrets" => self.list("/secrets").len().to_string(),
            "role" => format!("{}/{}", self.text("/roleRef/kind"), self.text("/roleRef/name")),
            "users" => subjects("User"),
            "groups" => subjects("Group"),
            "accounts" => subjects("ServiceAccount"),
            "node" => {
                let cordoned = if self.at("/spec/unschedulable") == true { ",SchedulingDisabled" } else { "" };
                format!("{}{cordoned}", if self.has_condition("Ready") { "Ready" } else { "NotReady" })
            }
            "roles" => {
                let labels = self.at("/metadata/labels").as_object().into_iter().flatten();
                or_none(labels.filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")).map(str::to_owned))
            }
            "internal_address" => self.address("InternalIP"),
            "external_address" => self.address("ExternalIP"),
            "involved" => {
                let about = self.at("/involvedObject");
                format!("{}/{}", word(about, "kind").to_lowercase(), word(about, "name"))
            }
            "source" => match self.text("/source/component") {
                "" => self.text("/reportingComponent").to_owned(),
                component => component.to_owned(),
            },
            "first_seen" => self.first_of(&["/firstTimestamp", "/eventTime", "/metadata/creationTimestamp"]),
            "last_seen" => {
                self.first_of(&["/series/lastObservedTime", "/lastTimestamp", "/firstTimestamp", "/eventTime"])
            }
            "count" => self.count("/count").max(1).to_string(),
            "webhooks" => self.list("/webhooks").len().to_string(),
            "drivers" => self.list("/spec/drivers").len().to_string(),
            "driver_modes" => match self.list("/spec/volumeLifecycleModes") {
                [] => "Persistent".to_owned(),
                modes => or_none(modes.iter().map(shown)),
            },
            "quota_requests" => self.quota(false),
            "quota_limits" => self.quota(true),
            "request" => {
                let conditions = self.list("/status/conditions").iter();
                let words: Vec<String> = conditions.map(|one| word(one, "type")).collect();
                if words.is_empty() { "Pending".to_owned() } else { words.join(",") }
            }
            _ => "<unknown>".to_owned(),
        }
    }

    fn address(&self, kind: &str) -> String {
        let found = self.list("/status/addresses").iter().find(|one| one["type"] == kind);
        found.map_or_else(|| "<none>".to_owned(), |one| word(one, "address"))
    }

    fn first_of(&self, paths: &[&str]) -> String {
        let time = paths.iter().map(|path| self.text(path)).find(|time| !time.is_empty());
        age(time.unwrap_or_default(), self.now)
    }

    fn quota(&self, of_limits: bool) -> String {
        let hard = self.at("/status/hard").as_object().or(self.at("/spec/hard").as_object()).into_iter().flatten();
        let own = hard.filter(|(name, _)| name.starts_with("limits.") == of_limits);
        let used = |name: &str| self.at("/status/used").get(name).map_or_else(|| "0".to_owned(), shown);
        own.map(|(name, hard)| format!("{name}: {}/{}", used(name), shown(hard))).collect::<Vec<_>>().join(", ")
    }
}

fn label_selector(selector: &Json) -> String {
    let same = selector["matchLabels"].as_object().into_iter().flatten();
    let same = same.map(|(key, value)| format!("{key}={}", shown(value)));
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten().map(|one| {
        let values: Vec<String> = one["values"].as_array().into_iter().flatten().map(shown).collect();
        let (key, values) = (word(one, "key"), values.join(","));
        match &*word(one, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key,
            _ => format!("!{key}"),
        }
    });
    or_none(same.chain(expressions))
}

/// Returns how long ago a time was.
pub fn age(from: &str, now: u64) -> String {
    seconds(from).map_or_else(|| "<unknown>".to_owned(), |from| human(now.saturating_sub(from)))
}

/// Writes a time that passed in the one or two units that matter.
fn human(past: u64) -> String {
    let two = |first: u64, unit: &str, second: u64, small: &str| match second {
        0 => format!("{first}{unit}"),
        second => format!("{first}{unit}{second}{small}"),
    };
    let (minutes, hours, days) = (past / 60, past / 3_600, past / 86_400);
    match past {
        0..120 => format!("{past}s"),
        120..600 => two(minutes, "m", past % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

/// Reads `2026-11-21T17:30:05Z`, as seconds of a calendar in which years are counted whole.
pub fn seconds(time: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| time.get(range)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    Some(((days * 24 + number(11..13)?) * 60 + number(14..16)?) * 60 + number(17..19)?)
}
