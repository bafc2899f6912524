"""Runs one script of boto3 calls against the sandbox and against moto, and compares all that they answer.

    differential.py NAME OURS THEIRS

`differential_NAME.py` has the calls (`run(call, wait)`) and the differences that are on purpose (`DIFFERENCES`: a pattern of
`operation:label/path` with the reason, which names AWS's documentation). A difference that is not listed is a failure, and
so is a listed one that does not occur. Not compared: the words of messages, which AWS promises nothing about; values that
are new each time (ids, times, keys), of which only the form is compared.
"""

import fnmatch
import importlib
import re
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

import response_check

REGION = "eu-west-1"
# What is new each time, in the order in which it is looked for.
FORMS = [
    (re.compile(r"\b(A[A-Z]{3})[A-Z0-9]{12,17}\b"), r"<\1>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b([a-z]+)-[0-9a-f]{8,17}\b"), r"<\1>"),
    (re.compile(r"/id/[0-9A-Fa-f]{20,40}\b"), "/id/<id>"),
]


# Members by which lists are brought into an order.
NAMES = ("Arn", "PolicyArn", "VersionId", "Key")
# Members whose values say nothing.
OPAQUE = {"Marker", "NextToken", "nextToken", "SecretAccessKey", "SessionToken"}


def plain(value):
    """Returns a value with what is new each time replaced by its form."""
    if isinstance(value, dict):
        members = {key: member for key, member in value.items() if key != "ResponseMetadata"}
        return {key: f"<{key}>" if key in OPAQUE and member else plain(member) for key, member in members.items()}
    if isinstance(value, (list, tuple)):
        members = [plain(member) for member in value]
        # The order of what has names is documented nowhere, and moto's is that of chance.
        named = next((name for name in NAMES if members and all(isinstance(m, dict) and name in m for m in members)), None)
        return sorted(members, key=lambda member: str(member[named])) if named else members
    if hasattr(value, "isoformat"):
        return "<time>"
    if isinstance(value, str):
        for pattern, form in FORMS:
            value = pattern.sub(form, value)
    return value


def differences(ours, theirs, path=""):
    """Yields where two values differ, and how."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if key not in theirs:
                yield f"{path}/{key}", ours[key], "nothing"
            elif key not in ours:
                yield f"{path}/{key}", "nothing", theirs[key]
            else:
                yield from differences(ours[key], theirs[key], f"{path}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, pair in enumerate(zip(ours, theirs)):
            yield from differences(*pair, f"{path}/{number}")
    elif ours != theirs:
        yield path, ours, theirs


class World:
    """One of the two: calls it, and remembers what it answered under each name."""

    def __init__(self, endpoint, is_ours):
        self.endpoint = endpoint
        self.is_ours = is_ours
        self.clients = {}
        self.answers = {}

    def client(self, service):
        if service not in self.clients:
            config = Config(retries={"max_attempts": 0}, parameter_validation=False)
            client = boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, config=config)
            self.clients[service] = response_check.watch(client) if self.is_ours else client
        return self.clients[service]

    def call(self, service, operation, label="", **arguments):
        """Calls an operation and remembers its answer; returns it, an empty one if it failed."""
        name = f"{operation}:{label}"
        assert name not in self.answers, f"{name} is called twice: give it a label"
        try:
            answer = getattr(self.client(service), operation)(**arguments)
            self.answers[name] = plain(answer)
            return answer
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            self.answers[name] = {"error": error.response["Error"]["Code"], "status": status}
            return {}
        except ResponseParserError:
            # What is no answer at all: moto's page for an exception of its own.
            self.answers[name] = {"error": "no answer", "status": 500}
            return {}

    def wait(self, service, operation, is_over, **arguments):
        """Waits until something is as it is to be; an error is a state, too. Remembers nothing."""
        for _ in range(400):
            try:
                answer = getattr(self.client(service), operation)(**arguments)
            except ClientError as error:
                answer = {"error": error.response["Error"]["Code"]}
            if is_over(answer):
                return
            time.sleep(0.05)
        raise AssertionError(f"{self.endpoint}: {operation} stays {answer}")


def main(name, *endpoints):
    module = importlib.import_module(f"differential_{name}")
    worlds = [World(endpoint, is_ours) for endpoint, is_ours in zip(endpoints, (True, False))]
    for world in worlds:
        module.run(world.call, world.wait)
    ours, theirs = worlds[0].answers, worlds[1].answers
    found, used = [], set()
    for name in ours:
        for path, one, other in differences(ours[name], theirs.get(name, "nothing")):
            place = name + path
            listed = [pattern for pattern, _ in module.DIFFERENCES if fnmatch.fnmatchcase(place, pattern)]
            used.update(listed)
            if not listed:
                found.append(f"{place}: ours {one!r}, moto's {other!r}")
    found += [f"{pattern}: listed, and there is no such difference" for pattern, _ in module.DIFFERENCES if pattern not in used]
    print(f"{len(ours)} calls, {len(module.DIFFERENCES)} differences on purpose, {len(found)} others")
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
