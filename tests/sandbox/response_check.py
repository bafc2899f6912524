"""Holds every answer of the sandbox against the model of the service that botocore has: what is required is there, words are
among those that there are, types are right, and nothing is there that the model does not know.

`watch(client)` does so for all that a client is answered from now on. As a program it calls each operation of EKS with
nothing that exists: it is refused with an error that the model knows, or with the clear one that it is not emulated.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# What any operation may answer. https://docs.aws.amazon.com/eks/latest/APIReference/CommonErrors.html
# ResourceNotFoundException comes from all that name a cluster, whether or not the model lists it for the operation.
COMMON = {"AccessDeniedException", "ResourceNotFoundException", "SerializationException", "ThrottlingException"}


def wrong_in(shape, value, place):
    """Yields what is wrong in a parsed value."""
    kind = shape.type_name
    if kind == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"{place}.{name} is required and not there"
        for name, member in value.items():
            if name in shape.members:
                yield from wrong_in(shape.members[name], member, f"{place}.{name}")
    elif kind == "list":
        for number, member in enumerate(value):
            yield from wrong_in(shape.member, member, f"{place}[{number}]")
    elif kind == "map":
        for key, member in value.items():
            yield from wrong_in(shape.value, member, f"{place}.{key}")
    elif kind == "string":
        # Documents of policies are decoded by a handler of botocore's.
        if not isinstance(value, str) and not isinstance(value, dict):
            yield f"{place} is no string: {value!r}"
        if getattr(shape, "enum", None) and value not in shape.enum:
            yield f"{place} is {value!r}, which is none of {shape.enum}"
    elif kind in ("integer", "long") and not isinstance(value, int):
        yield f"{place} is no number: {value!r}"
    elif kind == "boolean" and not isinstance(value, bool):
        yield f"{place} is no truth value: {value!r}"
    elif kind == "timestamp" and not hasattr(value, "isoformat"):
        yield f"{place} is no time: {value!r}"


def unknown_in(shape, value, place):
    """Yields members of a JSON answer that the model does not know."""
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for name, member in value.items():
            if name not in names:
                yield f"{place}.{name} is not in the model"
            elif member is not None:
                yield from unknown_in(names[name], member, f"{place}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        for number, member in enumerate(value):
            yield from unknown_in(shape.member, member, f"{place}[{number}]")


def watch(client):
    """Checks all that a client is answered; the first wrong thing is an error."""

    def check(http_response, parsed, model, **_):
        if http_response.status_code >= 300 or model.output_shape is None:
            return
        wrong = list(wrong_in(model.output_shape, {k: v for k, v in parsed.items() if k != "ResponseMetadata"}, model.name))
        if model.metadata["protocol"] == "rest-json":
            wrong += unknown_in(model.output_shape, json.loads(http_response.content), model.name)
        assert not wrong, "\n".join(wrong)

    client.meta.events.register_last("after-call", check)
    return client


def example(shape, name):
    """Returns the least that an operation can be called with."""
    if shape.type_name == "structure":
        return {member: example(shape.members[member], member) for member in shape.required_members}
    if getattr(shape, "enum", None):
        return shape.enum[0]
    kinds = {"list": [], "map": {}, "boolean": False, "integer": 1, "long": 1}
    return kinds.get(shape.type_name, f"no-{name}")


def main():
    eks = boto3.client("eks", config=Config(retries={"max_attempts": 0}, parameter_validation=False))
    watch(eks)
    made, missing = [], []
    for operation in eks.meta.service_model.operation_names:
        model = eks.meta.service_model.operation_model(operation)
        arguments = example(model.input_shape, operation) if model.input_shape else {}
        try:
            eks._make_api_call(operation, arguments)
            made.append(operation)
        except ClientError as error:
            code, text = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code == "UnknownOperationException":
                assert f"does not emulate the operation {operation} of EKS" in text, (operation, text)
                missing.append(operation)
            else:
                known = {shape.name for shape in model.error_shapes} | COMMON
                assert code in known, f"{operation} answers {code}, which is none of {sorted(known)}: {text}"
                made.append(operation)
    print(f"{len(made)} operations of EKS are there, {len(missing)} are not emulated: {', '.join(missing)}")


if __name__ == "__main__":
    sys.exit(main())
