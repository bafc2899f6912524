resource "fake_object" "made" {
  name      = "a"
  secret    = "hunter2"
  tags      = { team = "x", "with space" = "$${y}", long_key = "z" }
  labels    = ["b", "a"]
  rules     = [{ port = 1 }, { port = 2, protocol = "tcp", sources = ["a", "b"] }, { port = 3, sources = [] }]
  content   = "one\ntwo\nthree\n"
  settings  = { x = "1", y = { z = [1, 2] } }
  owner     = { name = "o", key = "kk11", email = "e" }
  endpoints = [{ host = "h", port = 1 }, { host = "i" }, { host = "j" }]
  limits    = { cpu = { hard = 0.5 }, "m m" = { hard = 1, soft = 2 }, memory = { hard = 4 } }
  mirrors   = [{ host = "m" }, { host = "n", port = 2 }]

  disk {
    size = 1
  }
  disk {
    size = 2
    kind = "hdd"
  }
  port {
    number = 80
  }
  port {
    number   = 90
    protocol = "udp"
  }
  mount "data" {
    disk = 0
  }
  mount "log files" {
    disk      = 1
    read_only = true
  }
  placement {
    strategy = "pack"
    zone {
      name = "z"
    }
    zone {
      name = "y"
    }
  }
}

resource "fake_object" "bare" {
  name = "bare"

  depends_on = [fake_object.made]
}
