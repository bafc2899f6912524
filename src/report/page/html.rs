//! The few pieces of HTML that every part of the page is made of. Everything from outside goes through `escape`.

use std::fmt::Write;

/// Returns a text that stands for itself, in text and in attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // HTML has no way to write these.
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Writes an address as code, which may be broken between its parts.
pub(super) fn code(address: &str) -> String {
    format!("<code>{}</code>", escape(address).replace('.', ".<wbr>").replace('[', "<wbr>["))
}

/// Says how many of something there are.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Fills the places of a template, `{{name}}`; what is filled in is not looked at again.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("{{") {
        out.push_str(before);
        let (name, behind) = behind.split_once("}}").unwrap_or((behind, ""));
        out.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// A section with a heading, which the navigation leads to.
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) body: String,
}

impl Section {
    pub(super) fn html(&self) -> String {
        let Section { id, title, body } = self;
        format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n{body}</section>\n"
        )
    }

    pub(super) fn link(&self) -> String {
        format!("<li><a href=\"#{}\">{}</a></li>\n", self.id, self.title)
    }
}

/// A table that scrolls by itself where it is too wide; cells are HTML already.
pub(super) struct Table {
    pub(super) caption: String,
    /// Headings of columns; those that begin with `>` are of numbers.
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) foot: Option<Vec<String>>,
}

impl Table {
    pub(super) fn html(&self) -> String {
        let class = |place: usize| {
            if self.columns[place.min(self.columns.len() - 1)].starts_with('>') { " class=\"number\"" } else { "" }
        };
        let caption = escape(&self.caption);
        let mut out = format!("<div class=\"scroll\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\">\n");
        let _ = write!(out, "<table>\n<caption>{caption}</caption>\n<thead><tr>");
        for (place, column) in self.columns.iter().enumerate() {
            let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(place), escape(column.trim_start_matches('>')));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        let row = |cells: &[String], out: &mut String| {
            out.push_str("<tr>");
            for (place, cell) in cells.iter().enumerate() {
                let _ = match place {
                    0 => write!(out, "<th scope=\"row\">{cell}</th>"),
                    _ => write!(out, "<td{}>{cell}</td>", class(place)),
                };
            }
            out.push_str("</tr>\n");
        };
        self.rows.iter().for_each(|cells| row(cells, &mut out));
        out.push_str("</tbody>\n");
        if let Some(cells) = &self.foot {
            out.push_str("<tfoot>\n");
            row(cells, &mut out);
            out.push_str("</tfoot>\n");
        }
        out.push_str("</table>\n</div>\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{code, counted, escape, fill};

    #[test]
    fn addresses_are_broken_between_their_parts_and_counts_have_their_nouns() {
        assert_eq!(code("a.b[\"<\"]"), "<code>a.<wbr>b<wbr>[&quot;&lt;&quot;]</code>");
        assert_eq!((counted(1, "step"), counted(0, "step")), ("1 step".to_owned(), "0 steps".to_owned()));
    }

    #[test]
    fn what_comes_from_outside_stands_for_itself() {
        let check = |text: &str, expected: &str| assert_eq!(escape(text), expected);
        check("</script><img src=x onerror='a'>", "&lt;/script&gt;&lt;img src=x onerror=&#39;a&#39;&gt;");
        check("a & \"b\"\u{1b}[31m", "a &amp; &quot;b&quot;\u{fffd}[31m");
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(fill("<{{a}}|{{b}}|{{c}}>", &[("a", "{{b}}"), ("b", "x")]), "<{{b}}|x|>");
    }
}
