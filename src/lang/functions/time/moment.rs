//! Moments: reading and writing RFC 3339, and the calendar.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

const SECONDS_PER_DAY: i64 = 86_400;
const NANOSECONDS_PER_SECOND: i128 = 1_000_000_000;

/// A moment together with the offset from UTC that it is written in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Seconds since 1970 in UTC.
    seconds: i64,
    nanoseconds: u32,
    /// Seconds east of Greenwich.
    offset: i32,
}

/// A moment as a calendar and a clock at its offset show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: u32,
    /// From 1.
    pub(super) day: u32,
    pub(super) hour: u32,
    pub(super) minute: u32,
    pub(super) second: u32,
    /// From 0, Sunday.
    pub(super) weekday: u32,
}

impl Moment {
    /// Makes a moment in UTC.
    pub(super) fn since_1970(duration: Duration) -> Moment {
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Moment { seconds, nanoseconds: duration.subsec_nanos(), offset: 0 }
    }

    /// Reads a moment by the letter of RFC 3339.
    pub(super) fn parse_strict(text: &str) -> Result<Moment, String> {
        Reader { rest: text, strict: true }.moment()
    }

    /// Reads a moment, tolerating an hour of one digit, a comma before the fraction of a second, and an offset of 24
    /// hours or 60 minutes.
    pub(super) fn parse(text: &str) -> Result<Moment, String> {
        Reader { rest: text, strict: false }.moment()
    }

    /// Returns the moment so many nanoseconds later.
    pub(super) fn plus(self, nanoseconds: i64) -> Moment {
        let total =
            i128::from(self.seconds) * NANOSECONDS_PER_SECOND + i128::from(self.nanoseconds) + i128::from(nanoseconds);
        let seconds = total.div_euclid(NANOSECONDS_PER_SECOND) as i64;
        Moment { seconds, nanoseconds: total.rem_euclid(NANOSECONDS_PER_SECOND) as u32, offset: self.offset }
    }

    /// Returns what calendar and clock show.
    pub(super) fn fields(&self) -> Fields {
        let local = self.seconds.saturating_add(i64::from(self.offset));
        let (days, second) = (local.div_euclid(SECONDS_PER_DAY), local.rem_euclid(SECONDS_PER_DAY) as u32);
        let (year, month, day) = date_of(days);
        Fields {
            year,
            month,
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            // 1970 began on a Thursday.
            weekday: (days + 4).rem_euclid(7) as u32,
        }
    }

    /// Writes the offset: `+hh` and `mm` with this between; whole minutes.
    pub(super) fn offset_text(&self, separator: &str) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.abs() / 60;
        format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
    }

    /// Tells whether the offset is zero.
    pub(super) fn is_utc(&self) -> bool {
        self.offset == 0
    }
}

/// Writes RFC 3339 without fractions of seconds.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fields { year, month, day, hour, minute, second, .. } = self.fields();
        let sign = if year < 0 { "-" } else { "" };
        write!(f, "{sign}{:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", year.abs())?;
        if self.is_utc() { f.write_str("Z") } else { f.write_str(&self.offset_text(":")) }
    }
}

/// Moments are ordered in time; offsets do not matter.
impl Ord for Moment {
    fn cmp(&self, other: &Moment) -> Ordering {
        (self.seconds, self.nanoseconds).cmp(&(other.seconds, other.nanoseconds))
    }
}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Moment) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Moment) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Moment {}

/// Returns the days from 1970-01-01 to a date.
fn days_to(year: i64, month: u32, day: u32) -> i64 {
    // Years are counted from March, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Returns the date that is so many days after 1970-01-01.
fn date_of(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

fn days_in(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Reader<'a> {
    rest: &'a str,
    strict: bool,
}

impl Reader<'_> {
    fn moment(mut self) -> Result<Moment, String> {
        let year = i64::from(self.digits("year", 4)?);
        self.literal('-', "the year")?;
        let month = self.number("month", 1, 12)?;
        self.literal('-', "the month")?;
        let day = self.digits("day", 2)?;
        self.literal('T', "the day")?;
        let hour = self.hour()?;
        self.literal(':', "the hour")?;
        let minute = self.number("minute", 0, 59)?;
        self.literal(':', "the minute")?;
        let second = self.number("second", 0, 59)?;
        let nanoseconds = self.fraction();
        let offset = self.offset()?;
        if !self.rest.is_empty() {
            return Err(format!("{:?} is too much at the end", self.rest));
        }
        if !(1..=days_in(year, month)).contains(&day) {
            return Err(format!("the day must be from 1 to {}, not {day}", days_in(year, month)));
        }
        let seconds = days_to(year, month, day) * SECONDS_PER_DAY + i64::from(hour * 3600 + minute * 60 + second)
            - i64::from(offset);
        Ok(Moment { seconds, nanoseconds, offset })
    }

    fn digits(&mut self, what: &str, count: usize) -> Result<u32, String> {
        let found = self.rest.bytes().take(count).take_while(u8::is_ascii_digit).count();
        if found < count {
            return Err(match self.rest.chars().next() {
                None => format!("it ends before the {what}"),
                Some(_) => format!("the {what} must have {count} digits"),
            });
        }
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(digits.bytes().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
    }

    fn number(&mut self, what: &str, least: u32, greatest: u32) -> Result<u32, String> {
        let value = self.digits(what, 2)?;
        if (least..=greatest).contains(&value) {
            return Ok(value);
        }
        Err(format!("the {what} must be from {least} to {greatest}, not {value}"))
    }

    fn hour(&mut self) -> Result<u32, String> {
        let short = matches!(self.rest.as_bytes(), [b'0'..=b'9', next, ..] if !next.is_ascii_digit());
        if short && !self.strict {
            return self.digits("hour", 1);
        }
        self.number("hour", 0, 23)
    }

    fn literal(&mut self, wanted: char, before: &str) -> Result<(), String> {
        self.rest = match self.rest.strip_prefix(wanted) {
            Some(rest) => rest,
            None if self.rest.is_empty() => return Err(format!("it ends where {wanted:?} is expected")),
            None => return Err(format!("{wanted:?} is expected after {before}, not {:?}", self.rest)),
        };
        Ok(())
    }

    /// Takes a fraction of a second, if there is one; digits beyond nanoseconds are dropped.
    fn fraction(&mut self) -> u32 {
        let Some(rest) = self.rest.strip_prefix(|c| c == '.' || (c == ',' && !self.strict)) else { return 0 };
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return 0;
        }
        let digits = rest.as_bytes()[..count].iter().chain(std::iter::repeat(&b'0')).take(9);
        let nanoseconds = digits.fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
        self.rest = &rest[count..];
        nanoseconds
    }

    fn offset(&mut self) -> Result<i32, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(0);
        }
        let sign = match self.rest.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return Err(format!("\"Z\" or an offset such as \"+01:00\" is expected, not {:?}", self.rest)),
            None => return Err("it ends before the offset from UTC".into()),
        };
        self.rest = &self.rest[1..];
        let tolerated = u32::from(!self.strict);
        let hours = self.number("offset's hour", 0, 23 + tolerated)?;
        self.literal(':', "the offset's hour")?;
        let minutes = self.number("offset's minute", 0, 59 + tolerated)?;
        Ok(sign * (hours * 3600 + minutes * 60) as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, date_of, days_to};

    #[track_caller]
    fn check(text: &str, strict: Result<&str, &str>, lenient: bool) {
        match (Moment::parse_strict(text), strict) {
            (Ok(found), Ok(wanted)) => assert_eq!(found.to_string(), wanted),
            (Err(found), Err(wanted)) => assert!(found.contains(wanted), "{text}: {found}"),
            (found, wanted) => panic!("{text}: {found:?}, not {wanted:?}"),
        }
        assert_eq!(Moment::parse(text).is_ok(), lenient, "{text}");
    }

    #[test]
    fn a_moment_comes_back_without_its_fraction() {
        check("2017-11-22T01:02:03Z", Ok("2017-11-22T01:02:03Z"), true);
        check("2017-11-22T01:02:03.999999999999-08:30", Ok("2017-11-22T01:02:03-08:30"), true);
        check("0000-02-29T00:00:00+00:00", Ok("0000-02-29T00:00:00Z"), true);
    }

    #[test]
    fn liberties_are_taken_only_where_tolerated() {
        check("2017-11-22T1:02:03Z", Err("hour must have 2 digits"), true);
        check("2017-11-22T01:02:03,5Z", Err(r#"not ",5Z""#), true);
        check("2017-11-22T01:02:03+24:00", Err("from 0 to 23"), true);
        check("2017-11-22T01:02:03+23:60", Err("from 0 to 59"), true);
        check("2017-11-22T01:02:03+25:00", Err("from 0 to 23"), false);
    }

    #[test]
    fn faults_are_named() {
        check("", Err("ends before the year"), false);
        check("2017", Err("ends where '-'"), false);
        check("2017-13-01T00:00:00Z", Err("month must be from 1 to 12, not 13"), false);
        check("1900-02-29T00:00:00Z", Err("day must be from 1 to 28, not 29"), false);
        check("2017-11-22 01:02:03Z", Err("'T' is expected after the day"), false);
        check("2017-11-22t01:02:03z", Err("'T' is expected"), false);
        check("2017-11-22T24:00:00Z", Err("hour must be from 0 to 23"), false);
        check("2017-11-22T01:02:60Z", Err("second must be from 0 to 59"), false);
        check("2017-11-22T01:02:03.Z", Err(r#"not ".Z""#), false);
        check("2017-11-22T01:02:03", Err("ends before the offset"), false);
        check("2017-11-22T01:02:03ZZ", Err("too much"), false);
        check("２017-11-22T01:02:03Z", Err("year must have 4 digits"), false);
    }

    #[test]
    fn dates_and_days_are_inverse() {
        for days in (-1_000_000..4_000_000).step_by(97) {
            let (year, month, day) = date_of(days);
            assert_eq!(days_to(year, month, day), days);
        }
        assert_eq!(date_of(0), (1970, 1, 1));
    }
}
