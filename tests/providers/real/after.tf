terraform {
  required_providers {
    fake = { source = "example.com/test/fake" }
  }
}

provider "fake" {
  world = "world.json"
}

resource "random_id" "id" {
  byte_length = 4
  keepers     = { version = "1" }
}

resource "random_password" "secret" {
  length  = 20
  special = false
}

resource "tls_private_key" "key" {
  algorithm = "ED25519"
}

resource "tls_self_signed_cert" "certificate" {
  private_key_pem       = tls_private_key.key.private_key_pem
  validity_period_hours = 24
  allowed_uses          = ["key_encipherment", "server_auth"]

  subject {
    common_name  = "example.com"
    organization = "Another"
  }
}

resource "time_static" "now" {
  triggers = { id = random_id.id.hex }
}

resource "time_sleep" "short" {
  create_duration = "100ms"
  depends_on      = [time_static.now]
}

resource "null_resource" "nothing" {
  triggers = { id = random_id.id.hex, fixed = "b" }
}

resource "local_file" "file" {
  filename = "made/${random_id.id.hex}.txt"
  content  = "secret of ${length(random_password.secret.result)} characters"
}

resource "fake_object" "object" {
  name = "object"
  size = length(local_file.file.content)
  tags = { id = random_id.id.hex }
}

output "common_name" {
  value = tls_self_signed_cert.certificate.subject[0].common_name
}
