//! Timestamps in YAML, which become texts in the form of RFC 3339.

/// Reads a timestamp and returns it in the form of RFC 3339, without fractions of a second.
pub(super) fn normalize(text: &str) -> Option<String> {
    let mut reader = Reader(text);
    let date = reader.date()?;
    if reader.0.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    if let Some(rest) = reader.0.strip_prefix(['T', 't']) {
        reader.0 = rest;
        let time = reader.time()?;
        let zone = reader.zone()?;
        return reader.0.is_empty().then(|| format!("{date}T{time}{zone}"));
    }
    reader.0 = reader.0.strip_prefix(' ')?.trim_start_matches(' ');
    let time = reader.time()?;
    reader.0.is_empty().then(|| format!("{date}T{time}Z"))
}

struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn date(&mut self) -> Option<String> {
        let year = self.digits(4, 4)?;
        self.literal('-')?;
        let month = self.digits(1, 2)?;
        self.literal('-')?;
        let day = self.digits(1, 2)?;
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u32::from(is_leap),
            1..=12 => 31,
            _ => return None,
        };
        (1..=days).contains(&day).then(|| format!("{year:04}-{month:02}-{day:02}"))
    }

    fn time(&mut self) -> Option<String> {
        let hour = self.digits(1, 2).filter(|hour| *hour < 24)?;
        self.literal(':')?;
        let minute = self.digits(1, 2).filter(|minute| *minute < 60)?;
        self.literal(':')?;
        let second = self.digits(1, 2).filter(|second| *second < 60)?;
        if let Some(fraction) = self.0.strip_prefix(['.', ',']) {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                self.0 = &fraction[digits..];
            }
        }
        Some(format!("{hour:02}:{minute:02}:{second:02}"))
    }

    fn zone(&mut self) -> Option<String> {
        if let Some(rest) = self.0.strip_prefix('Z') {
            self.0 = rest;
            return Some("Z".into());
        }
        let sign = self.0.chars().next().filter(|c| matches!(c, '+' | '-'))?;
        self.0 = &self.0[1..];
        let hours = self.digits(2, 2).filter(|hours| *hours <= 24)?;
        self.literal(':')?;
        let minutes = self.digits(2, 2).filter(|minutes| *minutes <= 60)?;
        let total = hours * 60 + minutes;
        if total == 0 {
            return Some("Z".into());
        }
        Some(format!("{sign}{:02}:{:02}", total / 60, total % 60))
    }

    fn literal(&mut self, c: char) -> Option<()> {
        self.0 = self.0.strip_prefix(c)?;
        Some(())
    }

    /// Reads a number of so many digits.
    fn digits(&mut self, min: usize, max: usize) -> Option<u32> {
        let count = self.0.bytes().take(max).take_while(u8::is_ascii_digit).count();
        if count < min {
            return None;
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        digits.parse().ok()
    }
}
