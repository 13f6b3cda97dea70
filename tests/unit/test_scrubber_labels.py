"""What looks personal goes whoever it belongs to; what a complaint is made of stays."""

from __future__ import annotations

import re

import pytest

from jagawarga.anonymizer.identifiers import identified
from jagawarga.anonymizer.scrubber import LABELS, scrub


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("KK 3273011234567890", "KK [KK]"),
        ("nip 19850615 201001 1 002", "nip [NIP]"),
        ("rek BCA 1234567890 ya", "[rekening] ya"),
        ("transfer ke bri 0012 01 012345 50 6", "transfer ke [rekening]"),
        ("motor d 1234 abc lewat", "motor [plat] lewat"),
        ("mobil D1234XY putih", "mobil [plat] putih"),
        ("paspor A1234567", "[paspor]"),
        ("SIM 850615123456", "[SIM]"),
        ("NPWP 01.234.567.8-901.000", "[NPWP]"),
        ("ttl Bandung, 15 Juni 1985", "[tanggal lahir]"),
        ("alamat ip 2001:db8::1 itu", "alamat ip [IP] itu"),
        ("di -6.914744 107.609810", "di [koordinat]"),
        ("di 6°54'53\"S 107°36'35\"E", "di [koordinat]"),
        ("maps https://maps.app.goo.gl/xYz", "maps [tautan]"),
        ("lihat siti.blogspot.com ya", "lihat [tautan] ya"),
        ("telegram saya sitinur", "[akun]"),
        ("ig siti_nur", "[akun]"),
        ("telp 7201234", "[telepon]"),
        ("a/n Budi Santoso", "a/n [nama]"),
        ("perkenalkan nama budi", "perkenalkan nama [nama]"),
        ("Ibu Rina Marlina selaku pelapor", "Ibu [nama] selaku pelapor"),
        ("istri saya Rina Marlina sakit", "istri saya [nama] sakit"),
        ("saya pak Joko", "saya pak [nama]"),
        ("Mohon dibantu. Terima kasih, Budi", "Mohon dibantu. Terima kasih, [nama]"),
        ("rumah saya jl. mawar 5 banjir", "rumah saya [alamat] banjir"),
        ("Saya warga yang tinggal di gang kelinci, tolong", "Saya warga yang tinggal di [alamat], tolong"),
        ("domisili Jl. Mawar 5", "domisili [alamat]"),
        ("I live at 5 Mawar Street because", "I live at [alamat] because"),
        ("Blok C-5/12", "[alamat]"),
        ("RT 3 RW 5, no 12", "[alamat]"),
    ],
)
def test_goes(text: str, clean: str) -> None:
    """Each kind by its form or its label, and nothing besides."""
    assert scrub(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "di depan rumah saya, jalan rusak",
        "depan rumah saya ada lubang dan rumah saya kebanjiran",
        "buka jam 08.00-16.00, senin 08.00 - 12.00",
        "periode 01/02/2024 - 05/03/2024 dan 2019/2020/2021",
        "dana 85.000.000 rupiah, Rp 12.000.000.000, 2 000 000 rupiah",
        "angkot nomor 05, antrian no 131, tiang listrik no 12",
        "pasal nomor 5, laporan nomor 12345",
        "Saya Sangat Kecewa, Saya Melihat pungli, saya MBR",
        "Pak Lurah Ahmad Dahlan meminta uang",
        "warga RT kami dan Pak RW",
        "hormat saya kepada petugas",
        "setinggi 50 cm di KM 12 dan 300 meter",
        "pukul 07:06:20-07:21:20",
        "satu dua kali sehari, tiga empat orang",
        "SMP Negeri 5 sejak 15 Januari 2024",
        "lahir prematur karena asap",
        "email, telepon dan alamat kantor tidak ada",
        "kerja bakti di RW; kantor di Jalan Merdeka",
    ],
)
def test_stays(text: str) -> None:
    """Hours, dates, sums, measures, queues, officials and the street of the damage."""
    assert scrub(text) == text


def test_neighbouring_cuts_of_a_kind_are_one() -> None:
    """A row of doors is one cut: what is left tells no more than that there were some."""
    assert scrub("rumah no 4, no 6, no 8 banjir") == "rumah [alamat] banjir"


def test_a_typed_placeholder_hides_nothing() -> None:
    """Who writes our own brackets can neither break the scrubber nor shelter behind it."""
    for label in LABELS:
        assert scrub(f"NIK [{label}] 3273014501900007 [{label}]").count("3273") == 0
    assert scrub("[nama] [alamat]") == "[nama] [alamat]"


def test_lokal_id_is_asked_about_digits_only() -> None:
    """No piece without five digits or an @ costs its time, and nothing is missed at the seam of two pieces."""
    assert list(identified("lampu mati 3 hari, Bapak Lurah Sutrisno tidak peduli")) == []
    long = "pada 12-03 pukul 9 " * 40
    for shift in range(0, 400, 37):
        text = long[shift:] + "NIK 3273014501900007 " + long
        assert any("3273014501900007" in text[each.start : each.end] for each in identified(text))


def test_labels_are_words() -> None:
    """A placeholder is a word in brackets that no pattern takes for anything."""
    assert all(re.fullmatch(r"[A-Za-z ]+", label) for label in LABELS)
