"""Every setting of the process: typed, bounded, described.

The later wins: defaults here, `config/jagawarga.toml`, the environment (`JAGAWARGA_<NAME>`), command line options.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings.exceptions import SettingsError

from jagawarga.errors import StartupError

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "JAGAWARGA_"

Positive = Annotated[float, Field(gt=0)]
Port = Annotated[int, Field(ge=0, le=65_535)]


class Settings(BaseSettings):
    """The settings of one process; make it with `load_settings`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Field(Path("var"), description="where everything is kept")
    config_dir: Path = Field(ROOT / "config", description="agencies, categories, areas, accounts")
    host: str = Field("127.0.0.1", description="address to serve on")
    port: Port = Field(8000, description="port to serve on; 0 takes a free one")
    database_url: SecretStr | None = Field(None, description="a PostgreSQL or CockroachDB that already runs")
    nats_url: SecretStr | None = Field(None, description="a nats-server with JetStream that already runs")
    log_format: Literal["console", "json"] = Field("console", description="how logs are written to standard error")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least level logged")
    sla_time_scale: Positive = Field(1.0, description="how many times faster clocks run; 86400: a day in a second")
    sla_answer_days: Positive = Field(7.0, description="days the clock stands still for when the reporter is asked")
    sla_confirm_days: Positive = Field(14.0, description="days in which the reporter may say that it is not fixed")
    anonymous_time_granularity: Positive = Field(
        60.0, description="seconds to which an anonymous report's own time is rounded"
    )
    session_seconds: int = Field(900, ge=30, le=86_400, description="life of an access token")
    identity_provider_url: str | None = Field(
        None, pattern=r"^https?://[^\s/]+$", description="who confirms registrations; none: a simulated one is embedded"
    )
    identity_provider_secret: SecretStr | None = Field(
        None, min_length=16, description="shared with the identity provider; needed when one is named"
    )
    seed_accounts: bool = Field(default=True, description="make the accounts of accounts.toml at the first start")
    body_limit: int = Field(262_144, ge=1024, description="bytes a request body may have")
    image_limit: int = Field(15_728_640, ge=1024, description="bytes an uploaded picture may have")
    video_limit: int = Field(52_428_800, ge=1024, description="bytes an uploaded video may have")
    audio_limit: int = Field(20_971_520, ge=1024, description="bytes an uploaded sound may have")
    document_limit: int = Field(20_971_520, ge=1024, description="bytes an uploaded PDF may have")
    text_limit: int = Field(10_000, ge=100, description="characters a report's text may have")
    loop_block_limit: Positive = Field(0.25, description="seconds of a blocked loop that are logged, with who blocks")
    loop_block_crash_after: Positive | None = Field(
        None, description="crash the actor that blocks the loop for so many seconds"
    )
    drain_seconds: Positive = Field(5.0, description="what requests in flight get to finish at an orderly stop")
    submissions_per_second: Positive = Field(5.0, description="of one account, sustained")
    submissions_burst: int = Field(20, ge=1, description="of one account, at once")
    requests_per_second: Positive = Field(200.0, description="of one client address, sustained")
    requests_burst: int = Field(400, ge=1, description="of one client address, at once")
    sign_ins_per_second: Positive = Field(5.0, description="sign-ins and registrations of one client address")
    sign_ins_burst: int = Field(50, ge=1, description="sign-ins and registrations of one client address, at once")
    wrong_codes_per_second: Positive = Field(0.2, description="failed tracking codes of one client address")
    wrong_codes_burst: int = Field(10, ge=1, description="failed tracking codes of one client address, at once")
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="networks whose X-Forwarded-For is believed"
    )
    metrics_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
        description="networks that may read /metrics, directly and not over a proxy: it tells when something was filed",
    )
    public_url: str | None = Field(
        None, pattern="^https?://[^ ]+$", description="how people reach this API; none: this machine, at our port"
    )
    smtp_url: SecretStr | None = Field(
        None, description="the mail server, smtps://user:password@host or smtp://… with STARTTLS; none, no e-mail"
    )
    smtp_from: str = Field(
        "jagawarga@localhost", pattern="^[^@ <>]+@[^@ <>]+$", description="the address that e-mail comes from"
    )
    push_private_addresses: bool = Field(
        default=False, description="post pushes to http and private addresses, too; for trials only"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options before environment before file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _file())


@dataclass(frozen=True, slots=True)
class Described:
    """One setting as `jagawarga config` shows it."""

    name: str
    value: str
    default: str
    environment: str
    description: str


def load_settings(**options: Any) -> Settings:
    """Read the settings; `options` that are `None` count as not given.

    Raises `StartupError` naming the first wrong setting and what was got.
    """
    _refuse_unknown_environment()
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        where = str(first["loc"][0]) if first["loc"] else "?"
        if first["type"] == "extra_forbidden":
            msg = f"unknown setting {where!r}"
        else:
            got = "" if "url" in where or "secret" in where else f" (got {first.get('input')!r})"
            msg = f"wrong setting {where}: {first['msg'].lower()}{got}"
        raise StartupError(msg) from None
    except (SettingsError, tomllib.TOMLDecodeError, OSError) as error:
        msg = f"can not read the settings: {error}"
        raise StartupError(msg) from None


def describe(settings: Settings) -> list[Described]:
    """All settings in order, secrets masked."""
    rows = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        rows.append(Described(name, _text(value), _text(field.default), PREFIX + name.upper(), field.description or ""))
    return rows


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _file() -> Path:
    directory = os.environ.get(f"{PREFIX}CONFIG_DIR")
    return (Path(directory) if directory else ROOT / "config") / "jagawarga.toml"


def _refuse_unknown_environment() -> None:
    """Refuse a misspelt variable, which would otherwise do nothing in silence."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {f"{PREFIX}VENV", f"{PREFIX}TEST"}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known and not name.startswith(f"{PREFIX}TEST_"):
            msg = f"unknown setting {name} in the environment"
            raise StartupError(msg)
