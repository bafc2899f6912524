//! The formats of `formatdate`: runs of letters stand for parts of a moment.

use super::moment::{Fields, Moment};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Writes a moment by a format, or says what is wrong with the format.
pub(super) fn write(format: &str, moment: &Moment) -> Result<String, String> {
    let fields = moment.fields();
    let mut written = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            rest = quoted(rest, &mut written)?;
        } else if first.is_ascii_alphabetic() {
            let length = rest.bytes().take_while(|b| *b == first as u8).count();
            written.push_str(&part(&rest[..length], moment, &fields)?);
            rest = &rest[length..];
        } else {
            let length = rest.find(|c: char| c == '\'' || c.is_ascii_alphabetic()).unwrap_or(rest.len());
            written.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    Ok(written)
}

/// Writes text in single quotes, or one quote for two without anything between; returns what comes after it.
fn quoted<'a>(text: &'a str, written: &mut String) -> Result<&'a str, String> {
    if let Some(rest) = text.strip_prefix("''") {
        written.push('\'');
        return Ok(rest);
    }
    let mut at = 1;
    while let Some(length) = text[at..].find('\'') {
        written.push_str(&text[at..at + length]);
        at += length + 1;
        if !text[at..].starts_with('\'') {
            return Ok(&text[at..]);
        }
        written.push('\'');
        at += 1;
        if at == text.len() {
            // Two quotes at the very end count as an end, too.
            return Ok("");
        }
    }
    Err(format!("the quote in {text:?} has no end"))
}

fn part(letters: &str, moment: &Moment, fields: &Fields) -> Result<String, String> {
    let hour12 = (fields.hour + 11) % 12 + 1;
    let half = if fields.hour < 12 { "am" } else { "pm" };
    let zone = |utc: &str, separator: &str| match moment.is_utc() && !utc.is_empty() {
        true => utc.to_owned(),
        false => moment.offset_text(separator),
    };
    let month = MONTHS[fields.month as usize - 1];
    let weekday = WEEKDAYS[fields.weekday as usize];
    let allowed = match (letters.as_bytes()[0], letters.len()) {
        (b'Y', 2) => return Ok(signed(fields.year % 100, 2)),
        (b'Y', 4) => return Ok(signed(fields.year, 4)),
        (b'M', 1 | 2) => return Ok(padded(fields.month, letters)),
        (b'M', 3) => return Ok(month[..3].into()),
        (b'M', 4) => return Ok(month.into()),
        (b'D', 1 | 2) => return Ok(padded(fields.day, letters)),
        (b'E', 3) => return Ok(weekday[..3].into()),
        (b'E', 4) => return Ok(weekday.into()),
        (b'h', 1 | 2) => return Ok(padded(fields.hour, letters)),
        (b'H', 1 | 2) => return Ok(padded(hour12, letters)),
        (b'A', 2) => return Ok(half.to_uppercase()),
        (b'a', 2) => return Ok(half.into()),
        (b'm', 1 | 2) => return Ok(padded(fields.minute, letters)),
        (b's', 1 | 2) => return Ok(padded(fields.second, letters)),
        (b'Z', 1) => return Ok(zone("Z", ":")),
        (b'Z', 3) => return Ok(zone("UTC", "")),
        (b'Z', 4) => return Ok(zone("", "")),
        (b'Z', 5) => return Ok(zone("", ":")),
        (b'Y', _) => "the year is YY or YYYY",
        (b'M', _) => "the month is M, MM, MMM or MMMM",
        (b'D', _) => "the day is D or DD",
        (b'E', _) => "the day of the week is EEE or EEEE",
        (b'h', _) => "the hour is h or hh",
        (b'H', _) => "the hour out of twelve is H or HH",
        (b'A', _) => "the half of the day is AA",
        (b'a', _) => "the half of the day is aa",
        (b'm', _) => "the minute is m or mm",
        (b's', _) => "the second is s or ss",
        (b'Z', _) => "the offset is Z, ZZZ, ZZZZ or ZZZZZ",
        _ => "letters that mean nothing must be in single quotes",
    };
    Err(format!("{letters:?} is no part of a moment: {allowed}"))
}

fn padded(number: u32, letters: &str) -> String {
    format!("{number:0width$}", width = letters.len())
}

/// Writes a number that may be negative; the sign counts for the width.
fn signed(number: i64, width: usize) -> String {
    format!("{number:0width$}")
}

#[cfg(test)]
mod tests {
    use super::super::moment::Moment;
    use super::write;

    #[track_caller]
    fn check(format: &str, moment: &str, expected: Result<&str, &str>) {
        let moment = Moment::parse_strict(moment).expect("a moment");
        match (write(format, &moment), expected) {
            (Ok(found), Ok(wanted)) => assert_eq!(found, wanted),
            (Err(found), Err(wanted)) => assert!(found.contains(wanted), "{format}: {found}"),
            (found, wanted) => panic!("{format}: {found:?}, not {wanted:?}"),
        }
    }

    const NIGHT: &str = "2006-01-02T00:04:05Z";
    const EVENING: &str = "2006-11-12T15:14:15-07:30";

    #[test]
    fn every_part_has_its_forms() {
        check("YY YYYY M MM MMM MMMM D DD EEE EEEE", NIGHT, Ok("06 2006 1 01 Jan January 2 02 Mon Monday"));
        check("h hh H HH AA aa m mm s ss", NIGHT, Ok("0 00 12 12 AM am 4 04 5 05"));
        check("h hh H HH AA aa m mm s ss", EVENING, Ok("15 15 3 03 PM pm 14 14 15 15"));
        check("Z ZZZ ZZZZ ZZZZZ", NIGHT, Ok("Z UTC +0000 +00:00"));
        check("Z ZZZ ZZZZ ZZZZZ", EVENING, Ok("-07:30 -0730 -0730 -07:30"));
    }

    #[test]
    fn quotes_keep_letters() {
        check("'Day' D", NIGHT, Ok("Day 2"));
        check("''D''", NIGHT, Ok("'2'"));
        check("'it''s'''", NIGHT, Ok("it's'"));
        check("'abc''", NIGHT, Ok("abc'"));
        check("'abc", NIGHT, Err("has no end"));
        check("D'", NIGHT, Err("has no end"));
    }

    #[test]
    fn other_letters_and_lengths_are_refused() {
        for format in ["YYY", "MMMMM", "DDD", "E", "EE", "hhh", "HHH", "A", "aaa", "mmm", "sss", "ZZ", "ZZZZZZ", "x"] {
            check(format, NIGHT, Err(format));
        }
    }
}
