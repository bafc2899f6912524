# __generated__ by Terraform
resource "gen_thing" "x" {
  provider  = gen.other
  big       = 1000000000000000000000000000000
  dyn       = ["d", 1]
  empty     = null
  empty_req = ""
  float     = 0.1
  int       = 12345678901234
  json = jsonencode({
    a = {
      "c d" = "x"
      e     = {}
    }
    b     = [1, 2.5, true, null]
    empty = []
  })
  json_array = jsonencode(["x", {
    y = 1
  }])
  json_empty = jsonencode({})
  json_null  = jsonencode(null)
  json_text  = "\"quoted\""
  lines      = "one\ntwo\n"
  list       = ["a", "b\nc"]
  list_empty = []
  map = {
    "$${t}"      = "6"
    "0num"       = "3"
    dash-ed      = "4"
    "do.t"       = "5"
    plain        = "1"
    "with space" = "2"
  }
  map_empty = {}
  maps = {
    k    = [true]
    none = null
  }
  n_deep = {
    l = [
      {
        a      = "x"
        id     = "i"
        longer = 1
        pw     = null # sensitive
      },
    ]
    m = {
      k = {
        a      = "x"
        id     = "i"
        longer = 1
        pw     = null # sensitive
      }
    }
  }
  n_list = [
    {
      a      = "x"
      id     = "i"
      longer = 1
      pw     = null # sensitive
    },
    {
      a      = null
      id     = "i"
      longer = 2
      pw     = null # sensitive
    },
  ]
  n_list0 = [
  ]
  n_lists = [] # sensitive
  n_map = {
    k = {
      a      = "x"
      id     = "i"
      longer = 1
      pw     = null # sensitive
    }
    "k 2" = {
      a      = null
      id     = "i"
      longer = 2
      pw     = null # sensitive
    }
  }
  n_map0 = {
  }
  n_none   = null
  n_secret = {} # sensitive
  n_set = [
    {
      a      = null
      id     = "i"
      longer = 2
      pw     = null # sensitive
    },
    {
      a      = "x"
      id     = "i"
      longer = 1
      pw     = null # sensitive
    },
  ]
  n_single = {
    a      = "x"
    id     = "i"
    longer = 1
    pw     = null # sensitive
  }
  name    = "n-the id"
  nothing = null
  obj = {
    n      = null
    x      = "1"
    y_long = [1, 2]
  }
  objs = [{
    x = "1"
    yy = {
      k = "v"
    }
    }, {
    x  = null
    yy = null
  }]
  oc     = "chosen"
  odd    = "a\"b\\c $${x} %%{y} $$${z} $ % \t é \u0007 😀 end\u200b"
  secret = null # sensitive
  set    = [1, 2, 3]
  yes    = true
  b_list {
    a      = "x"
    id     = "i"
    longer = 1
    pw     = null # sensitive
    deep {
      x = true
    }
    deep {
      x = false
    }
  }
  b_list {
    a      = null
    id     = "i"
    longer = 2
    pw     = null # sensitive
  }
  b_single {
    a      = "x"
    id     = "i"
    longer = 1
    pw     = null # sensitive
  }
}
