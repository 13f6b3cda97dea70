"""The composition root: the only place that knows everybody. It builds the handles, draws the tree, runs it."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
import trio

from jagawarga.anonymizer.service import Intake
from jagawarga.anonymizer.tree import anonymizer_tree
from jagawarga.canned.service import Canned
from jagawarga.catalogue.config import load_config
from jagawarga.catalogue.service import CatalogueService
from jagawarga.catalogue.tree import catalogue_children
from jagawarga.cli.control import control_path
from jagawarga.edge.admission import Admission
from jagawarga.edge.descriptors import raise_limit
from jagawarga.edge.doors import Doors
from jagawarga.edge.gate import Gate
from jagawarga.edge.limits import limits_of
from jagawarga.edge.server import Front
from jagawarga.edge.site import build_site
from jagawarga.edge.tree import edge_children
from jagawarga.edge.views import shown_in_feed
from jagawarga.embedded.directory import DataDirectory
from jagawarga.embedded.keycheck import keys_of, refuse_what_is_gone
from jagawarga.embedded.nats import prepare_nats
from jagawarga.embedded.postgres import prepare_postgres
from jagawarga.embedded.tree import embedded_children
from jagawarga.errors import StartupError, Unavailable
from jagawarga.feed.service import Feed
from jagawarga.feed.tree import feed_tree
from jagawarga.identity.provider import HttpProvider
from jagawarga.identity.seeding import plan, seed
from jagawarga.identity.service import Identity
from jagawarga.identity.tree import identity_tree
from jagawarga.media.service import Media
from jagawarga.media.tree import media_tree
from jagawarga.notification.mailer import server_of
from jagawarga.notification.service import Notifications, Ways
from jagawarga.notification.tree import notification_tree
from jagawarga.operations import operations
from jagawarga.plumbing import telemetry
from jagawarga.plumbing.aio import AioDoor
from jagawarga.plumbing.bus import Bus
from jagawarga.plumbing.clock import utc_now
from jagawarga.plumbing.database import Database
from jagawarga.plumbing.deadletters import DeadLetters
from jagawarga.plumbing.keys import Keyring, hmac_sha256
from jagawarga.plumbing.logs import configure_logging, log_supervision, server_log
from jagawarga.plumbing.tree import plumbing_children
from jagawarga.provider.population import Population, load_population
from jagawarga.provider.server import SimulatedProvider
from jagawarga.reports.service import Reports
from jagawarga.reports.tree import reports_tree
from supervisors import (
    Backoff,
    ChildSpec,
    DynamicSupervisor,
    Process,
    Runtime,
    StartFailed,
    SupervisionError,
    describe,
    open_runtime,
    propagation,
    supervisor,
    task,
    without_content,
)
from supervisors import telemetry as supervision
from supervisors.control import serve_control
from supervisors.governor import govern
from supervisors.port import PortDoomed, PortExited, PortNotReady
from supervisors.snapshot import dormant_children, walk
from supervisors.watchdog import Watching, watch_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jagawarga.embedded.nats import EmbeddedNats
    from jagawarga.embedded.postgres import EmbeddedPostgres
    from jagawarga.media.kinds import Kind
    from jagawarga.plumbing.clock import Clock
    from jagawarga.settings import Settings

INTENSITY, PERIOD = 50, 5.0
"""Of the subtrees: what restarts that often within seconds will not come right by itself."""
ROOT_INTENSITY, ROOT_PERIOD = 20, 10.0
DAY = 24 * 3600.0
AGAIN = Backoff(first=0.1, limit=5.0)
EXIT_ABANDONED = 70
"""Exit code when something would not stop and was left behind (`EX_SOFTWARE`)."""

log = structlog.get_logger()


@dataclass(slots=True)
class House:
    """All handles of one process."""

    settings: Settings
    directory: DataDirectory
    postgres: EmbeddedPostgres | None
    nats: EmbeddedNats | None
    keyring: Keyring
    door: AioDoor
    database: Database
    bus: Bus
    catalogue: CatalogueService
    identity: Identity
    simulated: SimulatedProvider | None
    reports: Reports
    intake: Intake
    notifications: Notifications
    media: Media
    feed: Feed
    admission: Admission
    front: Front
    watching: Watching
    deadletters: DeadLetters
    runtime: Runtime | None = None

    def running(self) -> Runtime:
        """The runtime, once it is up."""
        if self.runtime is None:
            msg = "the process is still starting"
            raise SupervisionError(msg)
        return self.runtime


def serve(settings: Settings, clock: Clock = utc_now) -> int:
    """Run JagaWarga until a signal stops it; returns the exit code. Raises `StartupError` when it can not start.

    `clock` is what deadlines and tokens go by: another than the machine's for trials of clocks that jump.
    """
    configure_logging(settings.log_format, settings.log_level)
    raise_limit()
    catalogue = CatalogueService(load_config(settings.config_dir))
    directory = DataDirectory.open(settings.data_dir)
    try:
        house = build(settings, directory, catalogue, clock)
        # Before the databases start: a taken port should not cost their start.
        house.front.bind()
        try:
            return trio.run(_live, house)
        finally:
            house.front.close()
    finally:
        directory.close()


def build(settings: Settings, directory: DataDirectory, catalogue: CatalogueService, clock: Clock = utc_now) -> House:
    """Make the handles; nothing runs yet. Raises `StartupError`."""
    # Before anything is there that they would be missed for.
    keyring = keys_of(directory)
    refuse_what_is_gone(directory, postgres=settings.database_url is None, nats=settings.nats_url is None)
    postgres = None if settings.database_url else prepare_postgres(directory, log=server_log("postgres"))
    nats = None if settings.nats_url else prepare_nats(directory, log=server_log("nats"))
    database_url = postgres.url if postgres else settings.database_url.get_secret_value()  # type: ignore[union-attr]
    nats_url = nats.url if nats else settings.nats_url.get_secret_value()  # type: ignore[union-attr]
    door = AioDoor()
    database = Database(door, database_url)
    bus = Bus(door, nats_url)
    provider, simulated = _provider(settings, keyring)
    identity = Identity(database, keyring, settings.session_seconds, clock, provider=provider)
    largest: dict[Kind, int] = {
        "image": settings.image_limit,
        "video": settings.video_limit,
        "audio": settings.audio_limit,
        "document": settings.document_limit,
    }
    media = Media(directory.path / "media", keyring, largest)
    reports = Reports(
        database,
        keyring,
        catalogue,
        grain=settings.anonymous_time_granularity,
        time_scale=settings.sla_time_scale,
        answer_within=settings.sla_answer_days * DAY,
        confirm_within=settings.sla_confirm_days * DAY,
        clock=clock,
        bus=bus,
        media=media,
    )
    intake = Intake(identity, reports, hmac_sha256(keyring.signing_key("idempotency-key")))
    notifications = Notifications(database, bus, keyring, ways_of(settings, catalogue), clock)
    feed = Feed(
        database, bus, keyring, reports, render=partial(shown_in_feed, catalogue=catalogue), tell=notifications.tell
    )
    limits = limits_of(settings)
    doors = Doors(
        identity=identity,
        intake=intake,
        reports=reports,
        catalogue=catalogue,
        notification=notifications,
        media=media,
        feed=feed,
        canned=Canned(database, catalogue),
        health=lambda: health(house),
        metrics=telemetry.exposition,
        observe=telemetry.observe_request,
    )
    admission = Admission()
    gate = Gate(build_site(doors, limits), admission)
    front = Front(gate, settings.host, settings.port, limits, gate.at_the_door)
    house = House(
        settings, directory, postgres, nats, keyring, door, database, bus,
        catalogue, identity, simulated, reports, intake, notifications, media, feed, admission, front,
        Watching(settings.loop_block_limit, settings.loop_block_crash_after), DeadLetters(bus),
    )  # fmt: skip
    return house


def ways_of(settings: Settings, catalogue: CatalogueService) -> Ways:
    """How people are reached, as set. Raises `StartupError`."""
    url = settings.smtp_url
    server = None if url is None else server_of(url.get_secret_value(), settings.smtp_from)

    def name(key: str) -> str:
        return next((each.name for each in catalogue.agencies() if each.key == key), key)

    return Ways(
        server, settings.public_url or f"http://localhost:{settings.port}", settings.push_private_addresses, name
    )


def _provider(settings: Settings, keyring: Keyring) -> tuple[HttpProvider, SimulatedProvider | None]:
    """The identity provider that is named, or one that is simulated in this process."""
    url, secret = settings.identity_provider_url, settings.identity_provider_secret
    if url is None:
        file = settings.config_dir / "population.toml"
        people = load_population(file) if file.exists() else Population()
        simulated = SimulatedProvider(people, keyring.signing_key("identity-provider"))
        return HttpProvider(lambda: f"http://127.0.0.1:{simulated.port}", simulated.secret), simulated
    if secret is None:
        msg = "wrong setting identity_provider_secret: needed with identity_provider_url"
        raise StartupError(msg)
    return HttpProvider(lambda: url, secret.get_secret_value().encode()), None


def tree(house: House) -> ChildSpec:
    """Draw the supervision tree."""
    socket = control_path(house.directory.path)
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    identity = [identity_tree(house.identity, house.simulated)]
    if house.settings.seed_accounts:
        identity.append(task("seeding", _seed, house, restart="transient", shutdown=30.0))
    embedded = embedded_children(house.postgres, house.nats)
    children = [
        _subtree("embedded", embedded),
        _subtree("plumbing", plumbing_children(house.door, house.database, house.bus), "rest_for_one"),
        _subtree("catalogue", catalogue_children(house.catalogue, house.database)),
        *identity,
        anonymizer_tree(house.intake),
        reports_tree(house.reports, house.bus),
        media_tree(house.media),
        notification_tree(house.notifications),
        feed_tree(house.feed),
        _subtree("edge", edge_children(house.front, house.admission), "rest_for_one"),
        _subtree(
            "operator",
            [
                task("control", serve_control, socket, house.running, operations(house), house.watching),
                task("watchdog", watch_loop, house.running, house.watching),
                task("gc", govern),
            ],
        ),
    ]
    used = [_patient(child) for child in children if child.id != "embedded" or embedded]
    return supervisor("jagawarga", used, intensity=ROOT_INTENSITY, period=ROOT_PERIOD)


def _patient(child: ChildSpec) -> ChildSpec:
    """A subtree that can not start while a server is away is tried again with pauses.

    At once, again and again, it would use up the root's intensity in a moment.
    """
    return replace(child, backoff=AGAIN) if child.actor.process_type == "supervisor" else child


def health(house: House) -> dict[str, str]:
    """Tell of each component whether it is `"ok"`, for `/readyz`."""
    ready: dict[str, str] = {
        "database": house.database.trouble or "ok",
        "broker": "ok" if house.bus.is_open else "out of reach",
        "writer": "ok" if house.reports.writer.whereis() else "restarting",
        "anonymizer": "ok" if house.intake.anonymizer.whereis() else "restarting",
        "identity": "ok" if house.identity.throttle.whereis() else "restarting",
    }
    if house.runtime is None:
        ready["tree"] = "starting"
    return ready


async def _live(house: House) -> int:
    detach = [
        supervision.attach(_count),
        log_supervision(lambda: house.runtime is not None),
        propagation.carry(propagation.opentelemetry(), propagation.structlog_context()),
    ]
    collector = telemetry.ActorCollector(lambda: _actors(house))
    telemetry.REGISTRY.register(collector)
    failure: SupervisionError | None = None
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(_stop_on_signal, nursery.cancel_scope)
            try:
                async with open_runtime(tree(house), redact=without_content, on_zombies=_abandon) as runtime:
                    house.runtime = runtime
                    _welcome(house)
                    await trio.sleep_forever()
            except SupervisionError as error:
                failure = error
            nursery.cancel_scope.cancel()
    finally:
        telemetry.REGISTRY.unregister(collector)
        for each in detach:
            each()
    if isinstance(failure, StartFailed):
        raise _startup_error(failure) from failure
    if failure is not None:
        log.error("gave_up", reason=describe(failure))
        return 1
    log.info("stopped")
    return 0


async def _stop_on_signal(
    scope: trio.CancelScope, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Stop in good order at the first Ctrl-C or SIGTERM; the second ends the process at once."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for number in signals:
            log.info("stopping", signal=signal.Signals(number).name)
            break
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _stop_at_once)
    scope.cancel()


def _stop_at_once(number: int, frame: object) -> None:
    """End without waiting for anything: whoever says it twice means it. The next start ends what was left behind."""
    del frame
    os.write(2, b"jagawarga: stopped at once; what was running is ended by the next start\n")
    os._exit(128 + number)


async def _seed(started: Callable[[], None], house: House) -> None:
    accounts = house.directory.path / "accounts.json"
    seeds = plan(house.settings.config_dir / "accounts.toml", [agency.key for agency in house.catalogue.agencies()])
    made = await seed(house.identity, seeds, accounts)
    if made:
        log.info("accounts.seeded", made=made)
    started()


def _subtree(name: str, children: list[ChildSpec], strategy: Any = "one_for_one") -> ChildSpec:
    return supervisor(name, children, strategy=strategy, intensity=INTENSITY, period=PERIOD)


def _startup_error(failure: StartFailed) -> StartupError:
    """Say in one line why the tree did not come up."""
    cause = failure.root_cause()
    if isinstance(cause, StartupError):
        return cause
    if isinstance(cause, PortDoomed | PortExited | PortNotReady):
        return StartupError(f"{failure.path} did not start: {str(cause).splitlines()[0]}")
    if isinstance(cause, Unavailable):
        return StartupError(f"{failure.path} did not start: {cause.detail}")
    return StartupError(f"{failure.path} did not start: {describe(cause)}")


def _count(event: str, subject: Any, detail: dict[str, Any]) -> None:
    match event:
        case "child.started" if detail.get("restarts"):
            telemetry.RESTARTS.labels(subject.spec.kind).inc()
        case "mailbox.dropped":
            telemetry.DROPPED.labels(subject.spec.kind).inc()
        case "loop.unblocked":
            telemetry.LOOP_BLOCKED.observe(detail["seconds"])
        case "gc.pause":
            telemetry.GC_PAUSES.observe(detail["seconds"])


def _abandon(zombies: list[Process]) -> None:
    """End the program although something ignores every cancellation: all else has stopped in good order."""
    log.error("abandoned", actors=[process.spec.kind for process in zombies])
    sys.stderr.flush()
    os._exit(EXIT_ABANDONED)


def _actors(house: House) -> Iterator[telemetry.ActorFacts]:
    if house.runtime is not None:
        for _, process in walk(house.runtime):
            yield process.spec.kind, 1, process.mailbox_length()
            if (asleep := dormant_children(process)) and isinstance(process.actor, DynamicSupervisor):
                yield process.actor.template.kind, asleep, 0


def _welcome(house: House) -> None:
    settings = house.settings
    lines = [f"JagaWarga serves on http://{settings.host}:{house.front.port}  (Ctrl-C stops it)"]
    if settings.seed_accounts:
        lines.append(f"  accounts     {house.directory.path / 'accounts.json'}")
    data = "" if str(settings.data_dir) == "var" else f" --data {shlex.quote(str(house.directory.path))}"
    lines += [
        f"  the tree     scripts/jagawarga tree{data}",
        "  the story    scripts/demo",
        "  how to use   README.md",
    ]
    print("\n".join(lines), flush=True)  # noqa: T201 - this is the program's word to whoever started it
