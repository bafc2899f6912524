//! Schedules of CronJobs: five fields, or a word such as `@hourly`.

use std::time::Duration;

use crate::clock::rfc3339;

/// Minutes that are looked ahead: a bit more than eight years, the longest wait for a 29th of February.
const MINUTES_MAX: u64 = 8 * 366 * 24 * 60;

/// A schedule.
#[derive(Debug, PartialEq)]
pub struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// A day has to fit both, if one of them takes all days.
    is_any_day: bool,
}

impl Schedule {
    /// Reads a schedule.
    pub fn parse(text: &str) -> Option<Schedule> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else { return None };
        let month_names =
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"].as_slice();
        let day_names = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"].as_slice();
        let mut on = field(weekdays, (0, 7), day_names, 0)?;
        // Sunday is 0 and 7.
        on |= on >> 7 & 1;
        Some(Schedule {
            minutes: field(minutes, (0, 59), &[], 0)?,
            hours: field(hours, (0, 23), &[], 0)?,
            days: field(days, (1, 31), &[], 0)?,
            months: field(months, (1, 12), month_names, 1)?,
            weekdays: on,
            is_any_day: days.starts_with(['*', '?']) || weekdays.starts_with(['*', '?']),
        })
    }

    /// Returns the first time after another, in seconds since 1970.
    pub fn next(&self, after: u64) -> Option<u64> {
        let mut minute = after / 60 + 1;
        let end = minute + MINUTES_MAX;
        while minute < end {
            let date = rfc3339(Duration::from_secs(minute * 60));
            let part = |range: std::ops::Range<usize>| date.get(range).and_then(|text| text.parse::<u64>().ok());
            let (month, day) = (part(5..7)?, part(8..10)?);
            let weekday = (minute / 1440 + 4) % 7;
            let has = |set: u64, at: u64| set >> at & 1 == 1;
            let (by_day, by_weekday) = (has(self.days, day), has(self.weekdays, weekday));
            let is_day = if self.is_any_day { by_day && by_weekday } else { by_day || by_weekday };
            if !is_day || !has(self.months, month) {
                minute = (minute / 1440 + 1) * 1440;
                continue;
            }
            if !has(self.hours, minute / 60 % 24) {
                minute = (minute / 60 + 1) * 60;
                continue;
            }
            if has(self.minutes, minute % 60) {
                return Some(minute * 60);
            }
            minute += 1;
        }
        None
    }
}

/// Reads a field into a set of bits.
fn field(text: &str, (least, most): (u64, u64), names: &[&str], first: u64) -> Option<u64> {
    let value = |word: &str| {
        let name = names.iter().position(|name| word.eq_ignore_ascii_case(name));
        let value = name.map_or_else(|| word.parse().ok(), |place| Some(place as u64 + first))?;
        (least..=most).contains(&value).then_some(value)
    };
    let mut set = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u64>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => (least, most),
            Some((from, to)) => (value(from)?, value(to)?),
            None if part.contains('/') => (value(range)?, most),
            None => (value(range)?, value(range)?),
        };
        if from > to {
            return None;
        }
        (from..=to).step_by(usize::try_from(step).ok()?).for_each(|at| set |= 1 << at);
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Schedule;
    use crate::clock::rfc3339;

    /// 2026-11-21T16:30:05Z, a Saturday.
    const NOW: u64 = 1_795_278_605;

    fn check(text: &str, expected: &str) {
        let next = Schedule::parse(text).and_then(|schedule| schedule.next(NOW));
        assert_eq!(next.map(|next| rfc3339(Duration::from_secs(next))).as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn finds_the_next_time() {
        check("* * * * *", "2026-11-21T16:31:00Z");
        check("*/5 * * * *", "2026-11-21T16:35:00Z");
        check("0 3 * * *", "2026-11-22T03:00:00Z");
        check("0 0 * * MON-FRI", "2026-11-23T00:00:00Z");
        check("15 10 1 * 1", "2026-11-23T10:15:00Z");
        check("0 0 29 2 *", "2028-02-29T00:00:00Z");
        check("@monthly", "2026-12-01T00:00:00Z");
        check("0 12 * * 7", "2026-11-22T12:00:00Z");
    }

    #[test]
    fn nonsense_is_no_schedule() {
        for text in ["", "* * * *", "60 * * * *", "* * 0 * *", "a * * * *", "5-1 * * * *", "*/0 * * * *"] {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
    }
}
