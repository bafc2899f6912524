//! `locals { name = expression }`

use diag::Span;
use ecow::EcoString;

use super::read::Scope;
use crate::expr::Expr;

/// A local value.
#[derive(Debug)]
pub struct Local {
    /// Its name.
    pub name: EcoString,
    /// Its value.
    pub value: Expr,
    /// `name = …`
    pub span: Span,
}

/// Decodes one attribute of a `locals` block.
pub(super) fn decode(attribute: &syntax::tree::Attribute, scope: &Scope) -> Local {
    Local { name: attribute.name.name.clone(), value: scope.compile(&attribute.expr), span: attribute.span }
}
