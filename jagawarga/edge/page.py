"""The document of the API as a page for people: plain HTML, with nothing from anywhere else and no script."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any, Final

from jagawarga.edge.refusals import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STYLE: Final = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h3{margin:2rem 0 0}pre{overflow:auto;background:#f4f4f4;padding:.5rem}td{vertical-align:top;padding-right:1rem}"
)


def written(document: Mapping[str, Any]) -> str:
    """Write the page of an OpenAPI document made by `openapi.describe`."""
    schemas = document["components"]["schemas"]
    operations = [
        _operation(path, method, operation, schemas)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    shapes = [_shape(name, schema) for name, schema in schemas.items()]
    problems = [
        f"<tr id={_quoted(code)}><td><code>{code}</code><td>{known.status}<td>{_text(known.meaning)}"
        for code, known in PROBLEMS.items()
    ]
    contents = "".join(
        f"<li><a href={_quoted('#' + operation['operationId'])}><code>{method.upper()} {escape(path)}</code></a>"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    about = "".join(f"<p>{_text(each)}</p>" for each in document["info"]["description"].split("\n\n"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>JagaWarga: the API</title>'
        f"<style>{STYLE}</style></head><body><h1>JagaWarga: the API</h1>"
        '<p>For programs: <a href="/openapi.json">openapi.json</a>. '
        '<a href="#shapes">Shapes</a>, <a href="#problems">problems</a>.</p>'
        f"{about}<details><summary>All addresses</summary><ul>{contents}</ul></details>"
        f'{"".join(operations)}<h2 id="shapes">Shapes</h2>{"".join(shapes)}'
        f'<h2 id="problems">Problems</h2><table>{"".join(problems)}</table></body></html>'
    )


def _operation(path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    lines = [
        f"{where}: {', '.join(_parameter(each) for each in asked)}"
        for where in ("query", "header")
        if (asked := [each for each in operation["parameters"] if each["in"] == where])
    ]
    if body := operation.get("requestBody"):
        lines.append(f"body: {_contents(body['content'])}{_example(body['content'], schemas)}")
    refused = []
    for status, answer in operation["responses"].items():
        if name := answer.get("$ref", "").rpartition("/")[2]:
            codes = ", ".join(f"<a href={_quoted('#' + each)}>{each}</a>" for each in name.split("."))
            refused.append(f"{status} {codes}")
        else:
            lines.append(f"<b>{status}</b> {_answer(answer)}{_example(answer.get('content', {}), schemas)}")
    lines.append("; ".join(refused))
    return (
        f"<h3 id={_quoted(operation['operationId'])}><code>{method.upper()} {escape(path)}</code></h3>"
        f"<p>{_text(operation['summary'])} {_text(operation['description'])}</p>"
        f"<ul>{''.join(f'<li>{each}' for each in lines)}</ul>"
    )


def _parameter(asked: Mapping[str, Any]) -> str:
    told = f"{_type(asked['schema'])}{', required' if asked['required'] else ''}"
    meaning = asked.get("description", asked["schema"].get("description", ""))
    return f"<code>{escape(asked['name'])}</code> ({told}{': ' + _text(meaning) if meaning else ''})"


def _answer(answer: Mapping[str, Any]) -> str:
    parts = [_text(answer["description"]), _contents(answer.get("content", {}))]
    headers = ", ".join(f"<code>{each}</code>" for each in answer.get("headers", ()))
    return "; ".join(each for each in (*parts, headers) if each)


def _example(content: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The example of what is sent or answered first."""
    said: Mapping[str, Any] = next(iter(content.values()), {})
    schema = said.get("x-event-data", said.get("schema", {}))
    name = next(iter(schema.get("anyOf", [schema]))).get("$ref", "").rpartition("/")[2]
    return _examples(schemas.get(name, {}))


def _examples(schema: Mapping[str, Any]) -> str:
    examples = [json.dumps(each, ensure_ascii=False, indent=2) for each in schema.get("examples", ())]
    return "".join(f"<details><summary>Example</summary><pre>{escape(each)}</pre></details>" for each in examples)


def _contents(content: Mapping[str, Any]) -> str:
    return " or ".join(dict.fromkeys(_content(kind, said) for kind, said in content.items()))


def _content(media_type: str, said: Mapping[str, Any]) -> str:
    shown = _type(said.get("x-event-data", said.get("schema", {})))
    return shown if media_type.endswith("json") and shown != "object" else f"{escape(media_type)} {shown}".rstrip()


def _shape(name: str, schema: Mapping[str, Any]) -> str:
    needed = schema.get("required", ())
    fields = [
        f"<tr><td><code>{escape(field)}</code><td>{_type(said)}{'' if field in needed else ', may be left out'}"
        f"<td>{_text(said.get('description', ''))}"
        for field, said in schema.get("properties", {}).items()
    ]
    return (
        f"<h3 id={_quoted(name)}>{escape(name)}</h3><p>{_text(schema.get('description', ''))}</p>"
        f"<table>{''.join(fields)}</table>{_examples(schema)}"
    )


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"<a href={_quoted('#' + name)}>{escape(name)}</a>"
    if "anyOf" in schema:
        return _either(_type(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return _either(f"<code>{escape(json.dumps(each))}</code>" for each in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("format") or schema.get("type", "")))


def _either(kinds: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(kinds))


def _text(said: str) -> str:
    """A text with what stands in backquotes as code."""
    parts = escape(said).split("`")
    return "".join(f"<code>{each}</code>" if number % 2 else each for number, each in enumerate(parts))


def _quoted(name: str) -> str:
    return f'"{escape(name)}"'
