//! `formatdate`, `plantimestamp`, `timeadd`, `timecmp`, `timestamp`: moments as RFC 3339 text.

mod duration;
mod layout;
mod moment;

use std::cmp::Ordering;
use std::time::UNIX_EPOCH;

use value::{Type, Value};

use self::moment::Moment;
use super::arguments::is_not;
use super::{Call, CallError, Code, Function, Returns, example, param, types};

pub(super) static FORMATDATE: Function = Function {
    name: "formatdate",
    summary: "Writes a moment in another form. Letters of the format stand for parts of it (`YYYY` `MM` `DD` `hh` `mm` \
              `ss` `ZZZZ`...), text in single quotes and everything else for itself.",
    params: &[param("format", types::string), param("time", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"formatdate("DD MMM YYYY hh:mm ZZZ", "2018-01-02T23:12:01Z")"#, r#""02 Jan 2018 23:12 UTC""#),
        example(
            r#"formatdate("EEEE, DD-MMM-YY hh:mm:ss ZZZ", "2018-01-02T23:12:01-08:00")"#,
            r#""Tuesday, 02-Jan-18 23:12:01 -0800""#,
        ),
        example(r#"formatdate("H 'o''clock' AA", "2018-01-02T00:12:01Z")"#, r#""12 o'clock AM""#),
        example(r#"formatdate("YYY", "2018-01-02T23:12:01Z")"#, "error: the year is YY or YYYY"),
        example(r#"formatdate("YYYY", "2018-02-29T23:12:01Z")"#, "error: the day"),
    ],
    code: Code::Eager(|call| {
        let moment = strict(call, 1)?;
        layout::write(call.text(0), &moment)
            .map(Value::string)
            .map_err(|problem| is_not(call, 0, "a form for moments", &problem))
    }),
};

pub(super) static PLANTIMESTAMP: Function = Function {
    name: "plantimestamp",
    summary: "Returns the moment of the plan, in UTC.",
    params: &[],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[example(r#"timecmp(plantimestamp(), "2020-01-01T00:00:00Z")"#, "1")],
    // Nullable only in what is said about the unknown result.
    code: Code::Nullable(|call| {
        let Some(plan_time) = call.env.plan_time else {
            return Ok(Value::unknown(Type::String));
        };
        let since = plan_time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Value::string(Moment::since_1970(since).to_string()))
    }),
};

pub(super) static TIMEADD: Function = Function {
    name: "timeadd",
    summary: "Adds a duration such as `1h30m` or `-10s` to a moment; the units are `ns us ms s m h`.",
    params: &[param("timestamp", types::string), param("duration", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"timeadd("2017-11-22T00:00:00Z", "10m")"#, r#""2017-11-22T00:10:00Z""#),
        example(r#"timeadd("2020-02-28T23:30:00+02:00", "1h30m")"#, r#""2020-02-29T01:00:00+02:00""#),
        example(r#"timeadd("2017-11-22T00:00:00Z", "1 hour")"#, "error: the unit"),
        example(r#"timeadd("2017-11-22", "1h")"#, "error: not a moment as in RFC 3339"),
    ],
    // Nullable only in what is said about unknown results.
    code: Code::Nullable(|call| {
        let moment = strict(call, 0)?;
        let added = duration::parse(call.text(1)).map_err(|problem| is_not(call, 1, "a duration", &problem))?;
        Ok(Value::string(moment.plus(added).to_string()))
    }),
};

pub(super) static TIMECMP: Function = Function {
    name: "timecmp",
    summary: "Compares two moments: -1 if the first is earlier, 1 if it is later, 0 if they are the same.",
    params: &[param("timestamp_a", types::string), param("timestamp_b", types::string)],
    rest: None,
    returns: Returns::Fixed(types::number),
    examples: &[
        example(r#"timecmp("2017-11-22T00:00:00Z", "2017-11-22T00:00:00Z")"#, "0"),
        example(r#"timecmp("2017-11-22T01:00:00Z", "2017-11-22T02:00:00+01:30")"#, "1"),
        example(r#"timecmp("2017-11-22T00:00:00Z", "2017-11-22T00:00:00.5Z")"#, "-1"),
        example(r#"timecmp("x", "2017-11-22T00:00:00Z")"#, "error: not a moment as in RFC 3339"),
    ],
    code: Code::Eager(|call| {
        let order = lenient(call, 0)?.cmp(&lenient(call, 1)?);
        Ok(Value::number(match order {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }))
    }),
};

pub(super) static TIMESTAMP: Function = Function {
    name: "timestamp",
    summary: "Returns the current moment in UTC; unknown until the plan is applied.",
    params: &[],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[example(r#"timecmp(timestamp(), "2020-01-01T00:00:00Z")"#, "1")],
    code: Code::Impure(|call| Ok(Value::string(Moment::since_1970(call.env.clock.now()).to_string()))),
};

fn strict(call: &Call<'_>, index: usize) -> Result<Moment, CallError> {
    read(call, index, Moment::parse_strict)
}

fn lenient(call: &Call<'_>, index: usize) -> Result<Moment, CallError> {
    read(call, index, Moment::parse)
}

fn read(call: &Call<'_>, index: usize, parse: fn(&str) -> Result<Moment, String>) -> Result<Moment, CallError> {
    parse(call.text(index)).map_err(|problem| is_not(call, index, "a moment as in RFC 3339", &problem))
}
