"""What looks like personal data in any text, whoever wrote it: numbers, addresses on the net, labelled names and homes.

Strict on purpose: where a number may be a telephone or a account, it goes. The patterns have no nested repetition, so
their time is linear in the text whatever somebody types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import lokal

from jagawarga.anonymizer.spans import Span

NIK_DIGITS, NIP_DIGITS = 16, 18
PHONE_MOST = 15
LONGEST_ADDRESS = 160

# lokal-id names people and places too, wrongly in 4 of 10 clean texts; its identifiers are precise.
_LOKAL: Final = {
    "NIK": "NIK", "KK": "KK", "NPWP": "NPWP", "PASSPORT": "paspor", "SIM": "SIM", "NIP": "NIP", "BPJS": "BPJS",
    "NISN": "NISN", "AKTA": "akta", "PHONE": "telepon", "EMAIL": "email", "BANK_ACCOUNT": "rekening", "CARD": "kartu",
    "PLATE": "plat", "IP": "IP", "GEO": "koordinat", "BIRTH_DATE": "tanggal lahir",
}  # fmt: skip

_DIGITS: Final = re.compile(r"(?<![\d\w])\+?\(?\d(?:[ .\-/()_]{0,2}\d){7,29}(?!\d)")
_MONEY: Final = re.compile(r"(?:\brp|\bidr|\brupiah)[\s.:]*$", re.IGNORECASE)
_DATE: Final = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?:\s+\d{1,2}(?:[:.]\d{2}){0,2})?"
)
_WORD_DIGIT: Final = (
    "(?:nol|kosong|satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan|"
    "zero|one|two|three|four|five|six|seven|eight|nine)"
)

_NUMBER: Final = r"[\s.:]{0,3}(?:nomor|no\.?)?"
_PLATE: Final = r"[a-z]{1,2}[ .\-]?\d{1,4}(?:[ .\-]?[a-z]{1,3})?\b"
_DAY: Final = r"\d{1,2}[\s\-/.]{1,2}(?:\d{1,2}|[a-z]{3,9})[\s\-/.]{1,2}\d{2,4}"
_AT: Final = r"(?:\s{1,2}|\s?[\[({<]\s?)(?:at|et|ad|ät)(?:\s{1,2}|\s?[\])}>]\s?)"
_DOT: Final = r"\s{0,2}[\[({<]?\s?(?:dot|titik|\.)\s?[\])}>]?\s{0,2}"
_TLD: Final = r"(?:com|co|id|net|org|ac|go|sch|my|web|xyz|me|example)\b"

_PLAIN: Final = (
    ("email", r"[\w.+\-]{1,64}\s?@\s?[\w\-]{1,63}(?:\.[a-z]{2,24}){1,3}"),
    ("email", rf"\b[\w.+\-]{{1,64}}{_AT}[\w\-]{{1,63}}(?:{_DOT}{_TLD}){{1,3}}"),
    ("tautan", r"\b(?:https?://|www\.)\S{1,300}"),
    ("tautan", r"\b(?:wa|t|instagram|facebook|fb|twitter|x|tiktok|linkedin|linktr|bit)\.(?:me|com|ee|ly)/\S{1,200}"),
    ("akun", r"(?<![\w@.])@[a-z0-9_][\w.]{2,30}"),
    ("akun", r"\b(?:ig|instagram|fb|facebook|twitter|tiktok|telegram|tele|line)\s{0,2}(?:saya|:|=)\s{0,2}[\w.@]{3,40}"),
    ("telepon", rf"\b{_WORD_DIGIT}(?:[\s,\-]{{1,3}}{_WORD_DIGIT}){{6,19}}\b"),
    ("plat", r"(?-i:\b[A-Z]{1,2}[ .\-]?\d{1,4}[ .\-]?[A-Z]{2,3}\b)"),
    ("plat", rf"\b(?:plat|nopol|nomor polisi|no\.? ?pol)\b{_NUMBER}\s?{_PLATE}"),
    ("alamat", r"\brt[\s.:/]{0,3}\d{1,3}(?:[\s,./\-]{0,3}(?:rw[\s.:/]{0,3})?\d{1,3})?\b"),
    ("alamat", r"\brw[\s.:/]{0,3}\d{1,3}\b"),
    ("alamat", r"\b(?:no|nomor|nmr)\b[\s.:]{0,3}(?:rumah\s{0,2})?\d{1,4}(?:\s?[a-z])?\b(?![\s.]{0,2}\d)"),
    ("alamat", r"\bblok\s{1,2}[a-z]{1,3}[\s\-/]{0,2}\d{1,3}(?:[\s\-/.]{0,2}(?:no\.?\s?)?\d{1,3})?\b"),
    ("koordinat", r"-?\d{1,3}\.\d{4,}\s?[,;]\s?-?\d{1,3}\.\d{4,}"),
    ("IP", r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\.?\d)"),
    ("tanggal lahir", rf"\b(?:lahir|ttl|tgl\.? lahir|born)\b[^.\n;]{{0,40}}?{_DAY}"),
    ("paspor", r"\b(?:paspor|passport)\b[\s.:]{0,3}(?:nomor|no\.?)?[\s.:]{0,2}[a-z]{1,2}\d{6,8}\b"),
)  # fmt: skip
LABELS: Final = frozenset({*_LOKAL.values(), *(label for label, _ in _PLAIN), "nama", "nomor", "alamat"})
"""Every word that may stand in brackets for what was cut."""
_PATTERNS: Final = tuple((label, re.compile(pattern, re.IGNORECASE)) for label, pattern in _PLAIN)

_NAME_LABEL: Final = re.compile(
    r"\b(?:nama\s+(?:lengkap\s+)?(?:saya|pelapor|kami)(?:\s+adalah)?|nama(?:\s+lengkap)?\s?[:=]|saya\s+bernama|"
    r"perkenalkan,?\s+(?:nama\s+)?saya|atas\s+nama|a\.\s?n\.|my\s+name\s+is|hormat\s+(?:saya|kami)|salam\s+hormat|"
    r"tertanda|ttd\.?|pelapor\s?[:=]|dari\s?[:=])[\s,.:=\-]{0,4}",
    re.IGNORECASE,
)
_I_AM: Final = re.compile(r"\b[Ss]aya(?:\s+adalah)?,?\s+(?=[A-Z])|\bI am\s+(?=[A-Z])|\bI'm\s+(?=[A-Z])")
_WORD: Final = re.compile(r"[^\W\d_](?:[^\W\d_]|['’.\-](?=[^\W\d_]))*\.?")
_GAP: Final = re.compile(r" {0,2}")
_NO_NAME: Final = frozenset(
    [
        "dan",
        "dari",
        "yang",
        "di",
        "ke",
        "ini",
        "itu",
        "ingin",
        "mau",
        "warga",
        "nik",
        "no",
        "nomor",
        "telepon",
        "telp",
        "hp",
        "wa",
        "tinggal",
        "alamat",
        "melapor",
        "melaporkan",
        "lapor",
        "mohon",
        "minta",
        "tolong",
        "sebagai",
        "adalah",
        "sudah",
        "telah",
        "akan",
        "tidak",
        "bukan",
        "dengan",
        "untuk",
        "karena",
        "pada",
        "ada",
        "saya",
        "kami",
        "pelapor",
        "jalan",
        "jl",
        "rumah",
        "sangat",
        "berharap",
        "kira",
        "terima",
        "kasih",
        "bekerja",
        "punya",
        "sering",
        "pernah",
        "melihat",
        "mengadu",
        "ktp",
        "umur",
        "usia",
        "sebuah",
        "and",
        "from",
        "the",
        "who",
        "live",
        "lives",
        "of",
        "at",
        "in",
        "on",
        "with",
        "my",
        "phone",
        "email",
        "surel",
        "email",
        "pak",
        "bu",
        "bapak",
        "ibu",
        "mengalami",
        "merasa",
        "kecewa",
    ]
)
_MOST_NAME_WORDS: Final = 5

_HOME_LABEL: Final = re.compile(
    r"\b(?:alamat(?:\s+(?:rumah|saya|kami|lengkap|pelapor|domisili|ktp))+(?:\s+(?:adalah|di))?|alamat\s?[:=]|"
    r"rumah\s+(?:saya|kami|pelapor|orang\s?tua\s+saya)(?:\s+(?:di|ada\s+di|berada\s+di|beralamat\s+di|terletak\s+di|nya))?|"
    r"(?:saya|kami|tempat)\s+(?:sekeluarga\s+)?(?:tinggal|bertempat\s+tinggal|berdomisili|domisili|beralamat|kos|ngekos|ngontrak|bermukim)(?:\s+di)?|"
    r"tinggal\s+di|berdomisili\s+di|beralamat\s+di|"
    r"i\s+live\s+(?:at|in|on)|my\s+(?:home\s+)?address(?:\s+is)?|my\s+(?:home|house)\s+is\s+(?:at|in|on))[\s:=,]{0,3}",
    re.IGNORECASE,
)
_HOME_END: Final = re.compile(
    r"[;!?\n\[\]()]|\.(?=\s|$)|\s(?=(?:dan|karena|yang|sudah|ada|mohon|sejak|sehingga|tetapi|tapi|lalu|kemudian|ingin|mau|"
    r"melaporkan|dengan|selama|setiap|and|because|where|which|since)\b)",
    re.IGNORECASE,
)
_ABBREVIATED: Final = re.compile(
    r"\b(?:jl|jln|jal|gg|gang|no|nmr|kel|kec|kab|kp|ds|dsn|blok|blk|perum|rt|rw|lt|st)$", re.IGNORECASE
)


def personal(text: str) -> Iterator[Span]:
    """Yield every place in a normalised text that looks personal."""
    yield from _numbers(text)
    for label, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield Span(*match.span(), label)
    for found in lokal.detect_pii(text, types=list(_LOKAL), min_confidence="high"):  # type: ignore[arg-type]
        yield Span(found.start, found.end, _LOKAL[found.type])
    yield from _names(text)
    yield from _homes(text)


def _numbers(text: str) -> Iterator[Span]:
    """Long runs of digits, however they are spaced; sums of money and dates are left alone."""
    for match in _DIGITS.finditer(text):
        run = match.group()
        digits = sum(each.isdigit() for each in run)
        if _MONEY.search(text, max(0, match.start() - 12), match.start()) or _DATE.fullmatch(run.strip()):
            continue
        plain = "".join(each for each in run if each.isdigit())
        if digits == NIK_DIGITS:
            yield Span(*match.span(), "NIK")
        elif digits == NIP_DIGITS:
            yield Span(*match.span(), "NIP")
        elif digits <= PHONE_MOST and plain.startswith(("0", "62", "8")):
            yield Span(*match.span(), "telepon")
        elif digits >= 10:  # noqa: PLR2004 - account numbers begin there
            yield Span(*match.span(), "nomor")


def _names(text: str) -> Iterator[Span]:
    for match in _NAME_LABEL.finditer(text):
        yield from _name_from(text, match.end(), capitals=False)
    for match in _I_AM.finditer(text):
        yield from _name_from(text, match.end(), capitals=True)


def _name_from(text: str, start: int, *, capitals: bool) -> Iterator[Span]:
    """The words from `start` on that can be a name, up to the first that can not."""
    end = at = start
    for _ in range(_MOST_NAME_WORDS):
        word = _WORD.match(text, at)
        if word is None or word.group().rstrip(".").casefold() in _NO_NAME:
            break
        if capitals and not word.group()[0].isupper():
            break
        end = word.end()
        gap = _GAP.match(text, end)
        at = gap.end() if gap else end
        # "Budi. Jalan…": the sentence ends, unless the stop belongs to an initial.
        if word.group().endswith(".") and len(word.group()) > 2:  # noqa: PLR2004 - an initial and its stop
            break
    if end > start:
        yield Span(start, end, "nama")


def _homes(text: str) -> Iterator[Span]:
    for match in _HOME_LABEL.finditer(text):
        limit = min(len(text), match.end() + LONGEST_ADDRESS)
        end = limit
        for stop in _HOME_END.finditer(text, match.end(), limit):
            if stop.group() == "." and _ABBREVIATED.search(text, max(0, stop.start() - 8), stop.start()):
                continue
            end = stop.start()
            break
        if end > match.end():
            yield Span(match.end(), end, "alamat")
