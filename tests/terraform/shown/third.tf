resource "fake_object" "made" {
  name    = "a"
  content = "one line"
  rules   = [{ port = 3, sources = [] }]

  disk {
    size = 2
    kind = "hdd"
  }
  disk {
    size = 5
  }
}

resource "fake_object" "bare" {
  name = "other"

  depends_on = [fake_object.made]
}
