//! The colours of a plan: Terraform's, so that nobody has to learn new ones.

use super::diff::Mark;

/// Escape codes, or nothing.
#[derive(Clone, Copy)]
pub(crate) struct Palette {
    pub(crate) bold: &'static str,
    pub(super) dim: &'static str,
    pub(super) red: &'static str,
    pub(crate) green: &'static str,
    pub(super) yellow: &'static str,
    pub(super) cyan: &'static str,
    pub(crate) reset: &'static str,
}

impl Palette {
    /// No colour.
    pub(crate) const PLAIN: Palette =
        Palette { bold: "", dim: "", red: "", green: "", yellow: "", cyan: "", reset: "" };

    const COLOURED: Palette = Palette {
        bold: "\x1b[1m",
        dim: "\x1b[90m",
        red: "\x1b[31m",
        green: "\x1b[32m",
        yellow: "\x1b[33m",
        cyan: "\x1b[36m",
        reset: "\x1b[0m",
    };

    /// Returns the colours of a stream.
    pub(crate) fn of(style: crate::Style) -> Palette {
        if style.is_coloured { Palette::COLOURED } else { Palette::PLAIN }
    }

    /// Returns the sign of a mark with its colour.
    pub(super) fn sign(&self, mark: Mark) -> String {
        let (colour, sign) = match mark {
            Mark::Same => return " ".to_owned(),
            Mark::Add => (self.green, "+"),
            Mark::Remove => (self.red, "-"),
            Mark::Change => (self.yellow, "~"),
        };
        format!("{colour}{sign}{}", self.reset)
    }
}
