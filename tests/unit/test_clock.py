"""One wall clock for the whole process, given from outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jagawarga.app import build
from jagawarga.catalogue.config import load_config
from jagawarga.catalogue.service import CatalogueService
from jagawarga.embedded.directory import DataDirectory
from jagawarga.errors import Unauthenticated
from jagawarga.settings import load_settings


def test_deadlines_and_tokens_go_by_the_clock_of_the_house(tmp_path: Path) -> None:
    """What the process is built with is what reports reckon by, and what ends a session."""
    now = datetime(2031, 5, 6, tzinfo=UTC)
    servers = {"database_url": "postgresql://x@127.0.0.1:1/x", "nats_url": "nats://127.0.0.1:1"}
    settings = load_settings(data_dir=tmp_path, **servers)
    directory = DataDirectory.open(tmp_path)
    try:
        house = build(settings, directory, CatalogueService(load_config(settings.config_dir)), lambda: now)
    finally:
        directory.close()
    assert house.reports.crew.clock() == house.reports.clock() == house.identity.clock() == now
    token = house.identity.tokens.issue("subject", "pseudonym", "citizen", None).access_token
    assert house.identity.tokens.check(token).role == "citizen"
    now += timedelta(seconds=settings.session_seconds + 1)
    with pytest.raises(Unauthenticated):
        house.identity.tokens.check(token)
