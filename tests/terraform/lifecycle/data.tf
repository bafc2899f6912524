### -var=v=1
variable "v" {}
resource "terraform_data" "a" { input = var.v }
data "terraform_remote_state" "plain" {
  backend = "local"
  config  = { path = "other.tfstate" }
  defaults = { x = terraform_data.a.id }
}
data "terraform_remote_state" "waits" {
  backend    = "local"
  config     = { path = "other.tfstate" }
  depends_on = [terraform_data.a]
}
module "m" {
  source     = "./m"
  depends_on = [terraform_data.a]
}
resource "terraform_data" "user" { input = data.terraform_remote_state.waits.backend }
# m/main.tf
data "terraform_remote_state" "inside" {
  backend = "local"
  config  = { path = "other.tfstate" }
}
# other.tfstate
{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"x","outputs":{"x":{"value":1,"type":"number"}},"resources":[]}
### -var=v=2
variable "v" {}
resource "terraform_data" "a" { input = var.v }
data "terraform_remote_state" "plain" {
  backend = "local"
  config  = { path = "other.tfstate" }
  defaults = { x = terraform_data.a.id }
}
data "terraform_remote_state" "waits" {
  backend    = "local"
  config     = { path = "other.tfstate" }
  depends_on = [terraform_data.a]
}
module "m" {
  source     = "./m"
  depends_on = [terraform_data.a]
}
resource "terraform_data" "user" { input = data.terraform_remote_state.waits.backend }
# m/main.tf
data "terraform_remote_state" "inside" {
  backend = "local"
  config  = { path = "other.tfstate" }
}
# other.tfstate
{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"x","outputs":{"x":{"value":1,"type":"number"}},"resources":[]}
### -var=v=2
variable "v" {}
resource "terraform_data" "a" { input = var.v }
data "terraform_remote_state" "waits" {
  backend    = "local"
  config     = { path = "other.tfstate" }
  depends_on = [terraform_data.a]
}
module "m" {
  source     = "./m"
  depends_on = [terraform_data.a]
}
resource "terraform_data" "user" { input = data.terraform_remote_state.waits.backend }
# m/main.tf
data "terraform_remote_state" "inside" {
  backend = "local"
  config  = { path = "other.tfstate" }
}
# other.tfstate
{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"x","outputs":{"x":{"value":1,"type":"number"}},"resources":[]}
