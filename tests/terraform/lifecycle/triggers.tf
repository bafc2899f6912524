### -var=v=1
variable "v" {}
resource "terraform_data" "a" { input = var.v }
resource "terraform_data" "c" {
  count = var.v == "1" ? 1 : 2
  input = "x"
}
resource "terraform_data" "m" { input = { x = var.v, y = "same" } }
resource "terraform_data" "r" { triggers_replace = var.v }
resource "terraform_data" "whole" {
  input = 1
  lifecycle { replace_triggered_by = [terraform_data.a] }
}
resource "terraform_data" "attr" {
  lifecycle { replace_triggered_by = [terraform_data.m.input.y] }
}
resource "terraform_data" "attr2" {
  lifecycle { replace_triggered_by = [terraform_data.m.input.x, terraform_data.a] }
}
resource "terraform_data" "id" {
  lifecycle { replace_triggered_by = [terraform_data.a.id] }
}
resource "terraform_data" "out" {
  lifecycle { replace_triggered_by = [terraform_data.a.output] }
}
resource "terraform_data" "nosuch" {
  lifecycle { replace_triggered_by = [terraform_data.m.input.z] }
}
resource "terraform_data" "created" {
  lifecycle { replace_triggered_by = [terraform_data.c] }
}
resource "terraform_data" "rid" {
  lifecycle { replace_triggered_by = [terraform_data.r.id] }
}
resource "terraform_data" "each" {
  for_each = toset(["p"])
  lifecycle { replace_triggered_by = [terraform_data.k[each.key].input] }
}
resource "terraform_data" "k" {
  for_each = toset(["p", "q"])
  input    = each.key == "p" ? var.v : "0"
}
resource "terraform_data" "index" {
  count = 2
  lifecycle { replace_triggered_by = [terraform_data.n[count.index]] }
}
resource "terraform_data" "n" {
  count = 2
  input = count.index == 1 ? var.v : "0"
}
resource "terraform_data" "chain" {
  lifecycle { replace_triggered_by = [terraform_data.whole] }
}
resource "terraform_data" "cbd" {
  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [terraform_data.a]
  }
}
### -var=v=2
variable "v" {}
resource "terraform_data" "a" { input = var.v }
resource "terraform_data" "c" {
  count = var.v == "1" ? 1 : 2
  input = "x"
}
resource "terraform_data" "m" { input = { x = var.v, y = "same" } }
resource "terraform_data" "r" { triggers_replace = var.v }
resource "terraform_data" "whole" {
  input = 1
  lifecycle { replace_triggered_by = [terraform_data.a] }
}
resource "terraform_data" "attr" {
  lifecycle { replace_triggered_by = [terraform_data.m.input.y] }
}
resource "terraform_data" "attr2" {
  lifecycle { replace_triggered_by = [terraform_data.m.input.x, terraform_data.a] }
}
resource "terraform_data" "id" {
  lifecycle { replace_triggered_by = [terraform_data.a.id] }
}
resource "terraform_data" "out" {
  lifecycle { replace_triggered_by = [terraform_data.a.output] }
}
resource "terraform_data" "nosuch" {
  lifecycle { replace_triggered_by = [terraform_data.m.input.z] }
}
resource "terraform_data" "created" {
  lifecycle { replace_triggered_by = [terraform_data.c] }
}
resource "terraform_data" "rid" {
  lifecycle { replace_triggered_by = [terraform_data.r.id] }
}
resource "terraform_data" "each" {
  for_each = toset(["p"])
  lifecycle { replace_triggered_by = [terraform_data.k[each.key].input] }
}
resource "terraform_data" "k" {
  for_each = toset(["p", "q"])
  input    = each.key == "p" ? var.v : "0"
}
resource "terraform_data" "index" {
  count = 2
  lifecycle { replace_triggered_by = [terraform_data.n[count.index]] }
}
resource "terraform_data" "n" {
  count = 2
  input = count.index == 1 ? var.v : "0"
}
resource "terraform_data" "chain" {
  lifecycle { replace_triggered_by = [terraform_data.whole] }
}
resource "terraform_data" "cbd" {
  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [terraform_data.a]
  }
}
### -var=v=2 -replace=terraform_data.whole
variable "v" {}
resource "terraform_data" "a" { input = var.v }
resource "terraform_data" "c" {
  count = var.v == "1" ? 1 : 2
  input = "x"
}
resource "terraform_data" "m" { input = { x = var.v, y = "same" } }
resource "terraform_data" "r" { triggers_replace = var.v }
resource "terraform_data" "whole" {
  input = 1
  lifecycle { replace_triggered_by = [terraform_data.a] }
}
resource "terraform_data" "attr" {
  lifecycle { replace_triggered_by = [terraform_data.m.input.y] }
}
resource "terraform_data" "attr2" {
  lifecycle { replace_triggered_by = [terraform_data.m.input.x, terraform_data.a] }
}
resource "terraform_data" "id" {
  lifecycle { replace_triggered_by = [terraform_data.a.id] }
}
resource "terraform_data" "out" {
  lifecycle { replace_triggered_by = [terraform_data.a.output] }
}
resource "terraform_data" "nosuch" {
  lifecycle { replace_triggered_by = [terraform_data.m.input.z] }
}
resource "terraform_data" "created" {
  lifecycle { replace_triggered_by = [terraform_data.c] }
}
resource "terraform_data" "rid" {
  lifecycle { replace_triggered_by = [terraform_data.r.id] }
}
resource "terraform_data" "each" {
  for_each = toset(["p"])
  lifecycle { replace_triggered_by = [terraform_data.k[each.key].input] }
}
resource "terraform_data" "k" {
  for_each = toset(["p", "q"])
  input    = each.key == "p" ? var.v : "0"
}
resource "terraform_data" "index" {
  count = 2
  lifecycle { replace_triggered_by = [terraform_data.n[count.index]] }
}
resource "terraform_data" "n" {
  count = 2
  input = count.index == 1 ? var.v : "0"
}
resource "terraform_data" "chain" {
  lifecycle { replace_triggered_by = [terraform_data.whole] }
}
resource "terraform_data" "cbd" {
  lifecycle {
    create_before_destroy = true
    replace_triggered_by  = [terraform_data.a]
  }
}
