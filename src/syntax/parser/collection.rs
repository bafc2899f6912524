//! Calls, tuples, objects and `for`: all that stands between brackets.

use ecow::EcoString;

use super::Reported;
use super::cursor::{Parsed, Parser};
use crate::tree::{Call, Expr, ExprKind, For, Ident, ObjectItem};
use crate::{Token, TokenKind};

impl Parser<'_> {
    /// Reads a call, from behind the first name on.
    pub(super) fn call(&mut self, first: Token) -> Parsed<Expr> {
        let name = self.function_name(first)?;
        let open = self.peek();
        if open.kind != TokenKind::OpenParen {
            let detail = format!("`{}` names a function: its arguments must follow in parentheses.", name.name);
            return Err(self.fail(open, "Missing open parenthesis", detail));
        }
        self.bump();
        let (args, expand) = self.with_newlines(false, |parser| parser.arguments(open))?;
        let parens = self.span_from(open.start);
        let span = name.span.to(parens);
        Ok(Expr { kind: ExprKind::Call(Box::new(Call { name, args, expand, parens })), span })
    }

    fn function_name(&mut self, first: Token) -> Parsed<Ident> {
        let mut ident = self.ident(first);
        while self.eat(TokenKind::DoubleColon) {
            let part = self.peek();
            if part.kind != TokenKind::Ident {
                return Err(self.fail(part, "Missing function name", "The name of a function must follow `::`."));
            }
            self.bump();
            ident.name.push_str("::");
            ident.name.push_str(self.str(part));
            ident.span = ident.span.to(self.span_of(part));
        }
        Ok(ident)
    }

    fn arguments(&mut self, open: Token) -> Parsed<(Vec<Expr>, bool)> {
        let mark = self.exprs.len();
        let mut expand = false;
        while !self.eat(TokenKind::CloseParen) {
            if self.peek().kind == TokenKind::End {
                return Err(self.unclosed_call(open));
            }
            let arg = self.expression()?;
            self.exprs.push(arg);
            let separator = self.peek();
            match separator.kind {
                TokenKind::Comma => self.bump(),
                TokenKind::CloseParen => {}
                TokenKind::Ellipsis => {
                    self.bump();
                    expand = true;
                    let close = self.peek();
                    if close.kind != TokenKind::CloseParen {
                        let detail =
                            "Only the last argument can be expanded with `...`: a closing parenthesis must follow.";
                        return Err(self.fail(close, "Missing closing parenthesis", detail));
                    }
                }
                TokenKind::End => return Err(self.unclosed_call(open)),
                _ => {
                    let detail = "The arguments of a call are separated by commas; one is missing in front of this, or a \
                                  closing parenthesis.";
                    return Err(self.fail(separator, "Missing argument separator", detail));
                }
            }
        }
        Ok((self.exprs.drain(mark..).collect(), expand))
    }

    /// Reads `[…]`.
    pub(super) fn tuple(&mut self) -> Parsed<Expr> {
        let open = self.peek();
        self.bump();
        let kind = self.with_newlines(false, |parser| {
            if parser.at_word("for") {
                return parser.for_expression(open);
            }
            Ok(ExprKind::Tuple(parser.elements(open)?))
        })?;
        Ok(Expr { kind, span: self.span_from(open.start) })
    }

    fn elements(&mut self, open: Token) -> Parsed<Vec<Expr>> {
        let mark = self.exprs.len();
        while !self.eat(TokenKind::CloseBracket) {
            if self.peek().kind == TokenKind::End {
                return Err(self.unclosed_tuple(open));
            }
            let element = self.expression()?;
            self.exprs.push(element);
            let separator = self.peek();
            match separator.kind {
                TokenKind::Comma => self.bump(),
                TokenKind::CloseBracket => {}
                TokenKind::End => return Err(self.unclosed_tuple(open)),
                _ => {
                    let detail = "The elements of a list are separated by commas; one is missing in front of this, or a \
                                  closing bracket.";
                    return Err(self.fail(separator, "Missing item separator", detail));
                }
            }
        }
        Ok(self.exprs.drain(mark..).collect())
    }

    /// Reads `{…}` where an expression stands.
    pub(super) fn object(&mut self) -> Parsed<Expr> {
        let open = self.peek();
        self.bump();
        // Line breaks separate the items of an object but mean nothing in a `for`, not even in front of the word.
        let is_for = self.with_newlines(false, |parser| Ok(parser.at_word("for")))?;
        let kind = if is_for {
            self.with_newlines(false, |parser| parser.for_expression(open))?
        } else {
            self.with_newlines(true, |parser| Ok(ExprKind::Object(parser.items(open)?)))?
        };
        Ok(Expr { kind, span: self.span_from(open.start) })
    }

    fn items(&mut self, open: Token) -> Parsed<Vec<ObjectItem>> {
        // Not a shared stack: items are large, and most objects have several.
        let mut items = Vec::new();
        loop {
            while self.eat(TokenKind::Newline) {}
            if self.eat(TokenKind::CloseBrace) {
                break;
            }
            if self.peek().kind == TokenKind::End {
                return Err(self.unclosed_object(open));
            }
            let key = self.expression()?;
            let assign = self.peek();
            if !matches!(assign.kind, TokenKind::Assign | TokenKind::Colon) {
                return Err(self.no_value(open, assign));
            }
            self.bump();
            let value = self.expression()?;
            items.push(ObjectItem { key, value });
            let separator = self.peek();
            match separator.kind {
                TokenKind::Comma | TokenKind::Newline => self.bump(),
                TokenKind::CloseBrace => {}
                TokenKind::End => return Err(self.unclosed_object(open)),
                _ => {
                    let detail = "Each item of an object ends with its line or with a comma; one is missing in front of \
                                  this, or a closing brace.";
                    return Err(self.fail(separator, "Missing attribute separator", detail));
                }
            }
        }
        items.shrink_to_fit();
        Ok(items)
    }

    fn unclosed_call(&mut self, open: Token) -> Reported {
        let detail = "The parenthesis of this call is not closed before the text ends.";
        self.fail(open, "Unterminated function call", detail)
    }

    fn unclosed_tuple(&mut self, open: Token) -> Reported {
        let detail = "This bracket is not closed before the text ends.";
        self.fail(open, "Unterminated tuple constructor expression", detail)
    }

    fn unclosed_object(&mut self, open: Token) -> Reported {
        let detail = "This brace is not closed before the text ends.";
        self.fail(open, "Unterminated object constructor expression", detail)
    }

    fn no_value(&mut self, open: Token, found: Token) -> Reported {
        match found.kind {
            TokenKind::End => self.unclosed_object(open),
            TokenKind::Newline | TokenKind::Comma | TokenKind::CloseBrace => self.fail(
                found,
                "Missing attribute value",
                "Every item of an object has a key and a value: put `=` and the value here.",
            ),
            _ => self.fail(
                found,
                "Missing key/value separator",
                "An equals sign (`=`) must stand between the key and the value. A key that is not just a name must be \
                 in quotes or in parentheses.",
            ),
        }
    }

    /// Reads a `for` expression from the word on, with the bracket that closes it.
    fn for_expression(&mut self, open: Token) -> Parsed<ExprKind> {
        self.bump();
        let (key, value) = self.for_names("Invalid 'for' expression")?;
        let collection = self.expression()?;
        let colon = self.peek();
        if colon.kind != TokenKind::Colon {
            let detail = "A colon must follow the collection; behind it comes the result for each element.";
            return Err(self.fail(colon, "Invalid 'for' expression", detail));
        }
        self.bump();
        let first = self.expression()?;
        let arrow = self.peek();
        let (result_key, result) =
            if self.eat(TokenKind::FatArrow) { (Some(first), self.expression()?) } else { (None, first) };
        let ellipsis = self.peek();
        let group = self.eat(TokenKind::Ellipsis);
        let condition = if self.at_word("if") {
            self.bump();
            Some(self.expression()?)
        } else {
            None
        };
        let is_object = open.kind == TokenKind::OpenBrace;
        let close = self.peek();
        if close.kind != if is_object { TokenKind::CloseBrace } else { TokenKind::CloseBracket } {
            let detail = "The `for` expression is complete in front of this and must be closed here.";
            return Err(self.fail(close, "Invalid 'for' expression", detail));
        }
        self.bump();
        let wrong = match (is_object, &result_key, group) {
            (false, Some(_), _) => {
                Some((arrow, "A list has no keys: write `{for …}` to make an object, or leave out the key and `=>`."))
            }
            (false, _, true) => {
                Some((ellipsis, "Only objects can group results with `...`: write `{for …}`, or leave it out."))
            }
            (true, None, _) => {
                Some((open, "An object needs a key for each element, `key => value`; for a list write `[for …]`."))
            }
            _ => None,
        };
        if let Some((token, detail)) = wrong {
            self.fail(token, "Invalid 'for' expression", detail);
            return Ok(ExprKind::Invalid);
        }
        let open = self.span_of(open);
        Ok(ExprKind::For(Box::new(For { key, value, collection, result_key, result, group, condition, open })))
    }

    /// Reads the names of a `for` and the word `in`.
    pub(super) fn for_names(&mut self, summary: &str) -> Parsed<(Option<Ident>, Ident)> {
        let mut value = self.for_name(summary, "A name for the element must follow `for`.")?;
        let mut key = None;
        if self.eat(TokenKind::Comma) {
            let second = self.for_name(summary, "A name for the element must follow the name of the key.")?;
            key = Some(std::mem::replace(&mut value, second));
        }
        if !self.at_word("in") {
            let token = self.peek();
            let detail = "The word `in` and the collection must follow the names.";
            return Err(self.fail(token, summary, detail));
        }
        self.bump();
        Ok((key, value))
    }

    fn for_name(&mut self, summary: &str, detail: &str) -> Parsed<Ident> {
        let token = self.peek();
        if token.kind != TokenKind::Ident {
            return Err(self.fail(token, summary, EcoString::from(detail)));
        }
        self.bump();
        Ok(self.ident(token))
    }
}
