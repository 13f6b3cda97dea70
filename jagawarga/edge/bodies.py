"""Reading what the caller sent: JSON bodies and query strings into typed values, or `Invalid` naming each field.

Texts of one line take no control characters at all, longer ones only line feed and tab (CR LF becomes LF). Messages
never repeat a value; a field we do not know is named only when its name looks like one.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from jagawarga.edge.problems import Malformed
from jagawarga.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x09\x7f-\x9f\ud800-\udfff]")
CONTROLS_BUT_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{0,39}")
WRONG = "Some fields of the request are wrong."
MAX_ERRORS = 20


def _one_line(text: str) -> str:
    if CONTROLS.search(text):
        msg = "must not contain control characters"
        raise ValueError(msg)
    return text


def _lines(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if CONTROLS_BUT_LINES.search(text):
        msg = "must not contain control characters other than line feed and tab"
        raise ValueError(msg)
    if not text[:1].isalnum() and all(each.isspace() or unicodedata.category(each) == "Cf" for each in text):
        msg = "must not be blank"
        raise ValueError(msg)
    return text


def _key(text: str) -> str:
    if not KEY.fullmatch(text):
        msg = "must be 1 to 64 letters, digits, '-', '_' or '.'"
        raise ValueError(msg)
    return text


KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
Line = Annotated[str, AfterValidator(_one_line)]
Lines = Annotated[str, AfterValidator(_lines)]
Key = Annotated[str, AfterValidator(_key)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Handles = Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{32}$")], ...], Field(max_length=5)]
"""Uploads, by what `POST /v1/media` answered."""
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class Body(BaseModel):
    """A JSON object with no fields but the declared ones, and no conversions between types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


def handles(body: Body | None) -> tuple[str, ...]:
    """The uploads of a body that may have some, each once."""
    return tuple(dict.fromkeys(getattr(body, "attachments", ())))


class Query(BaseModel):
    """A query string with no parameters but the declared ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NoQuery(Query):
    """No parameters at all."""


class PageQuery(Query):
    """A page of a list: where it begins and how long it is."""

    cursor: Annotated[str, Field(pattern=r"^[A-Za-z0-9_=.:-]{1,300}$")] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class LimitQuery(Query):
    """The beginning of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50


B = TypeVar("B", bound=Body)
Q = TypeVar("Q", bound=Query)


def read_body(model: type[B], data: bytes) -> B:
    """Return the body as `model`; `Malformed` when it is no JSON, `Invalid` when it is not the JSON we want."""
    try:
        body = model.model_validate_json(data)
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False, include_context=False, include_input=False)
    else:
        # A second reading only where there may be more names than fields, or something that may be one.
        if not data.count(b":") == data.count(b'":') == len(body.model_fields_set):
            _refuse_repeated(data)
        return body
    if errors[0]["type"] == "json_invalid":
        msg = "The body is not JSON."
        raise Malformed(msg)
    raise Invalid(WRONG, fields=_fields(errors))


def _refuse_repeated(data: bytes) -> None:
    """Refuse a field said twice: of `"privacy"` nobody may have to guess which one counts."""

    def look(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        repeated = {_name(name): "must not be repeated" for name in names if names.count(name) > 1}
        if repeated:
            raise Invalid(WRONG, fields=repeated)

    json.loads(data, object_pairs_hook=look)


def read_query(model: type[Q], parameters: Mapping[str, Sequence[str]]) -> Q:
    """Return the parameters as `model`; `Invalid` for wrong, unknown and repeated ones."""
    repeated = {_name(name): "must not be repeated" for name, values in parameters.items() if len(values) > 1}
    if repeated:
        raise Invalid(WRONG, fields=repeated)
    try:
        return model.model_validate({name: values[0] for name, values in parameters.items()})
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False, include_context=False, include_input=False)
    raise Invalid(WRONG, fields=_fields(errors))


def read_key(name: str, value: str) -> str:
    """Return a key out of a path; `Invalid` when it can not be one."""
    try:
        return _key(value)
    except ValueError as wrong:
        raise Invalid(WRONG, fields={name: str(wrong)}) from None


def _fields(errors: list[ErrorDetails]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for error in errors[:MAX_ERRORS]:
        path = ".".join(_name(str(part)) for part in error["loc"]) or "(body)"
        fields.setdefault(path, error["msg"].removeprefix("Value error, "))
    return fields


def _name(part: str) -> str:
    return part if FIELD_NAME.fullmatch(part) or (part.isdecimal() and len(part) <= len("100")) else "(unknown field)"
