//! The sections of the page.

use std::collections::BTreeMap;
use std::fmt::Write;

use plan::Action;

use super::gantt::{chart, clock};
use super::graph::{Node, svg};
use super::html::{Section, Table, code, counted, escape};
use super::{Page, Shown, mark};
use crate::actual::Actual;
use crate::cost::{self, Line};
use crate::forecast::{Bar, Forecast, Group, about, word};
use crate::groups::{self, Planned};
use crate::tables::{amounts, inside, takes};

/// Of so many changes at most all are shown at once.
const OPEN_MAX: usize = 12;

fn tag(class: &str, word: &str) -> String {
    format!("<span class=\"tag {class}\">{}</span>", escape(word))
}

/// The whole at a glance, and cluster by cluster.
pub(super) fn summary(page: &Page<'_>) -> Section {
    let forecast = page.forecast;
    let mut body = "<dl class=\"cards\">\n".to_owned();
    for (title, value) in cards(page) {
        let _ = writeln!(body, "<div><dt>{title}</dt><dd>{value}</dd></div>");
    }
    body.push_str("</dl>\n");
    let row = |group: &Group| {
        vec![
            if group.name.is_empty() { escape(group.title()) } else { code(&group.name) },
            group.changes.to_string(),
            tag(word(group.disruption), word(group.disruption)),
            escape(&about(group.ends)),
            escape(&group.before.to_string()),
            escape(&group.after.to_string()),
        ]
    };
    let table = Table {
        caption: "Cluster by cluster".to_owned(),
        columns: vec!["Cluster", ">Changes", "Disruption", ">Done after", ">Per hour now", ">Then"],
        rows: forecast.groups.iter().map(row).collect(),
        foot: None,
    };
    if forecast.groups.iter().any(|group| !group.name.is_empty()) {
        body.push_str(&table.html());
    }
    body.push_str(&disrupting(&forecast.groups));
    Section { id: "summary", title: "Summary", body }
}

fn cards(page: &Page<'_>) -> Vec<(&'static str, String)> {
    let forecast = page.forecast;
    let planned = page.plan.counts();
    let later = page.plan.deferred.len();
    let objects = match page.actual {
        Some(actual) => format!("{}<small>planned: {planned}</small>", actual.done.done()),
        None => format!("{} add, {} change, {} destroy", planned.add, planned.change, planned.destroy),
    };
    let later = match later {
        0 => String::new(),
        later => format!("<small>{later} more in a later stage of the same apply</small>"),
    };
    let disruption = forecast.disruption();
    let expected = escape(&about(forecast.takes));
    let time = match page.actual {
        Some(actual) => ("Time", format!("{}<small>expected: {expected}</small>", clock(actual.took))),
        None => ("Expected time", expected),
    };
    let disruption = ("Disruption", tag(word(disruption), word(disruption)));
    let mut cards = vec![("Objects", format!("{objects}{later}")), disruption, time];
    // Where nothing has a price, nothing is said, not even that it costs nothing.
    if has_prices(page) {
        let now = format!("<small>now {} per hour</small>", escape(&forecast.before.to_string()));
        let month = format!("<small>{} per month of 730 hours</small>", escape(&forecast.after.monthly().to_string()));
        cards.push(("Cost per hour, then", format!("{}{now}{month}", escape(&forecast.after.to_string()))));
    }
    cards
}

fn has_prices(page: &Page<'_>) -> bool {
    page.forecast.groups.iter().any(|group| !group.lines.is_empty())
}

/// What disrupts something, and the steps of changes that have several.
fn disrupting(groups: &[Group]) -> String {
    let mut rows = Vec::new();
    for group in groups {
        for change in &group.steps {
            rows.extend(change.steps.iter().map(|step| {
                let disruption = tag(word(step.disruption), word(step.disruption));
                vec![code(&change.address), escape(&step.title), escape(&takes(step)), disruption]
            }));
        }
        let at_once = group.disrupting_at_once();
        rows.extend(
            at_once.map(|(address, how)| vec![code(address), String::new(), String::new(), tag(word(how), word(how))]),
        );
    }
    let columns = vec!["Object", "Step", ">Takes", "Disruption"];
    let table = Table { caption: "Steps and disruptions".to_owned(), columns, rows, foot: None };
    if table.rows.is_empty() { String::new() } else { table.html() }
}

/// What was really done.
pub(super) fn happened(page: &Page<'_>, actual: &Actual) -> Section {
    let failed = actual.bars.iter().filter(|bar| bar.has_failed).count();
    let (done, skipped) = (counted(actual.bars.len() - failed, "step"), actual.skipped.len());
    let mut body = format!("<p>{done} done, {failed} failed, {skipped} skipped, in {}.", clock(actual.took));
    if !actual.bars.is_empty() {
        body.push_str(" The critical path is hatched and marked: each of its steps waited for the one before.");
    }
    body.push_str("</p>\n");
    if actual.is_interrupted {
        body.push_str(&interrupted(&actual.not_begun(&page.forecast.bars)));
    }
    for told in &actual.problems {
        let class = if told.is_error { "failed" } else { "rolling" };
        let about = told.address.as_ref().map(|address| format!(" {}", code(address))).unwrap_or_default();
        let kind = if told.is_error { "error" } else { "warning" };
        let _ = writeln!(
            body,
            "<details open><summary>{} {}{about}</summary><pre tabindex=\"0\">{}</pre></details>",
            tag(class, kind),
            escape(&told.summary),
            escape(&told.detail)
        );
    }
    if !actual.skipped.is_empty() {
        let rows = actual.skipped.iter().map(|(what, cause)| vec![code(what), code(cause)]).collect();
        let columns = vec!["Object", "Because this failed"];
        body.push_str(&Table { caption: "Skipped".to_owned(), columns, rows, foot: None }.html());
    }
    if !actual.bars.is_empty() {
        body.push_str(&chart(&actual.bars, actual.took));
    }
    Section { id: "happened", title: "What happened", body }
}

/// What was not begun any more.
fn interrupted(open: &[&Bar]) -> String {
    let steps = counted(open.len(), "step");
    let mut out = format!(
        "<p>{} What was under way has ended and is in the state; {steps} had not begun. The same command goes on from \
         here.</p>\n",
        tag("failed", "interrupted")
    );
    if !open.is_empty() {
        let _ = writeln!(out, "<details><summary>Not begun: {steps}</summary><ul>");
        for bar in open {
            let _ = writeln!(out, "<li>{}: {}</li>", code(&bar.address), bar.doing);
        }
        out.push_str("</ul></details>\n");
    }
    out
}

/// The module at the top that something is in; empty for the root.
fn top(planned: &Planned<'_>) -> String {
    let steps = &planned.change.address.resource.module.0;
    steps.first().map(|step| addr::ModuleInstance([step.clone()].as_slice().into()).to_string()).unwrap_or_default()
}

/// Instances of one resource, which are drawn as one.
struct Drawn<'a> {
    resource: &'a addr::AbsResource,
    top: String,
    count: usize,
    action: Action,
}

/// Who needs whom, of what changes.
pub(super) fn graph(page: &Page<'_>) -> Option<Section> {
    let planned = groups::all(page.plan);
    let (mut places, mut drawn) = (BTreeMap::new(), Vec::<Drawn<'_>>::new());
    for planned in planned.iter().filter(|planned| !planned.change.is_nothing()) {
        let resource = &planned.change.address.resource;
        let place = *places.entry(resource).or_insert_with(|| {
            drawn.push(Drawn { resource, top: top(planned), count: 0, action: planned.change.action });
            drawn.len() - 1
        });
        let own = &mut drawn[place];
        own.count += 1;
        if own.action != planned.change.action {
            own.action = Action::Update;
        }
    }
    let mut links = Vec::new();
    for planned in &planned {
        let Some(to) = places.get(&planned.change.address.resource) else { continue };
        links.extend(planned.change.needs.iter().filter_map(|need| Some((*places.get(&need.resource)?, *to))));
    }
    if drawn.is_empty() {
        return None;
    }
    let mut tops: Vec<&str> = drawn.iter().map(|drawn| drawn.top.as_str()).collect();
    tops.sort_unstable();
    tops.dedup();
    let mut body =
        "<p>What is needed stands above what needs it. Instances of one resource are one box.</p>\n".to_owned();
    if tops.len() > 1 {
        body.push_str(&overview(&tops, &drawn, &links));
    }
    for top in &tops {
        body.push_str(&module(top, &drawn, &links, tops.len() == 1));
    }
    Some(Section { id: "graph", title: "Graph", body })
}

fn top_name(top: &str) -> &str {
    if top.is_empty() { "root module" } else { top }
}

fn overview(tops: &[&str], drawn: &[Drawn<'_>], links: &[(usize, usize)]) -> String {
    let node = |top: &&str| {
        let own = || drawn.iter().filter(|drawn| drawn.top == *top);
        let count: usize = own().map(|drawn| drawn.count).sum();
        // What is only read does not count beside what is made.
        let mut classes: Vec<&str> = own().map(|drawn| mark(drawn.action).2).collect();
        if classes.iter().any(|class| *class != "read") {
            classes.retain(|class| *class != "read");
        }
        let first = classes.first().copied().unwrap_or("");
        let class = if classes.iter().all(|class| *class == first) { first } else { "change" };
        let sub = counted(count, "object");
        Node { name: top_name(top).to_owned(), title: format!("{}: {sub}", top_name(top)), sub, class }
    };
    let place = |at: usize| tops.iter().position(|top| *top == drawn[at].top).unwrap_or(0);
    let links: Vec<(usize, usize)> = links.iter().map(|(from, to)| (place(*from), place(*to))).collect();
    svg("Modules and what they need of each other", &tops.iter().map(node).collect::<Vec<_>>(), &links)
}

fn module(top: &str, drawn: &[Drawn<'_>], links: &[(usize, usize)], is_open: bool) -> String {
    let own: Vec<usize> = (0..drawn.len()).filter(|place| drawn[*place].top == top).collect();
    let node = |place: &usize| {
        let Drawn { resource, count, action, .. } = &drawn[*place];
        let (sign, word, class) = mark(*action);
        let full = resource.to_string();
        let local = &resource.resource.name;
        let times = if *count > 1 { format!(" × {count}") } else { String::new() };
        let within =
            inside(&full, top).strip_suffix(&resource.resource.to_string()).unwrap_or("").trim_end_matches('.');
        let within = if within.is_empty() { String::new() } else { format!("{within}: ") };
        Node {
            name: format!("{sign} {within}{local}{times}"),
            sub: resource.resource.kind.to_string(),
            title: format!("{full}{times}: {word}"),
            class,
        }
    };
    let nodes: Vec<Node> = own.iter().map(node).collect();
    let at = |place: &usize| own.iter().position(|known| known == place);
    let links: Vec<(usize, usize)> = links.iter().filter_map(|(from, to)| Some((at(from)?, at(to)?))).collect();
    let count: usize = own.iter().map(|place| drawn[*place].count).sum();
    let open = if is_open { " open" } else { "" };
    let objects = counted(count, "object");
    let label = format!("Objects of {} and what they need", top_name(top));
    format!(
        "<details{open}><summary>{} <span class=\"note\">{objects}</span></summary>\n<div class=\"inside\">{}</div></details>\n",
        code(top_name(top)),
        svg(&label, &nodes, &links)
    )
}

/// When what is expected to be done.
pub(super) fn timeline(page: &Page<'_>) -> Option<Section> {
    let Forecast { bars, takes, .. } = page.forecast;
    if bars.is_empty() {
        return None;
    }
    let body = format!(
        "<p>Expected by usual durations: {} in {}. The critical path is hatched and marked: were one of its steps \
         shorter, the whole would be.</p>\n{}",
        counted(bars.len(), "step"),
        escape(&about(*takes)),
        chart(bars, *takes)
    );
    Some(Section { id: "timeline", title: "Expected timeline", body })
}

/// What is paid for, cluster by cluster.
pub(super) fn cost(page: &Page<'_>) -> Option<Section> {
    let groups: Vec<&Group> = page.forecast.groups.iter().filter(|group| !group.lines.is_empty()).collect();
    if groups.is_empty() {
        return None;
    }
    let mut body = String::new();
    let row = |line: &Line| {
        let region = line.region.as_ref().map(|region| format!(" <span class=\"note\">{}</span>", escape(region)));
        let each = match &line.price {
            Ok(price) => escape(&price.to_string()),
            Err(why) => format!("unknown: {}", escape(why)),
        };
        vec![
            format!("{}{}", escape(&line.name), region.unwrap_or_default()),
            escape(&amounts(line)),
            each,
            escape(&line.cost_before.to_string()),
            escape(&line.cost_after.to_string()),
        ]
    };
    for group in groups {
        let table = Table {
            caption: group.title().to_owned(),
            columns: vec!["Item", ">How much", ">Each, per hour", ">Per hour now", ">Then"],
            rows: cost::told(&group.lines).iter().map(row).collect(),
            foot: Some(vec![
                "In all".to_owned(),
                String::new(),
                String::new(),
                escape(&group.before.to_string()),
                escape(&group.after.to_string()),
            ]),
        };
        body.push_str(&table.html());
    }
    let about = "List prices without tax and discounts; what is moved and asked is not in them. Prices of spot machines change all the \
                 time: what stands here is a usual share of the list price. Of pools that grow, the smallest and the largest size count.";
    let _ = writeln!(body, "<p class=\"note\">{about}</p>");
    Some(Section { id: "cost", title: "Cost", body })
}

/// Each change with its values before and after.
pub(super) fn changes(page: &Page<'_>) -> Section {
    let mut body = String::new();
    if page.changes.is_empty() {
        body.push_str("<p>Nothing happens to any object.</p>\n");
    }
    let open = if page.changes.len() <= OPEN_MAX { " open" } else { "" };
    for Shown { address, action, text } in &page.changes {
        let outside = ("!", "changed outside", "read");
        let (sign, word, class) = action.map_or(outside, mark);
        let _ = writeln!(
            body,
            "<details{open}><summary>{} {}</summary><pre tabindex=\"0\">{}</pre></details>",
            tag(class, &format!("{sign} {word}")),
            code(address),
            coloured(text)
        );
    }
    if !page.outputs.trim().is_empty() {
        let _ = writeln!(
            body,
            "<details open><summary>Outputs</summary><pre tabindex=\"0\">{}</pre></details>",
            coloured(page.outputs.trim_start_matches('\n'))
        );
    }
    Section { id: "changes", title: "Changes", body }
}

/// Returns the text of a change with its lines in their colours.
fn coloured(text: &str) -> String {
    let mut out = String::new();
    for line in text.trim_end().lines() {
        let rest = line.trim_start();
        let class = match rest.split(' ').next().unwrap_or("") {
            "+" => "add",
            "-" => "remove",
            "~" => "change",
            "-/+" | "+/-" => "change",
            "#" => "head",
            _ => "",
        };
        let line = escape(line);
        let _ = match class {
            "" => writeln!(out, "{line}"),
            class => writeln!(out, "<span class=\"{class}\">{line}</span>"),
        };
    }
    out
}

/// Where the figures are from.
pub(super) fn footer(page: &Page<'_>) -> String {
    let mut out = String::new();
    for (date, source) in page.forecast.sources.iter().filter(|_| has_prices(page)) {
        let _ = writeln!(out, "<p>Prices of {}: {}.</p>", escape(date), escape(source));
    }
    out.push_str("<p>Expected durations are usual ones. Sensitive values are not in this page.</p>\n");
    out
}
