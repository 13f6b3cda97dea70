"""What is sent: a mix of public, private and anonymous reports, as the bytes a client would send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jagawarga.cli.replay.rows import Columns, Row, read_rows

PRIVACIES = ("public", "private", "anonymous")
INVENTED = (
    "Lampu jalan di depan gang padam sejak tiga hari yang lalu, mohon segera diperbaiki karena rawan kecelakaan.",
    "Sampah menumpuk di tepi sungai dan menimbulkan bau tidak sedap. Saya Budi Santoso, telepon 0812-3456-7890.",
    "Jalan berlubang cukup dalam di dekat sekolah dasar, sudah dua pengendara motor jatuh pada malam hari.",
    "Petugas loket meminta uang tambahan untuk surat pindah. NIK saya 3578010101805001, alamat Jalan Mawar 12.",
    "Air PDAM keruh dan berbau sejak kemarin pagi, warga satu RT tidak bisa memakainya untuk memasak.",
    "Saluran air tersumbat sehingga setiap hujan halaman rumah warga tergenang setinggi lutut orang dewasa.",
    "Pohon besar di pinggir jalan sudah miring ke arah kabel listrik, mohon dipangkas sebelum roboh.",
    "Ada parkir liar di trotoar setiap sore sehingga pejalan kaki terpaksa turun ke badan jalan.",
)
TEXTS_AT_MOST = 5_000


def texts_of(path: Path | None) -> list[str]:
    """The texts of a CSV of complaints, or invented ones; raises `UnusableFile`."""
    if path is None:
        return list(INVENTED)
    found = [row.text for row in read_rows(path, Columns()) if isinstance(row, Row)]
    return found[:TEXTS_AT_MOST] or list(INVENTED)


def bodies(texts: list[str], categories: list[str], number: int) -> list[bytes]:
    """Give `number` request bodies, a third of each kind of privacy."""
    return [_body(n, texts, categories) for n in range(number)]


def _body(number: int, texts: list[str], categories: list[str]) -> bytes:
    body: dict[str, Any] = {
        "privacy": PRIVACIES[number % len(PRIVACIES)],
        # Not in step with the privacies, so that every text and category meets each of them.
        "category": categories[number // len(PRIVACIES) % len(categories)],
        "text": texts[number // len(PRIVACIES) % len(texts)],
        "latitude": -6.9 + number % 100 / 10_000,
        "longitude": 107.6 + number % 77 / 10_000,
    }
    return json.dumps(body, ensure_ascii=False).encode()
