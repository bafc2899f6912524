variable "s" {
  type      = string
  sensitive = true
  default   = "hunter3"
}
variable "so" {
  sensitive = true
  default   = { a = 1 }
}
resource "terraform_data" "same" { input = "x" }
resource "terraform_data" "text" { input = "two" }
resource "terraform_data" "nullish" { input = "not null" }
resource "terraform_data" "multi" { input = "line one\nline 2\nline three\nline four\nline five" }
resource "terraform_data" "multi2" { input = "yes\nno" }
resource "terraform_data" "json" { input = jsonencode({ a = 2, b = [1, 3], c = { d = "x", f = "new" } }) }
resource "terraform_data" "list" { input = ["a", "b", "C", "d", "e", "g", "h"] }
resource "terraform_data" "tlist" { input = tolist(["a", "b", "C", "d", "e", "g", "h"]) }
resource "terraform_data" "set" { input = toset(["a", "d", "c"]) }
resource "terraform_data" "map" { input = tomap({ a = "1", b = "3", e = "5", z = "9" }) }
resource "terraform_data" "obj" {
  input = { name = "n", id = "i", tags = { a = "b" }, inner = { x = 1, y = [1, { z = 3 }] }, long_name = true, n = null, added = 1, e = {}, l = [] }
}
resource "terraform_data" "objlist" { input = [{ a = 1, b = "x" }, { a = 2, b = "Y" }, { a = 3, b = "z" }, { a = 4, b = "w" }] }
resource "terraform_data" "objset" { input = toset([{ a = 1, b = "x" }, { a = 2, b = "z" }]) }
resource "terraform_data" "sens" { input = var.s }
resource "terraform_data" "sensobj" { input = { a = var.s, b = 2, c = [var.s, 2] } }
resource "terraform_data" "unk" { input = { a = terraform_data.text.output, b = 2 } }
resource "terraform_data" "kind" { input = ["text"] }
resource "terraform_data" "repl" {
  input            = { a = 1, b = 3 }
  triggers_replace = { v = 2, w = [1, 2] }
}
resource "terraform_data" "cbd" {
  input            = 1
  triggers_replace = [1, 3]
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "counted" {
  count = 2
  input = count.index
}
resource "terraform_data" "each" {
  for_each = toset(["a"])
  input    = each.key
}
resource "terraform_data" "tainted" { input = 1 }
resource "terraform_data" "requested" { input = [1] }
resource "terraform_data" "becomes_sensitive" { input = var.s }
resource "terraform_data" "becomes_null" { input = null }
resource "terraform_data" "new" { input = { a = [1, { b = 2 }], m = tomap({ k = "v" }), s = "x\ny\n", j = jsonencode([1, { a = null }]), n = null, u = terraform_data.text.output, se = var.s, "odd key" = 1, st = toset(["q"]), e = [], eo = {} } }
output "same" { value = 1 }
output "changed" { value = { a = 2, b = [1, 2, 3] } }
output "sens" { 
  value = var.s
  sensitive = true 
}
output "unknown" { value = terraform_data.unk.output }
output "new" { value = [1, "x"] }
output "text" { value = "a\nc\n" }
