//! The tree: one for the native and for the JSON syntax.

use std::sync::Arc;

use diag::Span;
use ecow::EcoString;

/// One parsed file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its top level.
    pub body: Body,
}

/// The inside of a file or block; copying one is cheap.
#[derive(Clone, Debug)]
pub enum Body {
    /// Native syntax: attributes and blocks are told apart by their form.
    Native(Arc<NativeBody>),
    /// JSON syntax: only a schema tells attributes and blocks apart, see [`Body::content`].
    Json(JsonBody),
    /// Two bodies read as one.
    Layers(Arc<crate::layers::Layers>),
}

/// A body in native syntax.
#[derive(Clone, Debug, Default)]
pub struct NativeBody {
    /// Attributes in order; names are distinct (a repetition is a diagnostic and dropped).
    pub attributes: Vec<Attribute>,
    /// Blocks in order.
    pub blocks: Vec<Block>,
    /// All bytes between the braces; nothing for a body that recovery made up.
    pub span: Option<Span>,
    /// Where a missing attribute would have to be: for messages.
    pub missing_item: Option<Span>,
}

/// A body in JSON syntax.
#[derive(Clone, Debug)]
pub struct JsonBody {
    /// An object, or an array of objects that count as one (an error otherwise, found when the content is asked for).
    pub value: Arc<Expr>,
    /// Names already taken from the body by an earlier, partial look.
    pub hidden: Vec<EcoString>,
}

/// `name = expression`.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The name.
    pub name: Ident,
    /// The expression; shared, because contents of bodies repeat it.
    pub expr: Arc<Expr>,
    /// All of it.
    pub span: Span,
}

/// `kind "label" … { … }`.
#[derive(Clone, Debug)]
pub struct Block {
    /// The block type.
    pub kind: Ident,
    /// The labels.
    pub labels: Vec<Ident>,
    /// The inside.
    pub body: Body,
    /// Kind and labels: what messages point at.
    pub header: Span,
    /// All of it with the braces.
    pub span: Span,
    /// The opening brace.
    pub open: Span,
    /// The closing brace.
    pub close: Span,
}

/// A name with its place; for quoted labels the name is without the quotes and the span with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: EcoString,
    /// Its place.
    pub span: Span,
}

/// An expression.
#[derive(Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// All its bytes, parentheses excluded (they are a node of their own).
    pub span: Span,
}

/// The forms of expression.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as written; any length.
    Number(EcoString),
    /// Text without interpolation, decoded: `"a\n"`, a heredoc without `${`.
    String(EcoString),
    /// `"a${b}c"`, a heredoc with `${` or `%{`; a lone `"${b}"` is a template with one [`Part::Interpolation`],
    /// whose value is `b`'s own, of whatever type.
    Template(Vec<Part>),
    /// A name at the start of a reference.
    Variable(EcoString),
    /// `base.attr[key].*.x`: steps into the value of `base`. Never empty; the base is never a traversal itself.
    Traversal(Box<Traversal>),
    /// `f(a, b...)`
    Call(Box<Call>),
    /// `[a, b]`
    Tuple(Vec<Expr>),
    /// `{ a = b, (c) : d }`
    Object(Vec<ObjectItem>),
    /// `[for …]`, `{for …}`
    For(Box<For>),
    /// `a ? b : c`
    Conditional(Box<Conditional>),
    /// `a + b - c`: operators of equal rank, from left to right, in one node so that a long row is not a deep tree.
    Binary(Box<Binary>),
    /// `-a`, `!a`
    Unary(Box<Unary>),
    /// `(a)`
    Parens(Box<Expr>),
    /// A string of the JSON syntax: its meaning depends on where it stands.
    JsonString(Box<JsonString>),
    /// What recovery puts where the text made no sense; it has been reported and evaluates to unknown, silently.
    Invalid,
}

/// A piece of a template, in order of appearance; trimming and dedenting are done.
#[derive(Debug)]
pub enum Part {
    /// Literal text, decoded.
    Literal(EcoString, Span),
    /// `${ … }`
    Interpolation(Expr),
    /// `%{ if … }…%{ else }…%{ endif }`
    If {
        /// The condition.
        condition: Expr,
        /// The parts for true.
        then: Vec<Part>,
        /// The parts for false.
        otherwise: Vec<Part>,
        /// From `%{ if` to `%{ endif }`.
        span: Span,
    },
    /// `%{ for k, v in … }…%{ endfor }`
    For {
        /// The name of the key, if there are two names.
        key: Option<Ident>,
        /// The name of the element.
        value: Ident,
        /// What is looped over.
        collection: Expr,
        /// The parts for each element.
        body: Vec<Part>,
        /// From `%{ for` to `%{ endfor }`.
        span: Span,
    },
}

/// Steps into a value.
#[derive(Clone, Debug)]
pub struct Traversal {
    /// Where it starts.
    pub base: Expr,
    /// The steps, at least one.
    pub steps: Vec<Step>,
}

/// One step into a value.
#[derive(Clone, Debug)]
pub enum Step {
    /// `.name`
    Attr(Ident),
    /// `[key]`; the span is the brackets' with what is in them.
    Index(Expr, Span),
    /// `.0`: an index written like an attribute; the text is digits.
    LegacyIndex(EcoString, Span),
    /// `.*` and the attribute steps that apply to each element. A `[0]` behind `.*.name` indexes the result.
    AttrSplat(Vec<Step>, Span),
    /// `[*]` and all following steps, which apply to each element.
    FullSplat(Vec<Step>, Span),
}

/// A function call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The whole name: `upper`, `core::upper`, `provider::x::y`.
    pub name: Ident,
    /// The arguments.
    pub args: Vec<Expr>,
    /// `...` behind the last argument: its elements are the arguments.
    pub expand: bool,
    /// From `(` to `)`.
    pub parens: Span,
}

/// One item of an object expression.
#[derive(Clone, Debug)]
pub struct ObjectItem {
    /// The key. A bare name (`a = 1`) is [`ExprKind::Variable`] here and means its own name; in parentheses it is a
    /// reference. `a.b = 1` is a traversal, which the evaluator must refuse as ambiguous.
    pub key: Expr,
    /// The value.
    pub value: Expr,
}

/// A for expression.
#[derive(Clone, Debug)]
pub struct For {
    /// The name of the key, if there are two names.
    pub key: Option<Ident>,
    /// The name of the element.
    pub value: Ident,
    /// What is looped over.
    pub collection: Expr,
    /// Key of the result, for the object form.
    pub result_key: Option<Expr>,
    /// Element of the result.
    pub result: Expr,
    /// `...`: results with one key are grouped.
    pub group: bool,
    /// `if …`
    pub condition: Option<Expr>,
    /// The opening bracket or brace.
    pub open: Span,
}

/// `condition ? then : otherwise`.
#[derive(Clone, Debug)]
pub struct Conditional {
    /// The condition.
    pub condition: Expr,
    /// The value for true.
    pub then: Expr,
    /// The value for false.
    pub otherwise: Expr,
}

/// A row of operators of equal rank.
#[derive(Clone, Debug)]
pub struct Binary {
    /// The first operand.
    pub first: Expr,
    /// Operator, its place, operand; applied from left to right.
    pub rest: Vec<(BinaryOp, Span, Expr)>,
}

/// A prefix operator.
#[derive(Clone, Debug)]
pub struct Unary {
    /// The operator.
    pub op: UnaryOp,
    /// Its place.
    pub op_span: Span,
    /// The operand.
    pub operand: Expr,
}

/// Infix operators.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Prefix operators.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    Not,
    Negate,
}

/// A string of the JSON syntax.
#[derive(Clone, Debug)]
pub struct JsonString {
    /// The text, JSON escapes decoded.
    pub text: EcoString,
    /// The text read as a template: what it means as an expression. Its spans are the whole string's, or finer.
    pub template: Expr,
}

/// Copies a node on a stack that grows if need be: what `derive` makes of large enums takes so much stack without
/// optimisation that a tree of the allowed depth would overflow that of a thread.
fn copied<T>(copy: impl FnOnce() -> T) -> T {
    const STACK_LEFT_MIN: usize = 64 * 1024;
    const STACK_SIZE: usize = 1024 * 1024;
    stacker::maybe_grow(STACK_LEFT_MIN, STACK_SIZE, copy)
}

impl Clone for Expr {
    fn clone(&self) -> Expr {
        copied(|| Expr { kind: self.kind.clone(), span: self.span })
    }
}

impl Clone for Part {
    fn clone(&self) -> Part {
        copied(|| match self {
            Part::Literal(text, span) => Part::Literal(text.clone(), *span),
            Part::Interpolation(expr) => Part::Interpolation(expr.clone()),
            Part::If { condition, then, otherwise, span } => {
                Part::If { condition: condition.clone(), then: then.clone(), otherwise: otherwise.clone(), span: *span }
            }
            Part::For { key, value, collection, body, span } => Part::For {
                key: key.clone(),
                value: value.clone(),
                collection: collection.clone(),
                body: body.clone(),
                span: *span,
            },
        })
    }
}
