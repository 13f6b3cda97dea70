"""`jagawarga categories`: train the model that suggests categories, and measure it. No text is ever shown."""

from __future__ import annotations

from contextlib import aclosing, suppress
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import httpx
import trio

from jagawarga.cli.details import aligned
from jagawarga.cli.exits import Refusal, first_cause
from jagawarga.cli.options import json_option, settings_or_refusal
from jagawarga.cli.output import print_json
from jagawarga.cli.replay.rows import Columns, Row, UnusableFile, read_rows
from jagawarga.client import Client, Patience, Refused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagawarga.suggestion.evaluation import Evaluation, Score
    from jagawarga.suggestion.training import Example

MODEL = "suggestions.json"
PATIENCE = Patience(tries=20, longest=30.0)


@click.group()
def categories() -> None:
    """Suggestions of categories: train the model, and measure it."""


def _columns(command: Callable[..., Any]) -> Callable[..., Any]:
    for name in ("submitted", "category", "text"):
        option = click.option(f"--{name}-column", default=getattr(Columns(), name), show_default=True, metavar="NAME")
        command = option(command)
    return click.option(
        "--least",
        type=click.IntRange(min=1),
        default=5,
        show_default=True,
        help="Leave out words and categories that fewer texts have: they could tell of somebody.",
    )(command)


@categories.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.csv", required=False)
@click.option("--from-reports", is_flag=True, help="Learn from the public reports of a running server.")
@click.option("--url", metavar="URL", help="That server (default: host and port of the settings).")
@click.option("--limit", type=click.IntRange(min=1), default=50_000, show_default=True, help="Reports to learn from.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Default: where the server looks."
)
@_columns
@json_option
def train(
    file: Path | None,
    url: str | None,
    limit: int,
    output: Path | None,
    least: int,
    *,
    from_reports: bool,
    as_json: bool,
    **columns: str,
) -> None:
    """Train a model from a CSV file of complaints or from public reports, and write it.

    The server reads it when it is started. Categories are known by key, or by name where the file has names.
    """
    from jagawarga.suggestion import training

    if (file is None) != from_reports:
        msg = "either FILE.csv or --from-reports is needed, and not both"
        raise Refusal(msg)
    settings = settings_or_refusal()
    if file is None:
        examples = _reports(url or f"http://{settings.host}:{settings.port}", limit)
    else:
        examples = [example for example, _ in _read(file, columns)]
    try:
        model = training.train(examples, least=least)
    except training.TooLittle as error:
        raise Refusal(str(error)) from None
    target = output or settings.config_dir / MODEL
    _write(target, model.dumps())
    told = {
        "texts": len(examples),
        "categories": len(model.labels),
        "features": len(model.weights),
        "file": str(target),
    }
    if as_json:
        print_json(told)
        return
    for line in aligned(told):
        click.echo(line)


@categories.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.csv")
@_columns
@json_option
def evaluate(file: Path, least: int, *, as_json: bool, **columns: str) -> None:
    """Measure suggestions on a CSV file: learn from the earlier four fifths, ask about the later fifth."""
    from jagawarga.suggestion import evaluation, training

    read = list(_read(file, columns))
    timed = sorted(((at, number, example) for number, (example, at) in enumerate(read) if at is not None))
    examples = [example for _, _, example in timed]
    try:
        found = evaluation.evaluate(examples, least=least)
    except training.TooLittle as error:
        raise Refusal(str(error)) from None
    if as_json:
        print_json(asdict(found) | {"without_time": len(read) - len(timed)})
        return
    for line in chain(_lines(found), [f"texts without a time, left out: {len(read) - len(timed):,}"]):
        click.echo(line)


def _lines(found: Evaluation) -> Iterator[str]:
    yield f"learned from the earlier {found.learned:,} texts, asked about the later {found.asked:,}"
    yield f"categories: {found.categories:,}, learned: {found.learned_categories:,}"
    yield f"{'':<46}{'texts':>8}{'first':>9}{'first 3':>9}"
    yield _line("always the most frequent ones", found.baseline)
    yield _line("all categories", found.everything)
    yield _line(f"{found.common_categories} categories with 20 or more learned texts", found.common)
    yield f"microseconds for a text: {found.microseconds:,.0f}"


def _line(name: str, score: Score) -> str:
    return f"{name:<46}{score.texts:>8,}{score.first:>9.1%}{score.three:>9.1%}"


def _read(file: Path, columns: dict[str, str]) -> Iterator[tuple[Example, float | None]]:
    """Give the texts that have a category, each with its time."""
    from jagawarga.suggestion.training import Example

    names = Columns(**{name.removesuffix("_column"): value for name, value in columns.items()})
    try:
        for row in read_rows(file, names):
            if isinstance(row, Row) and row.category:
                yield Example(row.text, row.category), None if row.submitted is None else row.submitted.timestamp()
    except UnusableFile as error:
        raise Refusal(str(error)) from None


def _reports(url: str, limit: int) -> Sequence[Example]:
    """Read the public reports; those that were rejected may be filed wrongly, and teach nothing."""
    from jagawarga.suggestion.training import Example

    async def read() -> list[Example]:
        found: list[Example] = []
        async with Client(url, patience=PATIENCE) as client, aclosing(client.public_reports()) as reports:
            if not await client.is_up():
                raise Refusal(f"no JagaWarga answers at {url} (--url names another server)")
            async for report in reports:
                if report["status"] != "rejected":
                    found.append(Example(report["text"], report["category"]))
                if len(found) == limit:
                    break
        return found

    try:
        return trio.run(read)
    except (Exception, BaseExceptionGroup) as error:
        cause = first_cause(error)
        if isinstance(cause, Refused | Unreachable):
            raise Refusal(f"the server at {url} does not let us read: {cause}") from None
        if isinstance(cause, httpx.InvalidURL):
            raise Refusal(f"--url {url!r} is not an address") from None
        raise cause from None


def _write(target: Path, text: str) -> None:
    """Write the whole file or nothing, so that a server that is started meanwhile never reads half of one."""
    beside = target.with_name(f".{target.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise Refusal(f"{target} can not be written: {error.strerror}") from None
