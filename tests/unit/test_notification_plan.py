"""When a delivery goes out, what becomes of it, and what preferences turn into."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jagawarga.errors import Conflict, StartupError, TooManyRequests
from jagawarga.notification.desk import Desk
from jagawarga.notification.mailer import server_of
from jagawarga.notification.messages import Kind, SetPreferences
from jagawarga.notification.plan import (
    NOBODYS,
    RETRY_LIMIT,
    TRIES,
    WIB,
    Due,
    Outcome,
    Rhythm,
    kind_of,
    send_at,
    settled,
)
from jagawarga.notification.preferences import (
    CODE_LIVES,
    CODE_TRIES,
    CODES_A_DAY,
    Preferences,
    changed,
    confirmed,
    from_bytes,
    to_bytes,
    without_mail,
)
from jagawarga.notification.texts import TEXTS
from jagawarga.notification.writing import Envelope, mail, push, words
from jagawarga.plumbing.keys import Keyring

DAY = datetime(2026, 11, 23, tzinfo=WIB)
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
ALL: dict[Kind, list[str]] = {"progress": ["email", "push"], "escalation": ["email"], "outcome": []}


def at(clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return DAY + timedelta(hours=hour, minutes=minute)


NIGHT = (21 * 60, 6 * 60)
NOON = (12 * 60, 13 * 60)


@pytest.mark.parametrize(
    ("rhythm", "channel", "news", "now", "then"),
    [
        (Rhythm(), "email", "10:00", "10:00", "10:00"),
        (Rhythm(digest_hour=7), "email", "10:00", "10:00", "31:00"),
        (Rhythm(digest_hour=7), "email", "06:00", "06:30", "07:00"),
        (Rhythm(digest_hour=7), "email", "06:00", "07:05", "07:05"),
        (Rhythm(digest_hour=7), "push", "10:00", "10:00", "10:00"),
        (Rhythm(quiet=NIGHT), "push", "22:00", "22:00", "30:00"),
        (Rhythm(quiet=NIGHT), "push", "21:00", "21:00", "30:00"),
        (Rhythm(quiet=NIGHT), "push", "05:59", "05:59", "06:00"),
        (Rhythm(quiet=NIGHT), "push", "06:00", "06:00", "06:00"),
        (Rhythm(quiet=NOON), "email", "12:30", "12:30", "13:00"),
        (Rhythm(quiet=NOON), "email", "11:59", "11:59", "11:59"),
        (Rhythm(quiet=(60, 60)), "email", "01:00", "01:00", "01:00"),
        (Rhythm(5, NIGHT), "email", "22:00", "22:00", "30:00"),
        (Rhythm(7, NIGHT), "email", "22:00", "22:00", "31:00"),
    ],
)
def test_when_news_goes_out(rhythm: Rhythm, channel: str, news: str, now: str, then: str) -> None:
    """The digest of e-mail at its hour, nothing in the quiet, all else at once; hours past 24 are tomorrow's."""
    assert send_at(rhythm, channel, at(news), at(now)) == at(then)


@given(
    st.one_of(st.none(), st.integers(0, 23)),
    st.one_of(st.none(), st.tuples(st.integers(0, 1439), st.integers(0, 1439))),
    st.integers(0, 3 * 1440),
)
def test_news_always_goes_out(hour: int | None, quiet: tuple[int, int] | None, minute: int) -> None:
    """Within two days of its being there, never in the quiet, and what is due then is due."""
    rhythm, news = Rhythm(hour, quiet), DAY + timedelta(minutes=minute)
    then = send_at(rhythm, "email", news, news)
    assert news <= then <= news + timedelta(days=2)
    assert send_at(rhythm, "email", news, then) == then


def test_tries_end_and_pauses_grow() -> None:
    """Each pause is about twice the one before, up to an hour; after the last try it is given up."""
    pauses = []
    for attempt in range(1, TRIES):
        made = settled(Outcome("again", "smtp-451"), attempt, NOW, 0.999)
        assert (made.state, made.reason) == ("queued", "smtp-451")
        pauses.append((made.due_at - NOW).total_seconds())
    assert pauses == sorted(pauses)
    assert pauses[0] == pytest.approx(30, rel=0.01)
    assert pauses[-1] <= RETRY_LIMIT
    assert settled(Outcome("again", "smtp-451"), TRIES, NOW, 0.5).state == "failed"


@pytest.mark.parametrize(("fate", "state"), [("sent", "sent"), ("failed", "failed"), ("unknown", "failed")])
def test_what_is_never_sent_again(fate: str, state: str) -> None:
    """What arrived, what was refused for good, and what nobody knows of."""
    made = settled(Outcome(fate), 1, NOW, 0.0)  # type: ignore[arg-type]
    assert (made.state, made.due_at) == (state, NOBODYS)


def wish(email: str | None = None, **changes: object) -> SetPreferences:
    made = SetPreferences("en", ALL, email, None, None)  # type: ignore[arg-type]
    return replace(made, **changes)  # type: ignore[arg-type]


def test_an_address_is_used_only_after_its_code() -> None:
    """Pending until then; the one before is gone at once, for it may be somebody else's by now."""
    number = uuid4()
    asked = changed(Preferences(address="old@b.id"), wish("new@b.id"), number, NOW)
    assert (asked.address, asked.pending, asked.confirmation) == (None, "new@b.id", number)
    again = changed(asked, wish("new@b.id"), uuid4(), NOW + timedelta(minutes=1))
    assert again.confirmation == number
    done = confirmed(again, right=True, now=NOW + timedelta(minutes=2))
    assert (done.address, done.pending, done.confirmation) == ("new@b.id", None, None)
    assert changed(done, wish("new@b.id", digest_hour=3), uuid4(), NOW).address == "new@b.id"
    assert changed(done, wish(None), uuid4(), NOW).address is None


def test_guessing_a_code_ends() -> None:
    """After so many tries, and after its time, not even the right one counts."""
    asked = changed(Preferences(), wish("a@b.id"), uuid4(), NOW)
    tried = asked
    for _ in range(CODE_TRIES):
        tried = confirmed(tried, right=False, now=NOW)
    for value, now in ((tried, NOW), (asked, NOW + CODE_LIVES), (Preferences(), NOW)):
        with pytest.raises(Conflict):
            confirmed(value, right=True, now=now)


def test_a_strangers_address_is_not_flooded() -> None:
    """So many codes a day from one account; the day after it may ask again."""
    value = Preferences()
    for number in range(CODES_A_DAY):
        value = changed(value, wish(f"a{number}@b.id"), uuid4(), NOW)
    with pytest.raises(TooManyRequests) as refused:
        changed(value, wish("one-more@b.id"), uuid4(), NOW)
    assert refused.value.retry_after == 86_400
    assert changed(value, wish("one-more@b.id"), uuid4(), NOW + timedelta(days=1)).pending == "one-more@b.id"


def test_preferences_are_read_as_they_were_written() -> None:
    """Every field, and the defaults."""
    asked = changed(Preferences(), wish("a@b.id", digest_hour=7, quiet=NIGHT), uuid4(), NOW)
    for value in (Preferences(), asked, confirmed(asked, right=True, now=NOW)):
        assert from_bytes(to_bytes(value)) == value
    assert asked.wanted == ["escalation:email", "progress:email", "progress:push"]
    assert without_mail(asked).wanted == ["progress:push"]


def test_what_is_new_to_us_is_progress() -> None:
    """An event of a type nobody has told us of is still told."""
    assert [kind_of(each) for each in ("report.escalated", "report.resolved", "report.unheard-of")] == [
        "escalation", "outcome", "progress"]  # fmt: skip


@pytest.mark.parametrize(
    "url",
    [
        "", "mail", "http://host", "smtp://", "smtp://host:x", "smtp://host/path", "smtp+plain://user:secret@host",
        "smtp://host?x=secret",
    ],
)  # fmt: skip
def test_a_wrong_mail_server_is_one_line(url: str) -> None:
    """It says what it has to be, and not what it was: there may be a password in it."""
    with pytest.raises(StartupError, match="wrong setting smtp_url") as refused:
        server_of(url, "a@b.id")
    assert "secret" not in str(refused.value)


def test_a_mail_server_by_its_url() -> None:
    """The scheme says how it is secured and on which port; a password may be quoted."""
    made = server_of("smtps://u%40x:p%3Aw@mail.kota.test", "a@b.id")
    assert (made.host, made.port, made.security, made.user, made.password) == (
        "mail.kota.test", 465, "tls", "u@x", "p:w")  # fmt: skip
    assert server_of("smtp://h", "a@b.id").security == "starttls"
    assert server_of("smtp+plain://h:1025", "a@b.id").port == 1025


def due(kind: str = "report.resolved", *, private: bool = False) -> Due:
    return Due("p", uuid4(), uuid4(), kind, "resolved", "dinas-a", private, NOW, 0)


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_event_has_its_words_in_every_language(language: str) -> None:
    """One table for each; of a report that is not public not even the authority is named."""
    texts = TEXTS[language]  # type: ignore[index]
    assert texts.lines.keys() == texts.private_lines.keys() == TEXTS["id"].lines.keys()
    for kind in texts.lines:
        assert "Dinas A" in words([due(kind)], language, lambda _: "Dinas A").lines[0]  # type: ignore[arg-type]
        assert "Dinas A" not in words([due(kind, private=True)], language, lambda _: "Dinas A").lines[0]  # type: ignore[arg-type]
    assert words([due("report.unheard-of")], language, str).lines == (texts.any_line,)  # type: ignore[arg-type]


def test_a_mail_has_two_bodies_and_a_way_out() -> None:
    """Plain text and HTML of the same, RFC 8058's headers, and nothing that could be mistaken for a tag."""
    said = words([due(), due()], "en", lambda _: "<b>Dinas</b>")
    desk = Desk(Keyring({1: b"k" * 32}), "https://jaga.test/", str)
    envelope = Envelope("kabar@kota.test", "a@b.id", "n-1", NOW, desk.link(), desk.stop_link("p"))
    made = mail(said, envelope, "en")
    plain, rich = (part.get_content() for part in made.iter_parts())
    assert made["Subject"] == "2 updates on your reports"
    assert made["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert made["Message-ID"] == "<n-1@kota.test>"
    link = made["List-Unsubscribe"].strip("<>")
    assert desk.stopped(link.rpartition("/")[2]) == "p"
    assert link in plain
    assert "&lt;b&gt;Dinas" in rich
    assert "<b>" not in rich


def test_a_push_fits_into_a_record() -> None:
    """However much there is to tell, and however long the names are."""
    many = words([due() for _ in range(500)], "id", lambda _: "Dinas " * 33)
    assert len(push(many, [due()], "https://jaga.test/v1/me/notifications")) < 3_900
