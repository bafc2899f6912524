### 
resource "terraform_data" "a" { count = 2 }
resource "terraform_data" "b" { for_each = toset(["k", "l"]) }
resource "terraform_data" "c" {}
resource "terraform_data" "d" { count = 2 }
resource "terraform_data" "e" { for_each = toset(["k", "l"]) }
resource "terraform_data" "f" {}
resource "terraform_data" "g" { count = 2 }
resource "terraform_data" "h" { count = 2 }
module "m" {
  source = "./m"
  count  = 2
}
module "n" {
  source = "./m"
}
# m/main.tf
resource "terraform_data" "i" {}
resource "terraform_data" "j" {}
### 
resource "terraform_data" "a" { count = 0 }
resource "terraform_data" "b" { for_each = toset(["l"]) }
resource "terraform_data" "c" { for_each = toset(["l"]) }
resource "terraform_data" "d" { for_each = toset(["l"]) }
resource "terraform_data" "e" { count = 1 }
resource "terraform_data" "g" {}
module "m" {
  source = "./m"
  count  = 1
}
# m/main.tf
resource "terraform_data" "i" {}
