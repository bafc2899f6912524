//! Expressions: operators, conditionals and the terms between them.

use ecow::EcoString;

use super::cursor::{Parsed, Parser};
use crate::tree::{Binary, BinaryOp, Conditional, Expr, ExprKind, Unary, UnaryOp};
use crate::{Token, TokenKind};

/// What an infix operator's token means and how tightly it binds: higher ranks bind tighter.
fn binary_operator(kind: TokenKind) -> Option<(BinaryOp, u8)> {
    Some(match kind {
        TokenKind::Or => (BinaryOp::Or, 1),
        TokenKind::And => (BinaryOp::And, 2),
        TokenKind::Equal => (BinaryOp::Equal, 3),
        TokenKind::NotEqual => (BinaryOp::NotEqual, 3),
        TokenKind::Less => (BinaryOp::Less, 4),
        TokenKind::LessEqual => (BinaryOp::LessEqual, 4),
        TokenKind::Greater => (BinaryOp::Greater, 4),
        TokenKind::GreaterEqual => (BinaryOp::GreaterEqual, 4),
        TokenKind::Plus => (BinaryOp::Add, 5),
        TokenKind::Minus => (BinaryOp::Subtract, 5),
        TokenKind::Star => (BinaryOp::Multiply, 6),
        TokenKind::Slash => (BinaryOp::Divide, 6),
        TokenKind::Percent => (BinaryOp::Remainder, 6),
        _ => return None,
    })
}

impl Parser<'_> {
    /// Reads text that is one expression and nothing else.
    pub(super) fn whole_expression(&mut self) -> Parsed<Expr> {
        let expr = self.expression()?;
        self.expect_end("expression")?;
        Ok(expr)
    }

    /// Fails if there is more text.
    pub(super) fn expect_end(&mut self, what: &str) -> Parsed<()> {
        let next = self.peek();
        if next.kind == TokenKind::End {
            return Ok(());
        }
        let summary = format!("Extra characters after {what}");
        Err(self.fail(next, &summary, format!("The {what} is complete in front of this; nothing may follow it.")))
    }

    /// Reads an expression.
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.nested(Self::conditional)
    }

    fn conditional(&mut self) -> Parsed<Expr> {
        let condition = self.operators()?;
        if !self.eat(TokenKind::Question) {
            return Ok(condition);
        }
        let start = condition.span;
        let then = self.expression()?;
        let colon = self.peek();
        if colon.kind != TokenKind::Colon {
            let context = start.to(self.span_of(colon));
            return Err(self.fail_within(
                colon,
                Some(context),
                "Missing false expression in conditional",
                "A conditional is `condition ? value : other value`; the colon with the value for false is missing here.",
            ));
        }
        self.bump();
        let otherwise = self.expression()?;
        let span = start.to(otherwise.span);
        Ok(Expr { kind: ExprKind::Conditional(Box::new(Conditional { condition, then, otherwise })), span })
    }

    fn operators(&mut self) -> Parsed<Expr> {
        let first = self.operand()?;
        if binary_operator(self.peek().kind).is_none() {
            return Ok(first);
        }
        self.rows(first, 0)
    }

    /// Reads on behind an operand, as long as operators of at least this rank follow. Each round makes one node of a
    /// row of equal rank; recursion only goes to higher ranks, so a long row needs no stack.
    fn rows(&mut self, first: Expr, rank_min: u8) -> Parsed<Expr> {
        let mut left = first;
        while let Some((_, rank)) = binary_operator(self.peek().kind) {
            if rank < rank_min {
                break;
            }
            let mut rest = Vec::new();
            loop {
                let token = self.peek();
                let op = match binary_operator(token.kind) {
                    Some((op, next_rank)) if next_rank == rank => op,
                    _ => break,
                };
                self.bump();
                let operand = self.operand()?;
                let operand = self.rows(operand, rank + 1)?;
                rest.push((op, self.span_of(token), operand));
            }
            let span = rest.last().map_or(left.span, |(_, _, last)| left.span.to(last.span));
            left = Expr { kind: ExprKind::Binary(Box::new(Binary { first: left, rest })), span };
        }
        Ok(left)
    }

    /// Reads a term with the steps behind it.
    pub(super) fn operand(&mut self) -> Parsed<Expr> {
        let term = self.term()?;
        self.steps_behind(term)
    }

    fn term(&mut self) -> Parsed<Expr> {
        let token = self.peek();
        let kind = match token.kind {
            TokenKind::Ident => return self.name_or_call(),
            TokenKind::OpenQuote => return self.quoted(),
            TokenKind::OpenHeredoc => return self.heredoc(),
            TokenKind::OpenParen => return self.parenthesised(),
            TokenKind::OpenBracket => return self.tuple(),
            TokenKind::OpenBrace => return self.object(),
            TokenKind::Minus => return self.unary(UnaryOp::Negate),
            TokenKind::Bang => return self.unary(UnaryOp::Not),
            TokenKind::Number => self.number(token)?,
            _ => return Err(self.no_expression()),
        };
        self.bump();
        Ok(Expr { kind, span: self.span_of(token) })
    }

    fn number(&mut self, token: Token) -> Parsed<ExprKind> {
        let text = self.str(token);
        // The lexer takes `1.2.3` as one piece.
        if memchr::memchr_iter(b'.', text.as_bytes()).count() > 1 {
            let detail = format!("`{text}` is no number: a number has one decimal point at most.");
            return Err(self.fail(token, "Invalid number literal", detail));
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) && !has_possible_exponent(text) {
            let detail = format!("`{text}` is further from zero, or nearer to it, than numbers can be.");
            return Err(self.fail(token, "Invalid number literal", detail));
        }
        Ok(ExprKind::Number(EcoString::from(text)))
    }

    fn no_expression(&mut self) -> super::Reported {
        let token = self.peek();
        let detail = match token.kind {
            TokenKind::End => {
                return self.fail(token, "Missing expression", "An expression must follow, but the text ends here.");
            }
            TokenKind::Newline => {
                "An expression must follow on this line. To go on with it on the next line, put it in parentheses."
                    .to_owned()
            }
            TokenKind::Comma => "An expression must stand in front of this comma.".to_owned(),
            _ => {
                let shown: String = self.str(token).chars().take(40).collect();
                format!("An expression must start here; `{}` cannot start one.", shown.trim_end())
            }
        };
        self.fail(token, "Invalid expression", detail)
    }

    fn name_or_call(&mut self) -> Parsed<Expr> {
        let token = self.peek();
        self.bump();
        if matches!(self.peek().kind, TokenKind::OpenParen | TokenKind::DoubleColon) {
            return self.call(token);
        }
        let kind = match self.str(token) {
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "null" => ExprKind::Null,
            name => ExprKind::Variable(EcoString::from(name)),
        };
        Ok(Expr { kind, span: self.span_of(token) })
    }

    fn unary(&mut self, op: UnaryOp) -> Parsed<Expr> {
        let token = self.peek();
        self.bump();
        let op_span = self.span_of(token);
        let operand = self.nested(Self::operand)?;
        let span = op_span.to(operand.span);
        Ok(Expr { kind: ExprKind::Unary(Box::new(Unary { op, op_span, operand })), span })
    }

    fn parenthesised(&mut self) -> Parsed<Expr> {
        let open = self.peek();
        self.bump();
        let inner = self.with_newlines(false, |parser| {
            let inner = parser.expression()?;
            let close = parser.peek();
            if close.kind != TokenKind::CloseParen {
                let context = parser.span_of(open).to(parser.span_of(close));
                return Err(parser.fail_within(
                    close,
                    Some(context),
                    "Unbalanced parentheses",
                    "The parenthesis that was opened before this expression must be closed here.",
                ));
            }
            parser.bump();
            Ok(inner)
        })?;
        Ok(Expr { kind: ExprKind::Parens(Box::new(inner)), span: self.span_from(open.start) })
    }
}

/// Tells whether a number's exponent is within what Terraform's numbers have room for.
fn has_possible_exponent(text: &str) -> bool {
    const EXPONENT_MAX: i64 = i32::MAX as i64 - 1;
    const EXPONENT_MIN: i64 = -(u32::MAX as i64);
    let Some((_, exponent)) = text.split_once(['e', 'E']) else { return true };
    exponent.parse::<i64>().is_ok_and(|exponent| (EXPONENT_MIN..=EXPONENT_MAX).contains(&exponent))
}
