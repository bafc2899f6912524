//! Breaks paragraphs into lines that fit the terminal.

/// Breaks a line at spaces so that each piece has at most `width` characters, where its words allow that.
///
/// A word longer than that stays whole; spaces at a break are dropped, all others stay.
pub(crate) fn wrap(line: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(line.len() + line.len() / width.max(1));
    let mut used = 0;
    let mut rest = line;
    while !rest.is_empty() {
        let (spaces, after) = split_where(rest, |c| !is_break(c));
        let (word, after) = split_where(after, is_break);
        let (spaces_len, word_len) = (spaces.chars().count(), word.chars().count());
        if used > 0 && used + spaces_len + word_len > width {
            if !word.is_empty() {
                wrapped.push('\n');
            }
            used = 0;
        } else {
            wrapped.push_str(spaces);
            used += spaces_len;
        }
        wrapped.push_str(word);
        used += word_len;
        rest = after;
    }
    wrapped
}

/// Tells whether a line may break at a character; a no-break space is there to prevent it.
fn is_break(c: char) -> bool {
    c.is_whitespace() && c != '\u{a0}'
}

fn split_where(text: &str, at: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(at).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::wrap;

    fn check(line: &str, width: usize, expected: &str) {
        assert_eq!(wrap(line, width), expected);
    }

    // Expected values are what `terraform plan -no-color` prints for such an error message, whose width is 77.
    #[test]
    fn breaks_before_the_word_that_does_not_fit() {
        let a = |n: usize| "A".repeat(n);
        check(&format!("{} bb bb cc.", a(74)), 77, &format!("{} bb\nbb cc.", a(74)));
        check(&format!("{} bb bb cc.", a(75)), 77, &format!("{}\nbb bb cc.", a(75)));
    }

    #[test]
    fn keeps_a_long_word_whole_and_inner_spaces_as_they_are() {
        let long = "long".repeat(23);
        check(
            &format!("{long} foo  bar   baz ééééééééé ééééééééé"),
            37,
            &format!("{long}\nfoo  bar   baz ééééééééé ééééééééé"),
        );
        check("and over   the    end     of      the       line.", 20, "and over   the\nend     of      the\nline.");
    }

    #[test]
    fn leaves_short_and_empty_lines_alone() {
        check("", 10, "");
        check("a b", 10, "a b");
        check("a\u{a0}b c", 3, "a\u{a0}b\nc");
    }
}
