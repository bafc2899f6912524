"""Drives the sandbox's S3 with boto3; ends with an error at the first thing that is not as on AWS."""

import io
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

s3 = boto3.client("s3", config=Config(retries={"max_attempts": 0}))
here = {"LocationConstraint": "eu-central-1"}


def fails(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response["Error"]
        return
    raise AssertionError(f"no {code}")


fails("InvalidBucketName", s3.create_bucket, Bucket="state_", CreateBucketConfiguration=here)
fails("IllegalLocationConstraintException", s3.create_bucket, Bucket="state")
s3.create_bucket(Bucket="state", CreateBucketConfiguration=here)
fails("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="state", CreateBucketConfiguration=here)
s3.get_waiter("bucket_exists").wait(Bucket="state")
assert s3.get_bucket_location(Bucket="state")["LocationConstraint"] == "eu-central-1"
assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["state"]
assert "Status" not in s3.get_bucket_versioning(Bucket="state")
s3.put_bucket_versioning(Bucket="state", VersioningConfiguration={"Status": "Enabled"})
assert s3.get_bucket_versioning(Bucket="state")["Status"] == "Enabled"
fails("404", s3.head_bucket, Bucket="nobody")
fails("NoSuchBucket", s3.put_object, Bucket="nobody", Key="a", Body=b"a")

# Conditions: who writes first, and who writes what he has seen.
first = s3.put_object(Bucket="state", Key="a b/c+d.json", Body=b"one", IfNoneMatch="*", ContentType="application/json", Metadata={"who": "me"})
assert first["ETag"] == '"f97c5d29941bfb1b2fdab0874906ab82"', first
fails("PreconditionFailed", s3.put_object, Bucket="state", Key="a b/c+d.json", Body=b"two", IfNoneMatch="*")
fails("PreconditionFailed", s3.put_object, Bucket="state", Key="a b/c+d.json", Body=b"two", IfMatch='"0"')
second = s3.put_object(Bucket="state", Key="a b/c+d.json", Body=b"two", IfMatch=first["ETag"])
found = s3.get_object(Bucket="state", Key="a b/c+d.json")
assert found["Body"].read() == b"two" and found["ETag"] == second["ETag"], found
fails("304", s3.get_object, Bucket="state", Key="a b/c+d.json", IfNoneMatch=second["ETag"])
fails("NoSuchKey", s3.get_object, Bucket="state", Key="nothing")
fails("404", s3.head_object, Bucket="state", Key="nothing")
s3.put_object(Bucket="state", Key="typed", Body=b"0123456789", ContentType="text/x", Metadata={"who": "me"})
head = s3.head_object(Bucket="state", Key="typed")
assert head["ContentLength"] == 10 and head["ContentType"] == "text/x" and head["Metadata"] == {"who": "me"}, head
assert s3.get_object(Bucket="state", Key="typed", Range="bytes=2-4")["Body"].read() == b"234"
s3.upload_fileobj(io.BytesIO(b"x" * 100_000), "state", "streamed")
assert s3.head_object(Bucket="state", Key="streamed")["ContentLength"] == 100_000
url = s3.generate_presigned_url("get_object", Params={"Bucket": "state", "Key": "typed"})
with urllib.request.urlopen(url) as answer:
    assert answer.read() == b"0123456789"
try:
    urllib.request.urlopen(url.replace("typed", "streamed"))
    raise AssertionError("a signature for another object")
except urllib.error.HTTPError as error:
    assert error.code == 403

# Lists.
for number in range(7):
    s3.put_object(Bucket="state", Key=f"env/{number}/state", Body=b"x")
pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="state", Prefix="env/", PaginationConfig={"PageSize": 3}))
assert [len(page["Contents"]) for page in pages] == [3, 3, 1], pages
listed = s3.list_objects_v2(Bucket="state", Prefix="env/", Delimiter="/", MaxKeys=4)
assert [one["Prefix"] for one in listed["CommonPrefixes"]] == ["env/0/", "env/1/", "env/2/", "env/3/"] and listed["IsTruncated"]
rest = s3.list_objects_v2(Bucket="state", Prefix="env/", Delimiter="/", ContinuationToken=listed["NextContinuationToken"])
assert [one["Prefix"] for one in rest["CommonPrefixes"]] == ["env/4/", "env/5/", "env/6/"], rest
assert s3.list_objects_v2(Bucket="state", Prefix="a b")["Contents"][0]["Key"] == "a b/c+d.json"
fails("BucketNotEmpty", s3.delete_bucket, Bucket="state")
keys = [{"Key": one["Key"]} for one in s3.list_objects_v2(Bucket="state")["Contents"]]
assert len(s3.delete_objects(Bucket="state", Delete={"Objects": keys})["Deleted"]) == len(keys) == 10
s3.delete_object(Bucket="state", Key="nothing")
s3.delete_bucket(Bucket="state")
assert s3.list_buckets()["Buckets"] == []
