//! Tests of what is ignored.

use diag::Span;
use lang::module::IgnoreChanges;

use super::super::notation::{path, schema, value};
use super::{ignore_changes, restore_ignored};

const SCHEMA: &str = "{a:string o, c:string c, l:list(string) o, m:map(string) o, o:any o, n:list{x:string o, id:string c} o, \
                      b=list{p:string o, id:string c}}";
