//! Tests of what test files mean.
