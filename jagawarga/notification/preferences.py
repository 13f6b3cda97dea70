"""What somebody wants to be told, how, and where: a value, and the changes to it. Pure; time is passed in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from jagawarga.errors import Conflict, Invalid, TooManyRequests
from jagawarga.notification.plan import CHANNELS, DAY, KINDS, Rhythm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagawarga.notification.messages import Channel, Kind, Language, SetPreferences

CODE_LIVES: Final = timedelta(minutes=30)
CODE_TRIES: Final = 5
CODES_A_DAY: Final = 5
AT_ONCE: Final = Rhythm()
WRONG_CODE: Final = "the code is wrong or too old"


def _everything() -> Mapping[Kind, frozenset[Channel]]:
    return dict.fromkeys(KINDS, frozenset(CHANNELS))


@dataclass(frozen=True, slots=True)
class Preferences:
    """The preferences of one pseudonym; `address` is confirmed, `pending` not yet.

    `confirmation` names the confirmation that is open, until `confirm_by`; `asked` is when codes were mailed of late.
    """

    language: Language = "id"
    channels: Mapping[Kind, frozenset[Channel]] = field(default_factory=_everything)
    rhythm: Rhythm = AT_ONCE
    address: str | None = None
    pending: str | None = None
    confirmation: UUID | None = None
    confirm_by: datetime | None = None
    tries: int = 0
    asked: tuple[datetime, ...] = ()

    @property
    def wanted(self) -> list[str]:
        """Kind and channel, as the store asks for them."""
        return sorted(f"{kind}:{channel}" for kind, channels in self.channels.items() for channel in channels)


def changed(before: Preferences, wish: SetPreferences, confirmation: UUID, now: datetime) -> Preferences:
    """Return the preferences as wished; a new address is pending under `confirmation`, and the former one is gone.

    Raises `TooManyRequests` when too many codes were mailed: whoever's address it is did not ask for them.
    """
    after = replace(
        before,
        language=wish.language,
        channels={kind: frozenset(wish.channels.get(kind, ())) for kind in KINDS},
        rhythm=Rhythm(wish.digest_hour, wish.quiet),
    )
    if wish.email == before.address:
        return _without_confirmation(after)
    if wish.email is None:
        return replace(_without_confirmation(after), address=None)
    open_still = before.confirm_by is not None and now < before.confirm_by and before.tries < CODE_TRIES
    if wish.email == before.pending and open_still:
        return after
    asked = tuple(each for each in before.asked if now - each < DAY)
    if len(asked) >= CODES_A_DAY:
        msg = "too many addresses in one day"
        raise TooManyRequests(msg, retry_after=(asked[0] + DAY - now).total_seconds())
    return replace(
        after,
        address=None,
        pending=wish.email,
        confirmation=confirmation,
        confirm_by=now + CODE_LIVES,
        tries=0,
        asked=(*asked, now),
    )


def confirmed(before: Preferences, *, right: bool, now: datetime) -> Preferences:
    """Return the preferences after a code was tried: the pending address is theirs, or a try is used up.

    Raises `Conflict` when nothing is to be confirmed, or no longer.
    """
    if before.pending is None or before.confirm_by is None:
        msg = "no address waits for a code"
        raise Conflict(msg)
    if now >= before.confirm_by or before.tries >= CODE_TRIES:
        msg = "the code is too old or was tried too often; set the address again"
        raise Conflict(msg)
    if not right:
        return replace(before, tries=before.tries + 1)
    return replace(_without_confirmation(before), address=before.pending)


def without_mail(before: Preferences) -> Preferences:
    """Return the preferences of somebody who wants no more e-mail; the address stays, for another day."""
    return replace(before, channels={kind: each - {"email"} for kind, each in before.channels.items()})


def wrong_code() -> Invalid:
    """What a wrong code is answered."""
    return Invalid(WRONG_CODE, fields={"code": WRONG_CODE})


def to_bytes(value: Preferences) -> bytes:
    """Write preferences for sealing."""
    shown: dict[str, Any] = {
        "language": value.language,
        "channels": {kind: sorted(channels) for kind, channels in value.channels.items()},
        "digest_hour": value.rhythm.digest_hour,
        "quiet": value.rhythm.quiet,
        "address": value.address,
        "pending": value.pending,
        "confirmation": None if value.confirmation is None else value.confirmation.hex,
        "confirm_by": None if value.confirm_by is None else value.confirm_by.isoformat(),
        "tries": value.tries,
        "asked": [each.isoformat() for each in value.asked],
    }
    return json.dumps(shown, separators=(",", ":")).encode()


def from_bytes(data: bytes) -> Preferences:
    """Read preferences as `to_bytes` wrote them."""
    read = json.loads(data)
    quiet = read["quiet"]
    return Preferences(
        language=read["language"],
        channels={kind: frozenset(read["channels"].get(kind, ())) for kind in KINDS},
        rhythm=Rhythm(read["digest_hour"], None if quiet is None else (quiet[0], quiet[1])),
        address=read["address"],
        pending=read["pending"],
        confirmation=None if read["confirmation"] is None else UUID(read["confirmation"]),
        confirm_by=None if read["confirm_by"] is None else datetime.fromisoformat(read["confirm_by"]),
        tries=read["tries"],
        asked=tuple(map(datetime.fromisoformat, read["asked"])),
    )


def _without_confirmation(value: Preferences) -> Preferences:
    return replace(value, pending=None, confirmation=None, confirm_by=None, tries=0)
