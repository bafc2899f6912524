import {
  to = fake_object.found
  id = "object-1"
}
