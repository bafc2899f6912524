### -var=v=1
variable "v" {}
resource "terraform_data" "base" { triggers_replace = var.v }
resource "terraform_data" "middle" {
  input            = local.through
  triggers_replace = var.v
}
locals { through = terraform_data.base.id }
resource "terraform_data" "top" {
  input            = terraform_data.middle.id
  triggers_replace = var.v
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "beside" {
  input            = terraform_data.top.id
  triggers_replace = var.v
}
module "m" {
  source = "./m"
  v      = var.v
}
resource "terraform_data" "waits" {
  triggers_replace = var.v
  depends_on       = [module.m]
  lifecycle { create_before_destroy = true }
}
# m/main.tf
variable "v" {}
resource "terraform_data" "unused" { triggers_replace = var.v }
### -var=v=2
variable "v" {}
resource "terraform_data" "base" { triggers_replace = var.v }
resource "terraform_data" "middle" {
  input            = local.through
  triggers_replace = var.v
}
locals { through = terraform_data.base.id }
resource "terraform_data" "top" {
  input            = terraform_data.middle.id
  triggers_replace = var.v
  lifecycle { create_before_destroy = true }
}
resource "terraform_data" "beside" {
  input            = terraform_data.top.id
  triggers_replace = var.v
}
module "m" {
  source = "./m"
  v      = var.v
}
resource "terraform_data" "waits" {
  triggers_replace = var.v
  depends_on       = [module.m]
  lifecycle { create_before_destroy = true }
}
# m/main.tf
variable "v" {}
resource "terraform_data" "unused" { triggers_replace = var.v }
