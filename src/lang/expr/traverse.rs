//! Steps into values: attributes, indexes, splats.

use diag::{Diagnostic, Span};
use value::{Kind, Marks, Refinement, Type, Value, convert};

use super::shown::About;
use super::{Evaluator, Step};

impl Evaluator<'_> {
    /// Applies steps to a value; `about` is what the value came from.
    pub(super) fn steps(&mut self, value: Value, steps: &[Step], about: About<'_>) -> Value {
        self.steps_by(None, value, steps, about)
    }

    /// Applies steps to a value. `first_key` is the key of the first step, if that has been evaluated already: once
    /// more at each of many nested keys would never end.
    pub(super) fn steps_by(
        &mut self,
        mut first_key: Option<Value>,
        mut value: Value,
        steps: &[Step],
        about: About<'_>,
    ) -> Value {
        for (place, step) in steps.iter().enumerate() {
            let next = match step {
                Step::Attr(name, span) => attribute(&value, name, *span),
                Step::Index(key_expr, span) => {
                    let key = first_key.take().unwrap_or_else(|| self.eval(key_expr));
                    index(&value, &key, *span)
                }
                Step::Splat(each, marker) => {
                    value = self.splat(value, each, *marker, (about, &steps[..place]));
                    continue;
                }
            };
            match next {
                Ok(next) => value = next,
                Err(problem) => {
                    let context = about.span().zip(problem.subject).map(|(base, subject)| base.to(subject));
                    self.fail_about(Diagnostic { context, ..problem }, &about, &steps[..=place]);
                    // Keys behind it may hold mistakes of their own.
                    value = Value::dynamic();
                }
            }
        }
        value
    }

    fn splat(&mut self, source: Value, each: &[Step], marker: Span, (about, before): (About<'_>, &[Step])) -> Value {
        let sequence = is_sequence(&source);
        let (source, marks) = source.unmark();
        if source.is_null() {
            if !sequence {
                return Value::tuple([]).with_marks(marks);
            }
            let detail = "Splat expressions (with the * symbol) cannot be applied to null sequences.";
            let problem = Diagnostic::error("Splat of null value", detail);
            let place = about.span().map(|base| before.last().map_or(base, |last| base.to(last.span())));
            let context = place.map(|place| place.to(marker));
            self.fail_about(Diagnostic { subject: place.or(Some(marker)), context, ..problem }, &about, before);
            return Value::dynamic();
        }
        if matches!(source.kind(), Kind::Unknown(Type::Dynamic, _)) {
            return Value::dynamic().with_marks(marks);
        }
        if !sequence {
            // One value counts as a sequence of one; an unknown that may be null may also become a sequence of none.
            let may_be_null = matches!(source.kind(), Kind::Unknown(_, refinement) if !refinement.not_null);
            let result = self.splat_elements(&[source.with_marks(marks)], each);
            return match result {
                Ok(values) if !may_be_null => Value::tuple(values).with_marks(marks),
                Err(types) if !may_be_null => Value::unknown(Type::tuple(types)).with_marks(marks),
                _ => Value::dynamic().with_marks(marks),
            };
        }
        self.splat_sequence(&source, each, marker).with_marks(marks)
    }

    fn splat_sequence(&mut self, source: &Value, each: &[Step], marker: Span) -> Value {
        let Some(elements) = source.as_sequence() else { return self.splat_unknown(source, each) };
        let values = match self.splat_elements(elements, each) {
            Ok(values) => values,
            Err(_) => {
                let outer = std::mem::take(&mut self.diags);
                let result = self.splat_type(&source.ty(), each);
                self.diags = outer;
                return Value::unknown(result);
            }
        };
        if matches!(source.kind(), Kind::Tuple(_)) {
            return Value::tuple(values);
        }
        let Some(first) = values.first() else {
            let Type::List(element) = self.splat_type(&source.ty(), each) else { return Value::dynamic() };
            return Value::list((*element).clone(), []);
        };
        let element = first.ty();
        if values.iter().any(|value| !value.is_of_type(&element)) {
            let detail = "The inner splat gives elements of different types, of which no list can be made. A 'for' \
                          expression can give a tuple instead.";
            let each = each.last().map_or(marker, Step::span);
            self.diags.error(marker.to(each), "Invalid nested splat expressions", detail);
            return Value::dynamic();
        }
        Value::list(element, values)
    }

    /// Applies the steps to each element; the types of the results where one of them failed.
    fn splat_elements(&mut self, elements: &[Value], each: &[Step]) -> Result<Vec<Value>, Vec<Type>> {
        let found = self.diags.len();
        let values: Vec<Value> =
            elements.iter().map(|element| self.steps(element.clone(), each, About::Nothing)).collect();
        if self.failed_since(found) { Err(values.iter().map(Value::ty).collect()) } else { Ok(values) }
    }

    fn splat_unknown(&mut self, source: &Value, each: &[Step]) -> Value {
        let result = self.splat_type(&source.ty(), each);
        let mut refinement = Refinement::not_null();
        if let (Type::List(_), Kind::Unknown(ty, known)) = (&result, source.kind())
            && ty.is_collection()
        {
            refinement.length_min = known.length_min;
            refinement.length_max = known.length_max;
        }
        Value::unknown(result).refine(refinement)
    }

    /// Returns the type of a splat's result, found by applying it to unknown elements.
    fn splat_type(&mut self, ty: &Type, each: &[Step]) -> Type {
        match ty {
            Type::Tuple(elements) => {
                let types: Vec<Type> = elements
                    .iter()
                    .map(|ty| self.steps(Value::unknown(ty.clone()), each, About::Nothing).ty())
                    .collect();
                Type::tuple(types)
            }
            Type::List(element) | Type::Set(element) => {
                Type::list(self.steps(Value::unknown((**element).clone()), each, About::Nothing).ty())
            }
            _ => Type::Dynamic,
        }
    }
}

/// Tells whether splats go over the value's elements; other values count as one element themselves.
fn is_sequence(value: &Value) -> bool {
    match value.kind() {
        Kind::Null(ty) | Kind::Unknown(ty, _) => matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_)),
        _ => value.as_sequence().is_some(),
    }
}

impl Step {
    /// Returns the place of an attribute or index.
    pub(super) fn span(&self) -> Span {
        match self {
            Step::Attr(_, span) | Step::Index(_, span) | Step::Splat(_, span) => *span,
        }
    }
}

fn error(summary: &str, detail: impl Into<String>, span: Span) -> Result<Value, Diagnostic> {
    Err(Diagnostic::error(summary, detail).at(span))
}

/// `value.name`
pub(crate) fn attribute(value: &Value, name: &str, span: Span) -> Result<Value, Diagnostic> {
    if value.is_null() {
        let detail = "This value is null, so it does not have any attributes.";
        return error("Attempt to get attribute from null value", detail, span);
    }
    let marks = value.marks();
    let found = match value.kind() {
        Kind::Object(object) => match object.get(name) {
            Some(found) => found.clone(),
            None => return no_attribute(object.names().iter().map(|n| n.as_str()), name, span),
        },
        Kind::Map(map) => match map.get(name) {
            Some(found) => found.clone(),
            None => {
                let detail = format!("This map does not have an element with the key {name:?}.");
                return error("Missing map element", detail, span);
            }
        },
        Kind::Unknown(Type::Object(object), _) => match object.get(name) {
            Some(attribute) => Value::unknown(attribute.ty.clone()),
            None => return no_attribute(object.attributes().iter().map(|a| a.name.as_str()), name, span),
        },
        Kind::Unknown(Type::Map(element), _) => Value::unknown((**element).clone()),
        Kind::Unknown(Type::Dynamic, _) => Value::dynamic(),
        _ => return wrong_type_for_attribute(&value.ty(), name, span),
    };
    Ok(found.with_marks(marks))
}

fn no_attribute<'a>(names: impl Iterator<Item = &'a str>, name: &str, span: Span) -> Result<Value, Diagnostic> {
    let mut detail = format!("This object does not have an attribute named {name:?}.");
    if let Some(near) = diag::did_you_mean(name, names) {
        detail.push_str(&format!(" Did you mean {near:?}?"));
    }
    error("Unsupported attribute", detail, span)
}

fn wrong_type_for_attribute(ty: &Type, name: &str, span: Span) -> Result<Value, Diagnostic> {
    let summary = "Unsupported attribute";
    if let Type::List(element) | Type::Set(element) = ty
        && let Type::Object(object) = &**element
    {
        let kind = if matches!(ty, Type::List(_)) { "list" } else { "set" };
        let mut detail = format!("Can't access attributes on a {kind} of objects.");
        if object.get(name).is_some() {
            detail.push_str(&format!(" Write [*].{name} for the attribute of all elements"));
            detail.push_str(if kind == "list" { ", or choose one element by [index]." } else { "." });
        }
        return error(summary, detail, span);
    }
    if ty.is_primitive() {
        let detail = format!("Can't access attributes on a primitive-typed value ({}).", ty.friendly_name());
        return error(summary, detail, span);
    }
    error(summary, "This value does not have any attributes.", span)
}

const INVALID_INDEX: &str = "Invalid index";
const NO_ELEMENT: &str = "The given key does not identify an element in this collection value";

/// `value[key]`
pub(crate) fn index(value: &Value, key: &Value, span: Span) -> Result<Value, Diagnostic> {
    if value.is_null() {
        let detail = "This value is null, so it does not have any indices.";
        return error("Attempt to index null value", detail, span);
    }
    if key.is_null() {
        return error(INVALID_INDEX, "Can't use a null value as an indexing key.", span);
    }
    let marks = value.marks();
    let shape = Shape::of(value);
    if shape == Shape::Dynamic || matches!(key.kind(), Kind::Unknown(Type::Dynamic, _)) {
        return Ok(Value::dynamic().with_marks(marks));
    }
    let wanted = match shape {
        Shape::Sequence => Type::Number,
        Shape::Map | Shape::Object => Type::String,
        Shape::Set => {
            let detail = "Elements of a set are identified only by their value and have no index. Use a 'for' \
                          expression to pick one, or tolist() to give them an order.";
            return error(INVALID_INDEX, detail, span);
        }
        Shape::Dynamic | Shape::Other => {
            return error(INVALID_INDEX, "This value does not have any indices.", span);
        }
    };
    let was_number = matches!(key.kind(), Kind::Number(_) | Kind::Unknown(Type::Number, _));
    let (key, key_marks) = match convert(key, &wanted) {
        Ok(key) => key.unmark(),
        Err(problem) => return error(INVALID_INDEX, format!("{NO_ELEMENT}: {problem}."), span),
    };
    let found = match shape {
        Shape::Sequence => index_by_number(value, &key, key_marks, span)?,
        _ => index_by_name(value, &key, was_number, span)?,
    };
    // An attribute of an object is chosen by the text of the program, so its name's marks say nothing about it.
    let key_marks = if shape == Shape::Object { Marks::NONE } else { key_marks };
    Ok(found.with_marks(marks | key_marks))
}

/// What indexing needs to know of a type; found without putting together the type of a large tuple or object.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Sequence,
    Set,
    Map,
    Object,
    Dynamic,
    Other,
}

impl Shape {
    fn of(value: &Value) -> Shape {
        match value.kind() {
            Kind::List(_) | Kind::Tuple(_) | Kind::Unknown(Type::List(_) | Type::Tuple(_), _) => Shape::Sequence,
            Kind::Set(_) | Kind::Unknown(Type::Set(_), _) => Shape::Set,
            Kind::Map(_) | Kind::Unknown(Type::Map(_), _) => Shape::Map,
            Kind::Object(_) | Kind::Unknown(Type::Object(_), _) => Shape::Object,
            Kind::Unknown(Type::Dynamic, _) => Shape::Dynamic,
            _ => Shape::Other,
        }
    }
}

fn index_by_name(value: &Value, key: &Value, was_number: bool, span: Span) -> Result<Value, Diagnostic> {
    let Some(name) = key.as_str() else {
        return Ok(match value.kind() {
            Kind::Map(map) => Value::unknown(map.element_type().clone()),
            Kind::Unknown(Type::Map(element), _) => Value::unknown((**element).clone()),
            _ => Value::dynamic(),
        });
    };
    let found = match value.kind() {
        Kind::Map(map) => map.get(name).cloned(),
        Kind::Object(object) => object.get(name).cloned(),
        Kind::Unknown(Type::Map(element), _) => Some(Value::unknown((**element).clone())),
        Kind::Unknown(Type::Object(object), _) => object.get(name).map(|a| Value::unknown(a.ty.clone())),
        _ => None,
    };
    let object = Shape::of(value) == Shape::Object;
    found.map_or_else(
        || {
            let hint = if object && was_number {
                " An object only supports looking up attributes by name, not by numeric index."
            } else {
                ""
            };
            error(INVALID_INDEX, format!("{NO_ELEMENT}.{hint}"), span)
        },
        Ok,
    )
}

fn index_by_number(value: &Value, key: &Value, key_marks: Marks, span: Span) -> Result<Value, Diagnostic> {
    let Some(number) = key.as_number() else {
        return Ok(match value.kind() {
            Kind::List(list) => Value::unknown(list.element_type().clone()),
            Kind::Unknown(Type::List(element), _) => Value::unknown((**element).clone()),
            _ => Value::dynamic(),
        });
    };
    let place = number.to_i64().and_then(|place| usize::try_from(place).ok());
    let (length, found) = match value.kind() {
        Kind::List(list) => (Some(list.values().len()), place.and_then(|p| list.values().get(p)).cloned()),
        Kind::Tuple(tuple) => (Some(tuple.values().len()), place.and_then(|p| tuple.values().get(p)).cloned()),
        Kind::Unknown(Type::List(element), refinement) => {
            // Only the length could tell; what no sequence has is an error when the list is known.
            let beyond = place.is_some_and(|p| refinement.length_max.is_some_and(|max| p as u64 >= max));
            (None, (!beyond).then(|| Value::unknown((**element).clone())))
        }
        Kind::Unknown(Type::Tuple(elements), _) => {
            (Some(elements.len()), place.and_then(|p| elements.get(p)).map(|ty| Value::unknown(ty.clone())))
        }
        _ => (None, None),
    };
    if let Some(found) = found {
        return Ok(found);
    }
    let why = if !number.is_integer() {
        ": indexing a sequence requires a whole number, but the given index has a fractional part"
    } else if number.signum() < 0 {
        ": a negative number is not a valid index for a sequence"
    } else if !key_marks.is_empty() {
        ""
    } else if length == Some(0) {
        ": the collection has no elements"
    } else {
        ": the given index is greater than or equal to the length of the collection"
    };
    error(INVALID_INDEX, format!("{NO_ELEMENT}{why}."), span)
}
