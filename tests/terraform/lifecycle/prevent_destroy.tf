### -var=v=1
variable "v" {}
resource "terraform_data" "a" {
  count = var.v == "1" ? 2 : 1
  lifecycle { prevent_destroy = true }
}
resource "terraform_data" "b" {
  triggers_replace = var.v
  lifecycle { prevent_destroy = true }
}
resource "terraform_data" "c" {
  lifecycle { prevent_destroy = true }
}
### -var=v=2
variable "v" {}
resource "terraform_data" "a" {
  count = var.v == "1" ? 2 : 1
  lifecycle { prevent_destroy = true }
}
resource "terraform_data" "b" {
  triggers_replace = var.v
  lifecycle { prevent_destroy = true }
}
### -var=v=1 -destroy
variable "v" {}
resource "terraform_data" "a" {
  count = var.v == "1" ? 2 : 1
  lifecycle { prevent_destroy = true }
}
### -var=v=1
variable "v" {}
resource "terraform_data" "a" {
  count = 1
}
