//! Tokens of the native syntax; the parser and the formatter read the same ones.

/// A token: its kind and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Offset of its first byte.
    pub start: u32,
    /// Offset behind its last byte.
    pub end: u32,
}

/// The kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// `"` that opens a quoted template
    OpenQuote,
    /// `"` that closes a quoted template
    CloseQuote,
    /// `<<NAME` or `<<-NAME` with its line break
    OpenHeredoc,
    /// The indentation and closing name of a heredoc, without its line break
    CloseHeredoc,
    /// Literal text of a quoted template, escapes undecoded
    QuotedText,
    /// Literal text of a heredoc, at most one line with its line break
    HeredocText,
    /// `${` or `${~`
    InterpolationStart,
    /// `%{` or `%{~`
    DirectiveStart,
    /// `}` or `~}` that ends `${` or `%{`
    TemplateEnd,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `%`
    Percent,
    /// `=`
    Assign,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `!`
    Bang,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `::`
    DoubleColon,
    /// `?`
    Question,
    /// `...`
    Ellipsis,
    /// `=>`
    FatArrow,
    /// A name
    Ident,
    /// A number
    Number,
    /// `# …` or `// …` with its line break, or `/* … */`
    Comment,
    /// A line break
    Newline,
    /// The end of the text; always there, once
    End,
    /// `&`, `|`, `^`, `~`, `'`, `` ` ``, `;` and other text that means nothing here
    Invalid,
    /// Bytes that are not UTF-8
    BadUtf8,
}
