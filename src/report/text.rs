//! The forecast as a short table under a plan.

use std::fmt::Write;

use crate::forecast::Forecast;
use crate::tables::{COLUMNS, Tables};

/// Returns the table; a line that is a heading is passed through `heading`.
pub fn text(forecast: &Forecast, heading: &dyn Fn(&str) -> String) -> String {
    let tables = Tables::of(forecast);
    let mut out = format!("{}\n\n", heading(&format!("{}:", tables.title)));
    let mut rows = tables.overview;
    rows.insert(0, COLUMNS.map(str::to_owned));
    table(&rows, "  ", &mut out);
    for details in tables.details {
        let _ = writeln!(out, "\n  {}", details.name);
        table(&details.steps, "    ", &mut out);
        table(&details.paid, "    ", &mut out);
    }
    out
}

/// Writes rows with columns that line up.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]], indent: &str, out: &mut String) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    for row in rows {
        let mut line = indent.to_owned();
        for (cell, width) in row.iter().zip(&widths).filter(|(_, width)| **width > 0) {
            let _ = write!(line, "{cell:width$}  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
