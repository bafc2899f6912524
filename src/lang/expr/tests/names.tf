variable "b" { type = bool }
variable "d" { type = any }
variable "l" { type = list(string) }
variable "ln" { type = list(number) }
variable "lo" { type = list(object({ a = string, b = list(number) })) }
variable "m" { type = map(string) }
variable "n" { type = number }
variable "o" { type = object({ a = string, b = number }) }
variable "s" { type = string }
variable "st" { type = set(string) }
variable "t" { type = tuple([string, number]) }
variable "to" { type = tuple([object({ a = string }), object({ a = number })]) }

locals {
  list      = tolist(["a", "b"])
  list_obj  = tolist([{ a = "x", b = [1] }, { a = "y", b = [2] }])
  map       = tomap({ a = "x", b = "y" })
  map_num   = tomap({ a = 1 })
  set       = toset(["b", "a"])
  set_obj   = toset([{ a = "x" }, { a = "y" }])
  obj       = { a = "x", b = 2, c = { d = [1, { e = true }] } }
  tuple     = ["a", 2, true]
  empty     = tolist([])
  emptys    = toset([])
  nulls     = tostring(null)
  nulln     = tonumber(null)
  nullb     = tobool(null)
  secret    = sensitive("s3")
  secret_n  = sensitive(7)
  secret_b  = sensitive(true)
  secret_l  = sensitive(["a", "b"])
  secret_m  = sensitive({ a = 1 })
  secret_u  = sensitive(var.s)
  secret_ub = sensitive(var.b)
  secret_ul = sensitive(var.l)
  secret_nl = sensitive(null)
  part      = ["a", sensitive("b")]
  part_o    = { a = sensitive(1), b = 2 }
  pre       = "pre-${var.s}"
  bounded   = length(var.l)
  unk_list  = [var.s, "x"]
  unk_map   = { a = var.s, b = "x" }
  sized     = slice(concat(var.l, var.l), 0, 2)
  greeting  = "hello"
  big       = 12345678901234567890123456789
  null_list = true ? null : tolist(["a"])
  null_obj  = true ? null : { a = "x" }
  null_map  = true ? null : tomap({ a = 1 })
  null_tup  = true ? null : ["x"]
  null_set  = true ? null : toset(["x"])
  tpl       = "<$${x}>"
  tpls      = { a = "[$${x}]" }
  tpl_bad   = "a $${"
  tpl_for   = "%%{ for v in x }$${v},%%{ endfor }"
  tpl_one   = "$${x}"
  tpl_call  = "$${upper(x)}-$${nosuch(x)}"
  tpl_rec   = "$${templatestring(x, {})}"
}
