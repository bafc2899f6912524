### 
variable "s" {
  sensitive = true
  default   = "hunter2"
}
resource "terraform_data" "becomes" { input = nonsensitive(var.s) }
resource "terraform_data" "ceases" { triggers_replace = var.s }
resource "terraform_data" "stays" { triggers_replace = { a = var.s, b = 1 } }
### 
variable "s" {
  sensitive = true
  default   = "hunter2"
}
resource "terraform_data" "becomes" { input = nonsensitive(var.s) }
resource "terraform_data" "ceases" { triggers_replace = nonsensitive(var.s) }
resource "terraform_data" "stays" { triggers_replace = { a = var.s, b = 1 } }
### 
variable "s" {
  sensitive = true
  default   = "hunter2"
}
resource "terraform_data" "becomes" { triggers_replace = var.s }
resource "terraform_data" "ceases" { triggers_replace = nonsensitive(var.s) }
resource "terraform_data" "stays" { triggers_replace = { a = var.s, b = 1 } }
output "exposed" { value = terraform_data.stays.triggers_replace }
### 
variable "s" {
  sensitive = true
  default   = "hunter2"
}
resource "terraform_data" "ceases" { triggers_replace = var.s }
resource "terraform_data" "stays" { triggers_replace = { a = var.s, b = 1 } }
output "hidden" {
  value     = terraform_data.stays.triggers_replace
  sensitive = true
}
