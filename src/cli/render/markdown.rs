//! A plan as Markdown: for a comment on a pull request, or the summary of a run in CI.
//!
//! What people or clouds have written stands in code, where nothing of it means anything: no mention, no link, no HTML.
//! Values are in the folded plan alone, where secrets are hidden as they are on a terminal.

use std::fmt::Write;

use plan::{Action, Change, Drift, OutputChange, Plan};
use report::Tables;
use state::CheckStatus;
use value::Value;

use super::counted;
use super::plan::{Palette, Schemas, shown_address, text as plan_text};

/// What a comment on GitHub has room for, in characters; GitLab's takes more.
pub(crate) const LENGTH_MAX: usize = 65_536;
/// What is kept free for headings of tables, and for the sentences that tell what was left out.
const RESERVE: usize = 1_000;
/// So much of the room is for the table, where there are details as well.
const TABLE_SHARE: usize = 2;
/// So much of the room is for each of the smaller parts: the checks that warn, the outlook, what makes it up.
const PART_SHARE: usize = 8;
/// Attributes that are named in a line of the table.
const NAMES_MAX: usize = 6;
/// Of a table with more lines those are folded away that touch nothing of what there is.
const LINES_OPEN_MAX: usize = 20;
/// From this rank on nothing of what there is is touched.
const HARMLESS: u8 = 7;

/// Returns a plan as Markdown of at most so many characters; `file` is where the plan is.
pub(crate) fn text(
    plan: &Plan,
    schemas: &dyn Schemas,
    outlook: Option<&Tables>,
    file: &str,
    length_max: usize,
) -> String {
    let room = length_max.saturating_sub(RESERVE);
    let mut out = heading(plan);
    out.push_str(&failed_checks(plan, room / PART_SHARE));
    out.push_str(&outlook.map(|tables| foreseen(tables, room / PART_SHARE)).unwrap_or_default());
    let details = plan_text(plan, schemas, Palette::PLAIN);
    let for_table = room.saturating_sub(length(&out));
    let whole = length(&details) + length(&out);
    let for_table = if whole > room / TABLE_SHARE { for_table / TABLE_SHARE } else { for_table };
    out.push_str(&changes(plan, for_table));
    if plan.is_empty() && !plan.drift.iter().any(|drift| drift.is_told) {
        return out;
    }
    let left = room.saturating_sub(length(&out));
    out.push_str(&whole_plan(&details, left, length_max, file));
    out
}

/// Counts characters as GitHub does.
fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn heading(plan: &Plan) -> String {
    let extent = report::extent(plan);
    let what = if plan.is_refresh_only { "state" } else { "configuration" };
    let rest = if plan.is_empty() { format!("\nWhat there is matches the {what}.\n") } else { String::new() };
    format!("### Gantry: {extent}\n{rest}")
}

/// Writes what the configuration's checks warn of.
fn failed_checks(plan: &Plan, room: usize) -> String {
    let mut lines = String::new();
    let mut count = 0;
    for check in plan.checks.iter().filter(|check| check.status == CheckStatus::Fail) {
        for object in check.objects.iter().flatten() {
            for failure in &object.failures {
                count += 1;
                let _ = writeln!(lines, "{}: {failure}", object.address);
            }
        }
    }
    if count == 0 {
        return String::new();
    }
    let (lines, left_out) = cut(&lines, room);
    let more = if left_out > 0 { format!("\nLeft out: {}.\n", counted(left_out, "more line")) } else { String::new() };
    let what = if count == 1 { "1 check warns".to_owned() } else { format!("{count} checks warn") };
    format!("\n⚠️ {what}:\n\n{}{more}", fenced(lines))
}

/// Writes what the plan is like for people: an overview, and what makes it up.
fn foreseen(tables: &Tables, room: usize) -> String {
    let overview = tables.overview.iter().map(|[name, rest @ ..]| [cell(name), rest.join(" | ")]);
    let mut out = format!("\n{}.\n", tables.title);
    out.push_str(&table(&report::COLUMNS, overview, room));
    let mut details = String::new();
    for made_up in &tables.details {
        let room = room.saturating_sub(length(&details));
        let _ = write!(details, "\n{}\n", cell(&made_up.name));
        let steps = made_up
            .steps
            .iter()
            .map(|[address, title, takes, disruption]| [said(address), said(title), takes.clone(), disruption.clone()]);
        details.push_str(&table(&["Object", "Step", "Time", "Disruption"], steps, room));
        let paid = made_up.paid.iter().map(|[item, amount, cost]| [said(item), amount.clone(), cost.clone()]);
        details.push_str(&table(&["Paid for", "How much", "Cost per hour"], paid, room));
    }
    out.push_str(&folded("Steps and costs", &details));
    out
}

/// A line of the table.
struct Row {
    /// What is worse stands further up.
    rank: u8,
    word: &'static str,
    address: String,
    what: String,
}

fn changes(plan: &Plan, room: usize) -> String {
    let changes = plan.changes.iter().filter(|change| !change.is_nothing());
    let mut rows: Vec<Row> = changes.map(|change| row(change, shown_address(change), "")).collect();
    rows.extend(
        plan.deferred
            .iter()
            .filter(|deferred| deferred.change.action != Action::NoOp)
            .map(|deferred| row(&deferred.change, deferred.pattern.to_string(), "later in the same apply")),
    );
    rows.extend(plan.drift.iter().filter(|drift| drift.is_told).map(drifted));
    rows.extend(plan.outputs.iter().filter(|output| !output.is_same()).map(output));
    rows.sort_by_key(|row| row.rank);
    let is_long = rows.len() > LINES_OPEN_MAX;
    let (quiet, open): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| is_long && row.rank >= HARMLESS);
    let columns = ["Action", "Object", "Details"];
    let line = |row: Row| [row.word.to_owned(), cell(&row.address), row.what];
    let mut out = table(&columns, open.into_iter().map(line), room);
    let summary = format!("{} lines of what is only created or read", quiet.len());
    let left = room.saturating_sub(length(&out));
    out.push_str(&folded(&summary, &table(&columns, quiet.into_iter().map(line), left)));
    out
}

/// Writes the first lines of a table that there is room for, and how many are left out; nothing if there are none.
fn table<const CELLS: usize>(
    columns: &[&str],
    rows: impl ExactSizeIterator<Item = [String; CELLS]>,
    room: usize,
) -> String {
    let count = rows.len();
    if count == 0 {
        return String::new();
    }
    let mut out = format!("\n| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
    let mut used = length(&out);
    for (index, row) in rows.enumerate() {
        let line = format!("| {} |\n", row.join(" | "));
        used += length(&line);
        if used > room {
            let _ =
                writeln!(out, "\nLeft out: {} of the table. There is no room.", counted(count - index, "more line"));
            break;
        }
        out.push_str(&line);
    }
    out
}

fn row(change: &Change, address: String, remark: &str) -> Row {
    let (rank, word) = match change.action {
        Action::Delete => (0, "**destroy**"),
        Action::DeleteThenCreate | Action::CreateThenDelete => (1, "**replace**"),
        Action::Forget => (2, "forget"),
        Action::Update => (3, "change"),
        Action::NoOp => (4, "import"),
        Action::Create => (HARMLESS, "create"),
        Action::Read => (HARMLESS + 1, "read"),
    };
    let mut parts = Vec::new();
    if change.action == Action::Update || matches!(word, "**replace**") {
        let names = changed(&change.before, &change.after);
        parts.extend((!names.is_empty()).then(|| listed(&names)));
    }
    let forcing: Vec<String> =
        change.replaces.iter().map(|path| path.to_string().trim_start_matches('.').into()).collect();
    if !forcing.is_empty() {
        parts.push(format!("because of {}", listed(&forcing)));
    }
    if change.importing.is_some() && change.action != Action::NoOp {
        parts.push("imported".to_owned());
    }
    let disruption = change.outlook.as_ref().map(|outlook| outlook.disruption).unwrap_or_default();
    if disruption != sdk::Disruption::None {
        parts.push(format!("disruption: **{}**", report::word(disruption)));
    }
    if !remark.is_empty() {
        parts.push(remark.to_owned());
    }
    Row { rank, word, address, what: parts.join("; ") }
}

fn drifted(drift: &Drift) -> Row {
    let is_gone = drift.after.is_null();
    let what = if is_gone {
        "deleted outside of Gantry".to_owned()
    } else {
        format!("changed outside of Gantry: {}", listed(&changed(&drift.before, &drift.after)))
    };
    Row { rank: 5, word: "note", address: drift.address.to_string(), what }
}

fn output(output: &OutputChange) -> Row {
    let is_set = |value: &Option<Value>| value.as_ref().is_some_and(|value| !value.is_null());
    let (rank, what) = match (is_set(&output.before), is_set(&output.after)) {
        (false, _) => (HARMLESS + 2, "new output"),
        (_, false) => (6, "output goes"),
        _ => (6, "output changes"),
    };
    Row { rank, word: "note", address: format!("output.{}", output.name), what: what.to_owned() }
}

/// Returns the names of the attributes that differ; values are not for a table.
fn changed(before: &Value, after: &Value) -> Vec<String> {
    let (before, after) = (before.clone().unmark_deep().0, after.clone().unmark_deep().0);
    let (old, new) = (before.as_entries().unwrap_or_default(), after.as_entries().unwrap_or_default());
    let of_old = |name: &str| old.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let differs = |(name, value): &&(&ecow::EcoString, &Value)| of_old(name) != Some(*value);
    let (known, open): (Vec<_>, Vec<_>) = new.iter().filter(differs).partition(|(_, value)| value.is_known());
    // What comes from the cloud anew with every change says nothing, where something else does.
    let told = if known.is_empty() { open } else { known };
    told.into_iter().map(|(name, _)| name.to_string()).collect()
}

fn listed(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMES_MAX).map(|name| cell(name)).collect();
    if names.len() > NAMES_MAX {
        shown.push(format!("{} more", names.len() - NAMES_MAX));
    }
    shown.join(", ")
}

/// Writes a text as code in a cell of a table.
fn cell(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let fence = "`".repeat(longest_run(&plain) + 1);
    // A space on either side keeps backticks of the text apart from those around it.
    let gap = if plain.starts_with('`') || plain.ends_with('`') { " " } else { "" };
    format!("{fence}{gap}{}{gap}{fence}", plain.replace('|', "\\|"))
}

/// Writes a text of someone else as code, if there is one.
fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { cell(text) }
}

/// Writes a text as a block of code, whatever is in it.
fn fenced(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// Returns how many backticks stand in a row, at most.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Writes something so that it is seen when it is asked for.
fn folded(summary: &str, body: &str) -> String {
    match body {
        "" => String::new(),
        body => format!("\n<details><summary>{summary}</summary>\n{body}\n</details>\n"),
    }
}

fn whole_plan(details: &str, room: usize, length_max: usize, file: &str) -> String {
    let (shown, left_out) = cut(details, room);
    let note = match left_out {
        0 => String::new(),
        count => format!(
            "\nLeft out: {} of the plan. A comment has room for {length_max} characters; all of it is shown by {}.\n",
            counted(count, "more line"),
            cell(&format!("gantry show {file}"))
        ),
    };
    if shown.trim().is_empty() {
        return note;
    }
    folded("The whole plan", &format!("\n{}", fenced(shown))) + &note
}

/// Returns the first lines of a text that there is room for, and how many are left out.
fn cut(text: &str, room: usize) -> (&str, usize) {
    let mut used = 0;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        used += length(line);
        if used > room {
            return (&text[..end], text[end..].lines().count());
        }
        end += line.len();
    }
    (text, 0)
}

#[cfg(test)]
mod tests {
    use super::{LENGTH_MAX, cell, cut, fenced, foreseen, length, table};
    use report::{Details, Tables};

    #[test]
    fn what_is_in_a_cell_stays_in_it() {
        for (text, expected) in [
            ("a.b", "`a.b`"),
            ("a.b[\"x|y\"]", "`a.b[\"x\\|y\"]`"),
            ("a`b", "``a`b``"),
            ("`a", "`` `a ``"),
            ("two\nlines", "`two lines`"),
            ("@team <b>", "`@team <b>`"),
        ] {
            assert_eq!(cell(text), expected, "{text}");
        }
    }

    #[test]
    fn a_block_ends_where_its_text_ends() {
        assert_eq!(fenced("a\n"), "```text\na\n```\n");
        assert_eq!(fenced("a\n````\nb"), "`````text\na\n````\nb\n`````\n");
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        assert_eq!(cut("a\nb\nc\n", 4), ("a\nb\n", 1));
        assert_eq!(cut("a\nb\nc\n", 100), ("a\nb\nc\n", 0));
        assert_eq!(cut("long line\n", 4), ("", 1));
        assert_eq!(length("a😀"), 3);
        assert_eq!(LENGTH_MAX, 65_536);
    }

    #[test]
    fn a_table_that_is_too_long_says_so() {
        let rows = || [["`a`".to_owned(), "1".to_owned()], ["`b`".to_owned(), "2".to_owned()]].into_iter();
        let check = |room: usize, expected: &str| assert_eq!(table(&["", "n"], rows(), room), expected);
        check(100, "\n|  | n |\n|---|---|\n| `a` | 1 |\n| `b` | 2 |\n");
        let left_out = "Left out: 1 more line of the table. There is no room.";
        check(35, &format!("\n|  | n |\n|---|---|\n| `a` | 1 |\n\n{left_out}\n"));
        assert_eq!(table(&["", "n"], rows().skip(2), 100), "");
    }

    #[test]
    fn what_a_plan_is_like_is_an_overview_with_the_rest_folded() {
        let row = |cells: [&str; 5]| cells.map(str::to_owned);
        let steps = vec![["t_cluster.x", "1.35 -> @team", "~9 min", "rolling"].map(str::to_owned)];
        let paid = vec![["m7i.large", "2 -> 4", "$0.20 -> $0.40"].map(str::to_owned)];
        let mut tables = Tables {
            title: "Outlook".to_owned(),
            overview: vec![row(["cluster.lake", "rolling", "~9 min", "$0.20", "$0.40"])],
            details: vec![Details { name: "cluster.lake".to_owned(), steps, paid }],
        };
        let overview = "\nOutlook.\n\n|  | Disruption | Time | Cost per hour now | then |\n|---|---|---|---|---|\n\
                        | `cluster.lake` | rolling | ~9 min | $0.20 | $0.40 |\n";
        let folded = "\n<details><summary>Steps and costs</summary>\n\n`cluster.lake`\n\n\
                      | Object | Step | Time | Disruption |\n|---|---|---|---|\n\
                      | `t_cluster.x` | `1.35 -> @team` | ~9 min | rolling |\n\n\
                      | Paid for | How much | Cost per hour |\n|---|---|---|\n| `m7i.large` | 2 -> 4 | $0.20 -> $0.40 |\n\n\
                      </details>\n";
        assert_eq!(foreseen(&tables, 1_000), format!("{overview}{folded}"));
        tables.details.clear();
        assert_eq!(foreseen(&tables, 1_000), overview);
    }
}
