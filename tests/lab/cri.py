"""A client of the Container Runtime Interface, which the kubelet speaks with its runtime: pods and nothing else.

Messages are made of field numbers: {1: {1: "name"}} is a message whose field 1 is a message whose field 1 is "name". A list
is a repeated field; a map is a list of messages with the key as field 1 and the value as field 2.
"""
from __future__ import annotations

import os

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # tests start processes; the library need not prepare for it

import grpc  # noqa: E402

SERVICE = "/runtime.v1.RuntimeService/"
VARINT, LENGTH = 0, 2  # types of fields on the wire


class Refused(Exception):
    """The runtime answered a request with an error."""

    def __init__(self, error: grpc.RpcError):
        super().__init__(f"{error.code().name}: {error.details()}")


class Cri:
    """A connection to a runtime."""

    def __init__(self, socket: str):
        self._channel = grpc.insecure_channel(f"unix:{socket}")

    def close(self):
        self._channel.close()

    def call(self, name: str, request: dict, timeout: float = 120) -> dict[int, list]:
        try:
            return self.begin(name, request, timeout).result()
        except grpc.RpcError as error:
            raise Refused(error) from None

    def begin(self, name: str, request: dict, timeout: float = 120) -> grpc.Future:
        """A request whose answer is waited for later, or that is taken back by cancel()."""
        method = self._channel.unary_unary(SERVICE + name, request_serializer=encode, response_deserializer=decode)
        return method.future(request, timeout=timeout)


def encode(message: dict) -> bytes:
    return b"".join(_field(number, value) for number, values in message.items()
                    for value in (values if isinstance(values, list) else [values]))


def pairs(mapping: dict[str, str]) -> list[dict]:
    """A map of texts as a field's value."""
    return [{1: key, 2: value} for key, value in mapping.items()]


def _field(number: int, value) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3 | VARINT) + _varint(value)
    content = encode(value) if isinstance(value, dict) else value.encode()
    return _varint(number << 3 | LENGTH) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    groups = []
    while value > 0x7f:
        groups.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes([*groups, value])


def decode(content: bytes) -> dict[int, list]:
    """The fields of a message: numbers, and bytes that are text or messages again."""
    fields, at = {}, 0
    while at < len(content):
        tag, at = _read_varint(content, at)
        value, at = _read_varint(content, at)
        if tag & 7 == LENGTH:
            value, at = content[at:at + value], at + value
        elif tag & 7 != VARINT:
            raise ValueError(f"field {tag >> 3} has type {tag & 7}")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _read_varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
