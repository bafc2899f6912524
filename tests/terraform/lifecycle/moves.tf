### 
resource "terraform_data" "a" { input = 1 }
resource "terraform_data" "b" { input = 2 }
resource "terraform_data" "x" { input = 3 }
resource "terraform_data" "y" { input = 4 }
### 
resource "terraform_data" "c" {
  input = 1
}
resource "terraform_data" "d" {
  input = 1
}
moved {
  from = terraform_data.a
  to   = terraform_data.c
}
moved {
  from = terraform_data.a
  to   = terraform_data.d
}
### 
resource "terraform_data" "c" {
  input = 1
}
moved {
  from = terraform_data.a
  to   = terraform_data.c
}
moved {
  from = terraform_data.b
  to   = terraform_data.c
}
### 
resource "terraform_data" "c" {
  input = 1
}
moved {
  from = terraform_data.a
  to   = terraform_data.b
}
moved {
  from = terraform_data.b
  to   = terraform_data.a
}
### 
resource "terraform_data" "a" { input = 1 }
resource "terraform_data" "b" { input = 2 }
resource "terraform_data" "x" { input = 3 }
resource "terraform_data" "y" { input = 4 }
moved {
  from = terraform_data.a
  to   = terraform_data.a
}
### 
resource "terraform_data" "a" { input = 1 }
resource "terraform_data" "b" { input = 2 }
resource "terraform_data" "x" { input = 3 }
resource "terraform_data" "y" { input = 4 }
moved {
  from = terraform_data.a
  to   = terraform_data.c
}
### 
resource "terraform_data" "c" {
  input = 1
  count = 1
}
moved {
  from = terraform_data.c[0]
  to   = terraform_data.d
}
### 
resource "terraform_data" "a" { input = 1 }
resource "terraform_data" "b" { input = 2 }
resource "terraform_data" "x" { input = 3 }
resource "terraform_data" "y" { input = 4 }
module "m" {
  source = "./m"
}
moved {
  from = module.m
  to   = module.n
}
# m/main.tf
resource "terraform_data" "i" {}
### 
resource "terraform_data" "b" {
  input = 2
}
resource "terraform_data" "x" {
  input = 3
}
resource "terraform_data" "y" {
  input = 4
}
moved {
  from = terraform_data.a
  to   = terraform_data.b
}
### 
resource "terraform_data" "d" {
  input = 10
}
resource "terraform_data" "e" {
  input = 2
  triggers_replace = 1
}
resource "terraform_data" "z" {
  input = 4
  count = 1
}
moved {
  from = terraform_data.c
  to   = terraform_data.d
}
moved {
  from = terraform_data.b
  to   = terraform_data.c
}
moved {
  from = terraform_data.x
  to   = terraform_data.gone
}
moved {
  from = terraform_data.y
  to   = terraform_data.z[0]
}
### 
resource "terraform_data" "d" {
  input = 10
}
resource "terraform_data" "e" {
  input = 2
  triggers_replace = 1
}
resource "terraform_data" "z" {
  input = 4
  for_each = toset(["k"])
}
moved {
  from = terraform_data.z[0]
  to   = terraform_data.z["k"]
}
### 
module "m" {
  source = "./m"
}
moved {
  from = terraform_data.d
  to   = module.m.terraform_data.i
}
moved {
  from = terraform_data.e
  to   = module.m.terraform_data.j
}
# m/main.tf
resource "terraform_data" "i" {
  input = 10
}
resource "terraform_data" "j" {
  input = 3
  triggers_replace = 1
}
### 
module "n" {
  source = "./m"
  count = 1
}
moved {
  from = module.m
  to   = module.n
}
# m/main.tf
resource "terraform_data" "i" {
  input = 10
}
resource "terraform_data" "j" {
  input = 3
  triggers_replace = 1
}
### 
module "n" {
  source = "./m"
  for_each = toset(["k"])
}
moved {
  from = module.n[0]
  to   = module.n["k"]
}
# m/main.tf
resource "terraform_data" "i2" {
  input = 10
}
resource "terraform_data" "j" {
  input = 3
  triggers_replace = 1
}
moved {
  from = terraform_data.i
  to   = terraform_data.i2
}
### 
resource "terraform_data" "q" {
  input = 1
}
moved {
  from = data.terraform_remote_state.a
  to   = terraform_data.q
}
### 
module "n" {
  source = "./m"
}
moved {
  from = module.n
  to   = module.n["k"]
}
# m/main.tf
resource "terraform_data" "j" {}
### 
module "n" {
  source   = "./m"
  for_each = toset(["k", "l"])
}
module "o" {
  source = "./m"
}
moved {
  from = module.n["k"]
  to   = module.o
}
# m/main.tf
resource "terraform_data" "j" {}
### 
module "n" {
  source   = "./m"
  for_each = toset(["l"])
}
module "o" {
  source = "./m"
}
moved {
  from = module.n["k"]
  to   = module.o
}
# m/main.tf
resource "terraform_data" "j" {}
