environment = "prod"
platform    = "eks"
region      = "eu-west-1"
brokers     = 3
protected   = false # true, once it is there to stay

pools = {
  core   = { machine = "large", min = 3, max = 6 }
  stream = { machine = "xlarge", min = 3, max = 9, labels = { work = "stream" } }
}
