"""A whole house in this process for a while: embedded servers on disk, the real tree, and citizens with tokens."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import trio

from jagawarga import app
from jagawarga.catalogue.config import load_config
from jagawarga.catalogue.service import CatalogueService
from jagawarga.cli.replay.nik import make_nik
from jagawarga.embedded.directory import DataDirectory
from jagawarga.identity.messages import OpenSession, RegisterCitizen
from jagawarga.plumbing.logs import configure_logging
from jagawarga.settings import load_settings
from supervisors import open_runtime, without_content

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAMES = ("Budi Santoso", "Siti Rahmawati", "Agus Wijaya", "Dewi Lestari")
PASSWORD = "Sandi-uji-coba-2026"  # noqa: S105 - of accounts that live as long as the measurement
READY_WITHIN = 60.0


@asynccontextmanager
async def real_house() -> AsyncIterator[app.House]:
    """Run a house for the block in a directory of its own, gone afterwards; nothing of it is simulated."""
    configure_logging("json", "error")
    place = Path(tempfile.mkdtemp(prefix="jagawarga-pipeline-"))
    try:
        settings = load_settings(data_dir=place / "var", port=0, seed_accounts=False)
        directory = DataDirectory.open(settings.data_dir)
        try:
            house = app.build(settings, directory, CatalogueService(load_config(settings.config_dir)))
            try:
                async with open_runtime(app.tree(house), redact=without_content) as runtime:
                    house.runtime = runtime
                    await _ready(house)
                    yield house
            finally:
                house.front.close()
        finally:
            directory.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)


async def tokens(house: app.House) -> list[str]:
    """Register some citizens and sign them in."""
    rng = Random(date.today().toordinal())  # noqa: DTZ011 - any number will do
    found = []
    for name in NAMES:
        nik = make_nik(rng)
        await house.identity.register(RegisterCitizen(nik, name, PASSWORD, phone="081234567890"))
        found.append((await house.identity.open_session(OpenSession(nik, PASSWORD))).access_token)
    return found


async def _ready(house: app.House) -> None:
    with trio.fail_after(READY_WITHIN):
        while any(state != "ok" for state in app.health(house).values()):  # noqa: ASYNC110 - nobody sets an event
            await trio.sleep(0.05)
