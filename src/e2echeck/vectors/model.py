# SPDX-License-Identifier: Apache-2.0
"""What a vector is, how it is written, and the JSON Schema that follows from both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from e2echeck.errors import InputError
from e2echeck.reasons import Reason
from e2echeck.vectors.operations import OPERATIONS, Kind, Operation, Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FORMAT",
    "Result",
    "RoomKey",
    "Value",
    "Vector",
    "VectorFile",
    "json_schema",
    "read_values",
    "write_values",
]

FORMAT: Final = 1
"""The version of the file format."""

ID_PATTERN: Final = r"^[a-z0-9_]+\.[a-z0-9_]+::[a-z0-9-]+(::[a-z0-9-]+)?$"

RoomKey: TypeAlias = "tuple[str, str, bytes]"
"""room_id, session_id and the exported session."""

Value: TypeAlias = "bytes | int | str | list[bytes] | list[RoomKey]"
"""A value in Python: by `Kind`, BYTES is bytes, INTEGER int, BOOLEAN bool, WORD and HANDLE str, lists are lists."""


class Result(StrEnum):
    """What an implementation has to do.

    Attributes:
        VALID: accept, with this output.
        INVALID: refuse.
        ACCEPTABLE: either; deployed implementations differ, and neither answer is a fault.  One that accepts has to
            give this output.
    """

    VALID = "valid"
    INVALID = "invalid"
    ACCEPTABLE = "acceptable"


@dataclass(frozen=True, slots=True)
class Vector:
    """One call with its expected answer.

    Attributes:
        id: ``area.module::case`` or ``area.module::case::variant``; stable once published.
        description: one or more sentences in plain words.
        operation: a name of `OPERATIONS`.
        input: its values.
        result: what has to happen.
        output: what comes out when it is accepted; None when invalid.
        reason: why e2echeck, strict, refuses it; None when it accepts.
        clause: document and section of the rule.
        bug: a published defect that this vector shows, as an address or a CVE number; or None.
        confirmed_by: what vouches for the output of a valid vector, apart from e2echeck: publications, and other
            implementations that give it.
        refused_by: other implementations that refuse it, or accept it with another output.
        accepted_by: other implementations that accept an invalid or acceptable one.
        unrefused: for an invalid vector that no other implementation was seen to refuse, why it is invalid.
        flags: words that the file explains.
    """

    id: str
    description: str
    operation: str
    input: Mapping[str, Value]
    result: Result
    output: Mapping[str, Value] | None
    reason: Reason | None
    clause: str
    bug: str | None = None
    confirmed_by: tuple[str, ...] = ()
    refused_by: tuple[str, ...] = ()
    accepted_by: tuple[str, ...] = ()
    unrefused: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VectorFile:
    """The vectors of one module of an area.

    Attributes:
        area: the area, and the directory of the file.
        module: the part of it, and the name of the file.
        title: a heading.
        description: what these vectors are about.
        flags: the words used by `Vector.flags`, each with a sentence or more.
        vectors: the vectors in the order in which their cases are written.
    """

    area: str
    module: str
    title: str
    description: str
    flags: Mapping[str, str]
    vectors: tuple[Vector, ...]

    def to_json(self) -> str:
        """The file: the same value always gives the same characters, all of them ASCII."""
        value = {
            "format": FORMAT,
            "area": self.area,
            "module": self.module,
            "title": self.title,
            "description": self.description,
            "flags": dict(sorted(self.flags.items())),
            "vectors": [_vector_to_json(vector) for vector in self.vectors],
        }
        return json.dumps(value, indent=1, ensure_ascii=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> VectorFile:
        """Read a file that fits `json_schema`.

        NOT checked: the schema itself, and what `e2echeck.vectors.lint` checks.

        Raises:
            InputError: ``json.malformed`` for what is no vector file of this format.
        """
        try:
            value = json.loads(text)
            if value["format"] != FORMAT:
                raise InputError(Reason.JSON_MALFORMED, "a vector file of another format")
            vectors = tuple(_vector_from_json(item) for item in value["vectors"])
            return cls(
                value["area"], value["module"], value["title"], value["description"], value["flags"], vectors
            )
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
        raise InputError(Reason.JSON_MALFORMED, "no vector file")


def _vector_to_json(vector: Vector) -> dict[str, object]:
    operation = OPERATIONS[vector.operation]
    value: dict[str, object] = {
        "id": vector.id,
        "description": vector.description,
        "operation": vector.operation,
        "input": write_values(operation.input, vector.input),
        "result": vector.result.value,
    }
    if vector.output is not None:
        value["output"] = write_values(operation.output, vector.output)
    if vector.reason is not None:
        value["reason"] = vector.reason.value
    value["clause"] = vector.clause
    if vector.bug is not None:
        value["bug"] = vector.bug
    for name in ("confirmed_by", "refused_by", "accepted_by"):
        if getattr(vector, name):
            value[name] = list(getattr(vector, name))
    if vector.unrefused is not None:
        value["unrefused"] = vector.unrefused
    if vector.flags:
        value["flags"] = list(vector.flags)
    return value


def _vector_from_json(value: dict[str, Any]) -> Vector:
    operation = OPERATIONS[value["operation"]]
    output = value.get("output")
    reason = value.get("reason")
    return Vector(
        id=value["id"],
        description=value["description"],
        operation=operation.name,
        input=read_values(operation.input, value["input"]),
        result=Result(value["result"]),
        output=None if output is None else read_values(operation.output, output),
        reason=None if reason is None else _REASONS[reason],
        clause=value["clause"],
        bug=value.get("bug"),
        confirmed_by=tuple(value.get("confirmed_by", ())),
        refused_by=tuple(value.get("refused_by", ())),
        accepted_by=tuple(value.get("accepted_by", ())),
        unrefused=value.get("unrefused"),
        flags=tuple(value.get("flags", ())),
    )


_REASONS: Final = {reason.value: reason for reason in Reason}


def write_values(parameters: tuple[Parameter, ...], values: Mapping[str, Value]) -> dict[str, object]:
    """Values as JSON has them, in the order of the operation."""
    return {p.name: _write(p.kind, values[p.name]) for p in parameters if p.name in values}


def read_values(parameters: tuple[Parameter, ...], values: Mapping[str, Any]) -> dict[str, Value]:
    """The reverse of `write_values`; members that the operation does not have are a KeyError."""
    kinds = {parameter.name: parameter.kind for parameter in parameters}
    return {name: _read(kinds[name], value) for name, value in values.items()}


def _write(kind: Kind, value: Any) -> object:  # noqa: ANN401 - by kind
    if kind is Kind.BYTES:
        return value.hex()
    if kind is Kind.LIST:
        return [item.hex() for item in value]
    if kind is Kind.ROOM_KEYS:
        return [
            {"room_id": room_id, "session_id": session_id, "exported": exported.hex()}
            for room_id, session_id, exported in value
        ]
    return value


def _read(kind: Kind, value: Any) -> Value:  # noqa: ANN401 - by kind
    if kind is Kind.BYTES:
        return bytes.fromhex(value)
    if kind is Kind.LIST:
        return [bytes.fromhex(item) for item in value]
    if kind is Kind.ROOM_KEYS:
        return [(item["room_id"], item["session_id"], bytes.fromhex(item["exported"])) for item in value]
    if kind is Kind.HANDLE and not isinstance(value, str):
        raise TypeError(kind)
    word: int | str = value
    return word


_HEX: Final[dict[str, object]] = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
_TEXT: Final = {"type": "string", "minLength": 1}
_WORDS: Final = {"type": "array", "items": _TEXT, "minItems": 1, "uniqueItems": True}


def json_schema() -> dict[str, object]:
    """The JSON Schema (2020-12) of a vector file, made from this module and `OPERATIONS`."""
    vector = {
        "type": "object",
        "required": ["id", "description", "operation", "input", "result", "clause"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": ID_PATTERN},
            "description": _TEXT,
            "operation": {"enum": sorted(OPERATIONS)},
            "input": {"type": "object"},
            "result": {"enum": [result.value for result in Result]},
            "output": {"type": "object"},
            "reason": {"enum": sorted(reason.value for reason in Reason)},
            "clause": _TEXT,
            "bug": _TEXT,
            "confirmed_by": _WORDS,
            "refused_by": _WORDS,
            "accepted_by": _WORDS,
            "unrefused": _TEXT,
            "flags": _WORDS,
        },
        "allOf": [
            {
                "if": {"properties": {"result": {"const": Result.INVALID.value}}},
                "then": {
                    "properties": {"output": False, "confirmed_by": False},
                    "required": ["reason"],
                    "anyOf": [{"required": ["refused_by"]}, {"required": ["unrefused"]}],
                },
            },
            {
                "if": {"properties": {"result": {"const": Result.VALID.value}}},
                "then": {
                    "required": ["output", "confirmed_by"],
                    "properties": {"reason": False, "unrefused": False, "accepted_by": False},
                },
            },
            {
                "if": {"properties": {"result": {"const": Result.ACCEPTABLE.value}}},
                "then": {"required": ["output", "accepted_by", "refused_by"]},
            },
            *(_operation_rule(operation) for operation in OPERATIONS.values()),
        ],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "e2echeck test vectors",
        "type": "object",
        "required": ["format", "area", "module", "title", "description", "flags", "vectors"],
        "additionalProperties": False,
        "properties": {
            "format": {"const": FORMAT},
            "area": {"type": "string", "pattern": "^[a-z0-9_]+$"},
            "module": {"type": "string", "pattern": "^[a-z0-9_]+$"},
            "title": _TEXT,
            "description": _TEXT,
            "flags": {"type": "object", "additionalProperties": _TEXT},
            "vectors": {"type": "array", "minItems": 1, "items": vector},
        },
    }


def _operation_rule(operation: Operation) -> dict[str, object]:
    """What `input` and `output` of one operation look like."""
    given: dict[str, object] = _object_schema(operation.input)
    if operation.alternatives:
        given["allOf"] = [{"oneOf": [{"required": [name]} for name in group]} for group in operation.alternatives]
    return {
        "if": {"properties": {"operation": {"const": operation.name}}},
        "then": {"properties": {"input": given, "output": _object_schema(operation.output)}},
    }


def _object_schema(parameters: tuple[Parameter, ...]) -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [parameter.name for parameter in parameters if not parameter.optional],
        "properties": {parameter.name: _value_schema(parameter) for parameter in parameters},
    }


def _value_schema(parameter: Parameter) -> dict[str, object]:
    room_key = {
        "type": "object",
        "required": ["room_id", "session_id", "exported"],
        "additionalProperties": False,
        "properties": {"room_id": {"type": "string"}, "session_id": {"type": "string"}, "exported": _HEX},
    }
    schemas: dict[Kind, dict[str, object]] = {
        Kind.BYTES: _HEX,
        Kind.INTEGER: {"type": "integer"},
        Kind.BOOLEAN: {"type": "boolean"},
        Kind.WORD: {"enum": list(parameter.words)},
        Kind.LIST: {"type": "array", "items": _HEX},
        Kind.ROOM_KEYS: {"type": "array", "items": room_key},
    }
    return {**schemas[parameter.kind], "description": parameter.description}
