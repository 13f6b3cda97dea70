"""Writing a message: deliveries and a language become subject and lines, and these a mail or a push. Pure."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Final

from jagawarga.notification.texts import TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from jagawarga.notification.messages import Language
    from jagawarga.notification.plan import Due

LINES: Final = 20
"""More news than this in one message are counted, not told."""
WIRE: Final = SMTP.clone(max_line_length=998)
"""Headers are not folded: a link cut in two is none for some programs. 998 is what RFC 5322 allows."""
PUSHED: Final = 5
"""Lines of a push: all of it has to fit into one record of 4 KiB."""


@dataclass(frozen=True, slots=True)
class Words:
    """A message in one language, for any channel."""

    subject: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a mail comes from and goes to, its own number, and the links in it."""

    sender: str
    to: str
    number: str
    at: datetime
    link: str
    stop: str | None


def words(news: Sequence[Due], language: Language, name: Callable[[str], str]) -> Words:
    """Say the news; `name` gives an authority's name. Of a report that is not public, nobody's name is said."""
    texts = TEXTS[language]
    lines = []
    for each in sorted(news, key=lambda due: due.at)[:LINES]:
        known = texts.private_lines if each.private else texts.lines
        lines.append(known.get(each.type, texts.any_line).format(holder=name(each.holder)))
    subject = texts.one if len(news) == 1 else texts.many.format(count=len(news))
    return Words(subject, tuple(lines))


def code_words(code: str, language: Language) -> Words:
    """Say the code that confirms an address."""
    texts = TEXTS[language]
    return Words(texts.code_subject, (texts.code.format(code=code), texts.code_ignore))


def mail(said: Words, envelope: Envelope, language: Language) -> EmailMessage:
    """Make a mail of plain text and simple HTML; with RFC 8058's one click where it can be stopped."""
    texts = TEXTS[language]
    message = EmailMessage(policy=WIRE)
    domain = envelope.sender.rpartition("@")[2]
    message["From"] = Address("JagaWarga", addr_spec=envelope.sender)
    message["To"] = Address(addr_spec=envelope.to)
    message["Subject"] = said.subject
    message["Date"] = envelope.at
    message["Message-ID"] = f"<{envelope.number}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = language
    plain, rich = list(said.lines), [f"<p>{html.escape(line)}</p>" for line in said.lines]
    if envelope.stop is not None:
        message["List-Unsubscribe"] = f"<{envelope.stop}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        for text, address in ((texts.inbox, envelope.link), (texts.stop, envelope.stop)):
            plain += ["", text, address]
            rich.append(f'<p>{html.escape(text)}<br><a href="{html.escape(address)}">{html.escape(address)}</a></p>')
    message.set_content("\n".join(plain) + "\n")
    body = f'<!doctype html><html lang="{language}"><body>{"".join(rich)}</body></html>\n'
    message.add_alternative(body, subtype="html")
    return message


def push(said: Words, news: Sequence[Due], link: str) -> bytes:
    """Make what a service worker shows; it names a report only when it tells of one."""
    reports = {str(each.report_id) for each in news if each.report_id is not None}
    shown = {
        "title": said.subject,
        "body": "\n".join(said.lines[:PUSHED]),
        "url": link,
        "report_id": next(iter(reports)) if len(reports) == 1 else None,
        "tag": min(each.event_id.hex for each in news),
    }
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
