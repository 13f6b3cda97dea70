"""The settings of the identity provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from jagawarga.app import build
from jagawarga.catalogue.config import load_config
from jagawarga.catalogue.service import CatalogueService
from jagawarga.embedded.directory import DataDirectory
from jagawarga.errors import StartupError
from jagawarga.identity.provider import HttpProvider
from jagawarga.settings import load_settings

URL = "http://127.0.0.1:1"
SERVERS = {"database_url": "postgresql://x@127.0.0.1:1/x", "nats_url": "nats://127.0.0.1:1"}


def test_a_short_secret_is_refused_and_not_repeated() -> None:
    """The line for the operator names the setting and keeps the value."""
    with pytest.raises(StartupError, match="identity_provider_secret") as caught:
        load_settings(identity_provider_secret="hush-hush")
    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize("url", ["provider.example", "ftp://provider.example", "http://provider.example/"])
def test_an_address_that_is_none(url: str) -> None:
    """A scheme and a host, without a path."""
    with pytest.raises(StartupError, match="identity_provider_url"):
        load_settings(identity_provider_url=url)


def test_a_provider_that_is_named_needs_a_secret(tmp_path: Path) -> None:
    """Without one the process does not start; with one nothing is simulated; unnamed, a simulated one is there."""
    directory = DataDirectory.open(tmp_path)
    try:
        settings = load_settings(identity_provider_url=URL, **SERVERS)
        catalogue = CatalogueService(load_config(settings.config_dir))
        with pytest.raises(StartupError, match="identity_provider_secret"):
            build(settings, directory, catalogue)
        named = load_settings(identity_provider_url=URL, identity_provider_secret="x" * 16, **SERVERS)
        assert build(named, directory, catalogue).simulated is None
        house = build(load_settings(**SERVERS), directory, catalogue)
        assert house.simulated is not None
        assert isinstance(house.identity.provider, HttpProvider)
    finally:
        directory.close()
