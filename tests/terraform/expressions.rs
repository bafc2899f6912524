//! Expressions, one per line in `tests/expressions/`, evaluated by both programs.
