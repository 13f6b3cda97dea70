"""An invented citizen, and a report that gives her away in every sentence."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from random import SystemRandom

from jagawarga.cli.replay.nik import make_nik

FIRST = ("Ratnaningtyas", "Wulandarini", "Kusumaningrum", "Pramesthiwati")
LAST = ("Hadikusumajati", "Wirjosoemarto", "Tjokrodirdjan", "Sastrowinoto")
STREETS = ("Kembang Setaman", "Melati Wangi Raya", "Cendana Arum", "Sawo Kecik Indah")


@dataclass(frozen=True, slots=True)
class Person:
    """Everything about her that must not get out."""

    name: str
    nik: str
    phone: str
    email: str
    address: str
    password: str = field(repr=False)

    def secrets(self) -> dict[str, tuple[str, ...]]:
        """Return what identifies her, each in the ways it may be written."""
        national = self.phone.removeprefix("0")
        return {
            "name": (self.name, *self.name.split()),
            "NIK": (self.nik,),
            "phone": (self.phone, f"+62{national}", f"62{national}"),
            "e-mail": (self.email,),
            "home address": (self.address, self.address.partition(",")[0]),
        }

    def traces(self, text: str) -> list[str]:
        """Return which kinds of her secrets are in a text."""
        text = text.casefold()
        return [kind for kind, forms in self.secrets().items() if any(form.casefold() in text for form in forms)]

    def report(self) -> str:
        """Say what is broken, and much too much besides."""
        return (
            f"Lampu jalan di depan taman padam sudah dua minggu, malam hari gelap dan rawan kecelakaan. "
            f"Nama saya {self.name}, NIK {self.nik}. Hubungi saya di {self.phone} atau {self.email}. "
            f"Rumah saya di {self.address}. Mohon segera diperbaiki."
        )


def invent() -> Person:
    """Invent somebody, differently each time, so that nothing found on disk can be from an earlier run."""
    chance = SystemRandom()
    first, last = chance.choice(FIRST), chance.choice(LAST)
    digits = "".join(str(chance.randint(0, 9)) for _ in range(8))
    return Person(
        name=f"{first} {last}",
        nik=make_nik(chance),
        phone=f"0812{digits}",
        email=f"{first.lower()}.{last.lower()}{digits[:3]}@surel.example",
        address=f"Jalan {chance.choice(STREETS)} No. {chance.randint(10, 99)}, RT 04/RW 07",
        password=secrets.token_urlsafe(18),
    )
