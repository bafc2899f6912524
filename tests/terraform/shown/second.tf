resource "terraform_data" "later" {
  input = "k"
}

resource "fake_object" "made" {
  name      = "a"
  size      = 3
  secret    = "hunter3"
  tags      = { team = "x", added = "1", later = terraform_data.later.output }
  labels    = ["c", "a"]
  rules     = [{ port = 1, protocol = "tcp" }, { port = 2, sources = ["a", "c"] }, { port = 3, sources = [] }]
  content   = "one\n2\nthree\nfour\n"
  settings  = jsonencode({ x = "2" })
  owner     = { name = "p", key = "kk22" }
  endpoints = [{ host = "h", port = 1 }, { host = "j" }]
  limits    = { cpu = { hard = 0.5 }, "m m" = { hard = 1, soft = 3 }, disk = { hard = 1 } }
  mirrors   = [{ host = "n", port = 2 }, { host = "o", port = 3 }]

  disk {
    size = 2
    kind = "hdd"
  }
  port {
    number = 80
  }
  port {
    number = 100
  }
  mount "data" {
    disk      = 0
    read_only = true
  }
  placement {
    zone {
      name = "y"
    }
  }
  timeouts {
    create = "2m"
  }
}

resource "fake_object" "bare" {
  name   = "bare"
  region = "fake-2"

  depends_on = [fake_object.made]
}
