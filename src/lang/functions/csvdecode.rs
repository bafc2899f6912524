//! `csvdecode`: comma-separated values (RFC 4180) to a list of objects.
//!
//! By hand, because what a lone quote, a lone carriage return and a row of another length mean differs from library
//! to library.

use std::sync::Arc;

use ecow::EcoString;
use value::{Type, Value};

use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

pub(super) static CSVDECODE: Function = Function {
    name: "csvdecode",
    summary: "Reads comma-separated values whose first line names the columns, and returns a list of objects with \
              string attributes.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Computed(|_| Ok(Type::Dynamic)),
    examples: &[
        example(r#"csvdecode("a,b\n1,2\n")"#, "tolist([\n  {\n    \"a\" = \"1\"\n    \"b\" = \"2\"\n  },\n])"),
        example(r#"csvdecode("")"#, "error: no line with the names"),
        example(r#"csvdecode("a,b\n1")"#, "error: line 2"),
    ],
    code: Code::Eager(csvdecode),
};

fn csvdecode(call: &Call<'_>) -> Outcome {
    read(call.text(0)).map_err(|error| {
        if call.is_sensitive() { CallError::argument(0, "it cannot be read as comma-separated values") } else { error }
    })
}

fn read(text: &str) -> Outcome {
    let mut records = Records::new(text);
    let Some(header) = records.next().transpose()? else {
        return Err(CallError::argument(0, "there is no line with the names of the columns"));
    };
    let columns = Columns::new(header)?;
    let mut rows = Vec::new();
    for record in records {
        rows.push(columns.row(record?)?);
    }
    Ok(Value::list(columns.row_type(), rows))
}

/// The columns, by name.
struct Columns {
    names: Arc<[EcoString]>,
    /// The column of each name.
    order: Vec<usize>,
}

impl Columns {
    fn new(header: Record) -> Result<Columns, CallError> {
        let names = header.fields.into_iter().map(|name| Value::string(name).as_str().map(EcoString::from));
        let mut columns: Vec<(EcoString, usize)> = names.flatten().zip(0..).collect();
        columns.sort();
        if let Some(pair) = columns.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(CallError::argument(0, format!("two columns have the name {:?}", pair[0].0)));
        }
        let (names, order): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        Ok(Columns { names: names.into(), order })
    }

    fn row(&self, mut record: Record) -> Result<Value, CallError> {
        let (found, wanted) = (record.fields.len(), self.order.len());
        if found != wanted {
            let message = format!("the row in line {} has {found} columns, not {wanted}", record.line);
            return Err(CallError::argument(0, message));
        }
        let values = self.order.iter().map(|column| Value::string(std::mem::take(&mut record.fields[*column])));
        Ok(Value::object_of_shape(self.names.clone(), values.collect()))
    }

    fn row_type(&self) -> Type {
        Type::object(self.names.iter().map(|name| (name.clone(), Type::String)))
    }
}

/// The fields of a row.
struct Record {
    fields: Vec<String>,
    /// The line it begins on, from 1.
    line: usize,
}

/// Reads row by row.
struct Records<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Records<'a> {
    fn new(text: &'a str) -> Records<'a> {
        Records { rest: text, line: 0 }
    }

    /// Takes the next line, without its end, and tells whether it had one.
    fn next_line(&mut self) -> Option<(&'a str, bool)> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let (line, rest, has_end) = match self.rest.split_once('\n') {
            Some((line, rest)) => (line, rest, true),
            None => (self.rest, "", false),
        };
        self.rest = rest;
        Some((line.strip_suffix('\r').unwrap_or(line), has_end))
    }

    fn record(&mut self, mut line: &'a str, mut has_end: bool) -> Result<Record, CallError> {
        let mut record = Record { fields: Vec::new(), line: self.line };
        loop {
            let more = match line.strip_prefix('"') {
                None => plain_field(line, &mut record, self.line)?,
                Some(quoted) => {
                    let (rest, rest_has_end) = self.quoted_field(quoted, has_end, &mut record)?;
                    has_end = rest_has_end;
                    rest
                }
            };
            match more {
                None => return Ok(record),
                Some(rest) => line = rest,
            }
        }
    }

    /// Reads a field after its opening quote, over as many lines as it has.
    fn quoted_field(
        &mut self,
        mut line: &'a str,
        mut has_end: bool,
        record: &mut Record,
    ) -> Result<(Option<&'a str>, bool), CallError> {
        let opened = self.line;
        let mut field = String::new();
        loop {
            let Some((text, after)) = line.split_once('"') else {
                field.push_str(line);
                if has_end {
                    field.push('\n');
                }
                let Some(next) = self.next_line() else {
                    return Err(wrong(opened, "a quoted field begins but does not end"));
                };
                (line, has_end) = next;
                continue;
            };
            field.push_str(text);
            if let Some(rest) = after.strip_prefix('"') {
                field.push('"');
                line = rest;
            } else if after.is_empty() || after.starts_with(',') {
                record.fields.push(field);
                return Ok((after.strip_prefix(','), has_end));
            } else {
                return Err(wrong(
                    self.line,
                    "a comma must follow the closing quote of a field; a quote inside of it is written as `\"\"`",
                ));
            }
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, CallError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (line, has_end) = self.next_line()?;
            if !line.is_empty() {
                return Some(self.record(line, has_end));
            }
        }
    }
}

/// Reads a field without quotes and returns what follows its comma.
fn plain_field<'a>(line: &'a str, record: &mut Record, number: usize) -> Result<Option<&'a str>, CallError> {
    let (field, rest) = match line.split_once(',') {
        Some((field, rest)) => (field, Some(rest)),
        None => (line, None),
    };
    if field.contains('"') {
        return Err(wrong(number, "a quote stands in a field that does not begin with one"));
    }
    record.fields.push(field.into());
    Ok(rest)
}

fn wrong(line: usize, message: &str) -> CallError {
    CallError::argument(0, format!("in line {line}, {message}"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_table;

    #[test]
    fn agrees_with_terraform() {
        check_table("csvdecode", include_str!("tables/csvdecode.txt"));
    }
}
