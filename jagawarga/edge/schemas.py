"""JSON Schema (2020-12) of what a type says: `TypedDict`s as closed objects, and the types of their fields.

The shapes of answers cost nothing where answers are made: a `TypedDict` is a plain dictionary there, held by mypy.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

REF: Final = "#/components/schemas/"
PLAIN: Final[Mapping[Any, str]] = {
    str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null", dict: "object",
}  # fmt: skip


class Schemas:
    """Gives the schema of one type after the other, and gathers what they refer to by name."""

    def __init__(self) -> None:
        self.named: dict[str, dict[str, Any]] = {}
        self._kinds: dict[str, Any] = {}

    def of(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a type. `TypeError` for one that is not JSON, or two shapes of one name.

        In `Annotated`, a text is the description and a pair is a keyword with its value.
        """
        if kind in PLAIN:
            return {"type": PLAIN[kind]}
        if is_typeddict(kind):
            return self._shape(kind)
        origin, parts = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return self._annotated(parts[0], parts[1:])
        if origin is NotRequired:
            return self.of(parts[0])
        return self._compound(kind, origin, parts)

    def _compound(self, kind: Any, origin: Any, parts: tuple[Any, ...]) -> dict[str, Any]:
        if origin is Literal:
            return {"enum": list(parts)} if len(parts) > 1 else {"const": parts[0]}
        if origin in {Union, UnionType}:
            return {"anyOf": [self.of(each) for each in parts]}
        if origin in {list, tuple, Sequence}:
            return {"type": "array", "items": self.of(parts[0])}
        if origin in {dict, Mapping}:
            return {"type": "object", "additionalProperties": self.of(parts[1])}
        msg = f"{kind!r} is no JSON"
        raise TypeError(msg)

    def _annotated(self, kind: Any, said: tuple[Any, ...]) -> dict[str, Any]:
        schema = dict(self.of(kind))
        for each in said:
            name, value = ("description", each) if isinstance(each, str) else each
            schema[name] = value
        return schema

    def _shape(self, kind: Any) -> dict[str, Any]:
        name = kind.__name__
        if self._kinds.setdefault(name, kind) is not kind:
            msg = f"two shapes are called {name}"
            raise TypeError(msg)
        if name not in self.named:
            self.named[name] = {}  # first, for a shape that holds itself
            hints = get_type_hints(kind, include_extras=True)
            self.named[name] |= {
                "type": "object",
                "description": inspect.cleandoc(kind.__doc__ or "").replace("\n", " "),
                "properties": {field: self.of(hint) for field, hint in hints.items()},
                "required": [
                    field
                    for field, hint in hints.items()
                    if field in kind.__required_keys__ and get_origin(hint) is not NotRequired
                ],
                "additionalProperties": False,
            }
        return {"$ref": REF + name}
