"""`scripts/probe`: every endpoint as everybody it is not for, and every table as every role of the database."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import click
import trio

from jagawarga.cli.exits import Refusal, terminate_as_interrupted
from jagawarga.cli.instance import own_instance
from jagawarga.cli.options import load_accounts
from jagawarga.cli.output import print_json
from jagawarga.cli.tour.caller import Caller
from scripts.probe_rows.asking import ask_everything
from scripts.probe_rows.scene import setting
from scripts.probe_rows.tables import look_everywhere

ENVIRONMENT = {
    "JAGAWARGA_REQUESTS_PER_SECOND": "10000",
    "JAGAWARGA_REQUESTS_BURST": "10000",
    "JAGAWARGA_SIGN_INS_PER_SECOND": "1000",
    "JAGAWARGA_SIGN_INS_BURST": "1000",
    "JAGAWARGA_SUBMISSIONS_PER_SECOND": "1000",
    "JAGAWARGA_SUBMISSIONS_BURST": "1000",
    "JAGAWARGA_LOG_FORMAT": "json",
}
LIMIT = 600.0
SHOWN = 20


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def probe(*, as_json: bool) -> int:
    """Look for what strangers get to see of a report, on a real process of its own; 0 only if nothing was found."""
    found = trio.run(_probe)
    if as_json:
        print_json(found)
    else:
        for name, value in found.items():
            click.echo(f"{name}: {value}")
    return 0 if found["good"] else 1


async def _probe() -> dict[str, Any]:
    with trio.fail_after(LIMIT):
        async with own_instance("probe", ENVIRONMENT) as instance, Caller(instance.url) as caller:
            accounts = load_accounts(instance.data / "accounts.json")
            scene = await setting(caller, accounts)
            path = "/v1/agency/reports/{}"
            before = [await caller.ask("GET", path.format(each.report_id), who=scene.inside) for each in scene.targets]
            asked = await ask_everything(caller, scene)
            after = [await caller.ask("GET", path.format(each.report_id), who=scene.inside) for each in scene.targets]
            kept = await caller.ask("GET", "/v1/agency/canned-answers", who=scene.inside)
            changed = [(each["key"], each["title"], each["text"]) for each in kept.json()["items"]] != [scene.canned]
            moved = [one.json()["version"] != other.json()["version"] for one, other in zip(before, after, strict=True)]
            other = next(
                each["agency"] for each in accounts if each["role"] == "officer" and each["agency"] != scene.agency
            )
            marks = [scene.canned.key, *(each.report_id for each in scene.targets)]
            dsn = await instance.ask("dsn")
            tables = await trio.to_thread.run_sync(look_everywhere, dsn, scene.agency, other, marks)
    return {
        "good": not (asked.leaks or asked.broken or tables.leaks or any(moved) or changed),
        "routes": len(asked.routes),
        "strangers": len(scene.strangers),
        "requests": asked.requests,
        "answers": dict(sorted(asked.statuses.items())),
        "leaks": asked.leaks[:SHOWN],
        "server_errors": asked.broken[:SHOWN],
        "reports_changed_by_strangers": sum(moved),
        "canned_answers_changed_by_strangers": changed,
        "statements": tables.tried,
        "statements_refused_or_empty": tables.refused,
        "statements_that_should_not_work": tables.leaks[:SHOWN],
    }


def main() -> None:
    """Run the command and exit."""
    terminate_as_interrupted()
    try:
        code = probe.main(prog_name="probe", standalone_mode=False)
    except click.ClickException as refused:
        Refusal(refused.format_message()).show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        code = 130
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
