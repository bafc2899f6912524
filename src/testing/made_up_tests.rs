//! Tests of made-up values.
