variable "s" {
  type      = string
  sensitive = true
  default   = "hunter2"
}
variable "so" {
  sensitive = true
  default   = { a = 1 }
}
resource "terraform_data" "same" { input = "x" }
resource "terraform_data" "text" { input = "one" }
resource "terraform_data" "nullish" { input = null }
resource "terraform_data" "multi" { input = "line one\nline two\nline three\nline four\n" }
resource "terraform_data" "multi2" { input = "no" }
resource "terraform_data" "json" { input = jsonencode({ a = 1, b = [1, 2, 3], c = { d = "x", e = true } }) }
resource "terraform_data" "list" { input = ["a", "b", "c", "d", "e", "f", "g"] }
resource "terraform_data" "tlist" { input = tolist(["a", "b", "c", "d", "e", "f", "g"]) }
resource "terraform_data" "set" { input = toset(["a", "b", "c"]) }
resource "terraform_data" "map" { input = tomap({ a = "1", b = "2", "c d" = "3", z = "9" }) }
resource "terraform_data" "obj" {
  input = { name = "n", id = "i", tags = { a = "b" }, inner = { x = 1, y = [1, { z = 2 }] }, long_name = true, n = null, gone = 1, e = {}, l = [] }
}
resource "terraform_data" "objlist" { input = [{ a = 1, b = "x" }, { a = 2, b = "y" }, { a = 3, b = "z" }] }
resource "terraform_data" "objset" { input = toset([{ a = 1, b = "x" }, { a = 2, b = "y" }]) }
resource "terraform_data" "sens" { input = var.s }
resource "terraform_data" "sensobj" { input = { a = var.s, b = 1, c = [var.s, 2] } }
resource "terraform_data" "unk" { input = { a = 1 } }
resource "terraform_data" "kind" { input = "text" }
resource "terraform_data" "repl" {
  input            = { a = 1, b = 2 }
  triggers_replace = { v = 1, w = [1, 2] }
}
resource "terraform_data" "cbd" {
  input            = 1
  triggers_replace = [1, 2]
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "gone" { input = { a = [1, { b = 2 }], m = tomap({ k = "v" }), s = "x\ny", j = jsonencode([1]), n = null } }
resource "terraform_data" "counted" {
  count = 3
  input = count.index
}
resource "terraform_data" "each" {
  for_each = toset(["a", "b"])
  input    = each.key
}
resource "terraform_data" "tainted" { input = 1 }
resource "terraform_data" "requested" { input = [1] }
resource "terraform_data" "becomes_sensitive" { input = "plain" }
resource "terraform_data" "becomes_null" { input = { a = 1 } }
output "same" { value = 1 }
output "changed" { value = { a = 1, b = [1, 2] } }
output "gone" { value = "x" }
output "sens" { 
  value = var.s
  sensitive = true 
}
output "unknown" { value = terraform_data.unk.output }
output "text" { value = "a\nb\n" }

import {
  to = terraform_data.imported
  id = "found"
}

import {
  to = terraform_data.imported_changed
  id = "found-changed"
}

import {
  to = terraform_data.imported_replaced
  id = "found \"replaced\" ${1 + 1}"
}

import {
  for_each = { a = 1, b = 2 }
  to       = terraform_data.imported_each[each.key]
  id       = "found-${each.value}"
}

import {
  for_each = ["x", "y"]
  to       = terraform_data.imported_counted[each.key]
  id       = each.value
}

resource "terraform_data" "imported" {}

resource "terraform_data" "imported_changed" {
  input = { list = ["x"] }
}

resource "terraform_data" "imported_replaced" {
  triggers_replace = "x"

  lifecycle {
    create_before_destroy = true
  }
}

resource "terraform_data" "imported_each" {
  for_each = toset(["a", "b"])
}

resource "terraform_data" "imported_counted" {
  count = 2
}
