//! Steps as bars over time.

use std::fmt::Write;
use std::time::Duration;

use super::html::{code, counted};
use crate::forecast::Bar;

/// So many bars are shown at once; the shortest others are folded away.
const BARS_MAX: usize = 40;
/// So many marks of time there are at most.
const TICKS_MAX: u64 = 5;
/// Marks of time end there, so that the last one has room.
const TICKS_END: f64 = 0.8;
/// Where there are more steps than this, those that take next to no time are folded away, too.
const FEW: usize = 12;
/// Next to no time, as a share of the whole.
const BRIEF: u32 = 100;
/// Of durations below this tenths of seconds are shown.
const EXACT: Duration = Duration::from_secs(10);
/// Distances between marks of time, in seconds.
const TICKS: &[u64] = &[1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/// Draws bars; the longest and the critical ones first where there are many.
pub(super) fn chart(bars: &[Bar], whole: Duration) -> String {
    let whole = whole.max(Duration::from_millis(1));
    let mut ranked: Vec<usize> = (0..bars.len()).collect();
    ranked.sort_by_key(|place| {
        let bar = &bars[*place];
        (!bar.has_failed, !bar.is_critical, std::cmp::Reverse(bar.end.saturating_sub(bar.start)), *place)
    });
    let is_brief = |place: &usize| {
        let bar = &bars[*place];
        !bar.has_failed && !bar.is_critical && bar.end.saturating_sub(bar.start) < whole / BRIEF
    };
    let many = ranked.iter().take(BARS_MAX).take_while(|place| bars.len() <= FEW || !is_brief(place)).count();
    let mut folded = ranked.split_off(many);
    let mut shown = ranked;
    shown.sort_unstable();
    folded.sort_unstable();
    let mut out = list(shown.iter().map(|place| &bars[*place]), whole);
    if !folded.is_empty() {
        let steps = counted(folded.len(), "shorter step");
        let _ = writeln!(out, "<details><summary>{steps}</summary><div class=\"inside\">");
        out.push_str(&list(folded.iter().map(|place| &bars[*place]), whole));
        out.push_str("</div></details>\n");
    }
    out
}

fn list<'a>(bars: impl Iterator<Item = &'a Bar>, whole: Duration) -> String {
    let mut out = format!(
        "<ol class=\"gantt\">\n<li class=\"axis\" aria-hidden=\"true\"><span class=\"what\"></span><span class=\"ticks\">{}</span></li>\n",
        ticks(whole)
    );
    for bar in bars {
        let Bar { address, doing, start, end, is_critical, has_failed } = bar;
        let class = match (has_failed, is_critical) {
            (true, _) => " class=\"failed\"",
            (false, true) => " class=\"hot\"",
            (false, false) => "",
        };
        let mut tags = String::new();
        for (is_so, class, word) in [(*has_failed, "failed", "failed"), (*is_critical, "critical", "critical")] {
            if is_so {
                let _ = write!(tags, " <span class=\"tag {class}\">{word}</span>");
            }
        }
        let percent = |duration: Duration| 100.0 * duration.as_secs_f64() / whole.as_secs_f64();
        let (left, width) = (percent(*start), percent(end.saturating_sub(*start)));
        let when = format!("{doing}, {} from {}", clock(end.saturating_sub(*start)), clock(*start));
        let _ = writeln!(
            out,
            "<li{class}><span class=\"what\">{}{tags} <span class=\"when\">{when}</span></span><span class=\"track\" \
             aria-hidden=\"true\"><i style=\"left:{left:.2}%;width:{width:.2}%\"></i></span></li>",
            code(address)
        );
    }
    out.push_str("</ol>\n");
    out
}

fn ticks(whole: Duration) -> String {
    let seconds = whole.as_secs().max(1);
    let step = TICKS.iter().copied().find(|step| seconds / step < TICKS_MAX).unwrap_or(seconds.div_ceil(TICKS_MAX));
    let mut out = String::new();
    let mut at = 0;
    while at == 0 || (at as f64) < TICKS_END * whole.as_secs_f64() {
        let left = 100.0 * at as f64 / whole.as_secs_f64();
        let _ = write!(out, "<b style=\"left:{left:.2}%\">{}</b>", clock(Duration::from_secs(at)));
        at += step;
    }
    let _ = write!(out, "<b>{}</b>", clock(whole));
    out
}

/// Returns a duration as `0.4 s`, `45 s`, `3:05 min`, `1:02:00 h`.
pub(super) fn clock(duration: Duration) -> String {
    if duration < EXACT && duration.subsec_millis() > 0 {
        // What is there is not nothing.
        return format!("{:.1} s", duration.as_secs_f64().max(0.1));
    }
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes}:{seconds:02} min"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::{chart, clock};
    use crate::forecast::Bar;
    use std::time::Duration;

    #[test]
    fn times_are_read_at_a_glance() {
        let check = |milliseconds, shown: &str| assert_eq!(clock(Duration::from_millis(milliseconds)), shown);
        check(0, "0 s");
        check(4, "0.1 s");
        check(1_000, "1 s");
        check(2_460, "2.5 s");
        check(45_900, "45 s");
        check(185_000, "3:05 min");
        check(3_720_000, "1:02:00 h");
    }

    #[test]
    fn of_many_steps_the_short_ones_are_folded_away() {
        let bar = |at: u64| Bar {
            address: format!("a.b[{at}]"),
            doing: "create",
            start: Duration::ZERO,
            end: Duration::from_secs(if at == 99 { 600 } else { 1 }),
            is_critical: at == 99,
            has_failed: false,
        };
        let bars: Vec<Bar> = (0..100).map(bar).collect();
        let drawn = chart(&bars, Duration::from_secs(600));
        let (shown, folded) = drawn.split_once("<details>").expect("some are folded");
        assert!(shown.contains("[99]") && shown.contains("critical") && folded.contains("99 shorter steps"));
        assert_eq!(drawn.matches("<code>").count(), 100);
    }
}
