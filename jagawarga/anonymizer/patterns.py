"""What looks like personal data in any text: numbers with a label, addresses on the net, plates, doors.

Strict on purpose: where a number may be a telephone or an account, it goes. The patterns have no nested repetition, so
their time is linear in the text whatever somebody types. None of them reaches over an earlier cut (`spans.MASK`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from jagawarga.anonymizer.glance import DOTTED, Glance, Searches, hint
from jagawarga.anonymizer.spans import Span

_NUMBER: Final = r"[\s.:]{0,3}(?:nomor|no\.?)?"
_PLATE: Final = r"[a-z]{1,2}[ .\-]?\d{1,4}(?:[ .\-]?[a-z]{1,3})?\b"
# The registration districts of the police: RT, RW, KM and other short words are none.
_POLICE: Final = r"(?:a[abdeg]?|b[abdeghklmnpr]?|d[abcdeghklmnrtsw]?|e[abd]?|f|g|h|k[bhtu]?|l|m|n|p[abgst]?|r|s|t|w|z)"
_NO_PLATE: Final = (
    r"(?:dan|di|ke|ini|itu|ada|jam|kali|km|rt|rw|no|pm|am|wib|thn|bln|hr|kel|kec|jl|gg|tdk|yg|sdh|rb|jt|kg|cm|mm|m|x)\b"
)
_DAY: Final = r"\d{1,2}[\s\-/.]{1,2}(?:\d{1,2}|[a-z]{3,9})[\s\-/.]{1,2}\d{2,4}"
_AT: Final = r"\s{0,2}[\[({<]?\s?(?:\bat|\bet|\bad)\b\s?[\])}>]?\s{0,2}"
_AET: Final = r"\s{0,2}[\[({<]?\s?ät\b\s?[\])}>]?\s{0,2}"
_DOT: Final = r"\s{0,2}[\[({<]?\s?(?:\bdot\b|\btitik\b|\.)\s?[\])}>]?\s{0,2}"
_TLD: Final = r"(?:com|co|id|net|org|ac|go|sch|my|web|xyz|me|info|example)\b"
_THING: Final = (
    r"(?:antri|antrian|antrean|angkot|bus|bis|trayek|koridor|tiang|pohon|halte|loket|pintu|tiket|laporan|aduan|pasal|"
    r"perda|uu|"
    r"undang-undang|perwali|sk|surat|peraturan|tahun|smp|smpn|sma|sman|sd|sdn|smk|smkn|jembatan|urut|bpjs|pdam|pln)"
)

_MAILERS: Final = "gmail yahoo ymail outlook hotmail icloud proton"
_SOCIAL: Final = "ig instagram fb facebook twitter tiktok telegram tele line"
# Each with the words, signs or digits without which it finds nothing.
_NET: Final = (
    ("email", hint(signs="@"), r"[\w.+\-]{1,64}\s?@\s?[\w\-]{1,63}(?:\.[a-z]{2,24}){1,3}"),
    ("email", hint("at et ad"), rf"\b[\w.+\-]{{1,64}}{_AT}[\w\-]{{1,63}}(?:{_DOT}{_TLD}){{1,3}}"),
    ("email", hint(signs="ät"), rf"\b[\w.+\-]{{1,64}}{_AET}[\w\-]{{1,63}}(?:{_DOT}{_TLD}){{1,3}}"),
    ("email", hint(signs=_MAILERS),
     (rf"\b[\w+\-]{{1,40}}(?:{_DOT}[\w+\-]{{1,40}})?\s?(?:\bdi\b|@)\s?(?:gmail|yahoo|ymail|outlook|hotmail|"
     rf"icloud|proton)(?:{_DOT}{_TLD}){{0,3}}")),
    ("tautan", hint(signs=":// www."), r"\b(?:https?://|www\.)[^\s\x1a]{1,300}"),
    ("tautan", hint(signs="/"),
     (r"\b(?:[a-z0-9\-]{1,63}\.){0,3}(?:wa|t|instagram|facebook|fb|twitter|x|tiktok|linkedin|linktr|bit|"
     r"youtu|goo|line)\.(?:me|com|ee|ly|be|gl)/[^\s\x1a]{1,200}")),
    ("tautan", hint(signs="blogspot wordpress carrd github medium tumblr"),
     (r"(?<![\w@.\-])[a-z0-9\-]{2,40}\.(?:blogspot|wordpress|carrd|github|medium|tumblr)\.[a-z]{2,4}"
     r"\b[^\s\x1a]{0,100}")),
    ("tautan", hint(signs=".com .net .org .co. .or. .web. .my."),
     (r"(?<![\w@.\-])[a-z][a-z0-9\-]{1,39}\.(?:com|net|org|co\.id|or\.id|web\.id|my\.id)\b"
     r"(?:/[^\s\x1a]{0,100})?")),
    ("akun", hint(signs="@"), r"(?<![\w@.])@[a-z0-9_][\w.]{2,30}"),
    ("akun", hint(_SOCIAL),
     (r"\b(?:ig|instagram|fb|facebook|twitter|tiktok|telegram|tele|line)\b\s{0,2}"
     r"(?:saya|:|=)\s{0,2}[\w.@]{3,40}")),
    ("akun", hint(_SOCIAL), r"\b(?:ig|instagram|twitter|tiktok|telegram)\s{1,2}[a-z][\w.]{0,30}[_.\d][\w.]{0,30}[\w]"),
)  # fmt: skip
_NUMBERED: Final = (
    ("telepon",
     hint("tel telp telepon tlp tlf hp nohp wa app whatsapp handphone phone call sms", digits=6),
     (r"\b(?:telp?|telepon|tlp|tlf|hp|no\.? ?hp|wa|whats ?app|handphone|phone|call|sms)\b[^\w\n\x1a]{0,4}"
     r"(?:(?:nomor|no|saya|di|ke)\b[\s.:]{0,3}){0,2}\+?\(?\d(?:[ .\-()]{0,2}\d){5,18}")),
    ("rekening",
     hint("rekening rek norek bca bri bni bsi mandiri btn cimb gopay ovo shopeepay", digits=7),
     (r"\b(?:rekening|no\.? ?rek|norek|rek|bca|bri|bni|bsi|bank mandiri|btn|cimb|gopay|ovo|shopeepay)\b"
     r"(?:(?!rp)[^\d\n\x1a]){0,16}\d(?:[ .\-]{0,2}\d){6,19}")),
    ("paspor", hint("paspor passport", digits=6),
     r"\b(?:paspor|passport)\b[\s.:]{0,3}(?:nomor|no\.?)?[\s.:]{0,2}[a-z]{1,2}\s?\d{6,8}\b"),
    ("SIM", hint("sim", digits=12),
     r"\bsim\b[\s.:]{0,3}(?:[abcd][12i]?\b)?[\s.:]{0,3}(?:nomor|no\.?)?[\s.:]{0,2}\d(?:[ .\-]{0,2}\d){11,13}\b"),
    ("NPWP", hint("npwp", digits=10), r"\bnpwp\b[\s.:]{0,3}(?:nomor|no\.?)?[\s.:]{0,2}\d(?:[ .\-]{0,2}\d){9,15}\b"),
    ("NPWP", hint(digits=15), r"(?<!\d)\d{2}\.\d{3}\.\d{3}\.\d-\d{3}\.\d{3}(?!\d)"),
    ("plat", hint(digits=3), rf"\b{_POLICE} ?\d{{3,4}} ?(?!{_NO_PLATE})[a-z]{{1,3}}\b"),
    ("plat", hint(digits=1),
     rf"\b(?-i:(?=[A-Z]{{1,2}}[ .\-]?\d)){_POLICE}[ .\-]?\d{{1,4}}[ .\-]?(?!{_NO_PLATE})(?-i:[A-Z]{{2,3}})\b"),
    ("plat", hint("plat nopol polisi pol", digits=1),
     rf"\b(?:plat|nopol|nomor polisi|no\.? ?pol)\b{_NUMBER}\s?{_PLATE}"),
    ("alamat", hint("rt erte rukun", digits=1),
     (r"\b(?:rt|erte|rukun tetangga)[\s.:/]{0,3}\d{1,3}(?:[\s,./\-]{0,3}(?:(?:rw|erwe|"
     r"rukun warga)[\s.:/]{0,3})?\d{1,3})?\b")),
    ("alamat", hint("rw erwe rukun", digits=1), r"\b(?:rw|erwe|rukun warga)[\s.:/]{0,3}\d{1,3}\b"),
    ("alamat", hint("no nomor nomer nmr", digits=1),
     r"\b(?:no|nomor|nomer|nmr)\b[\s.:]{0,3}(?:rumah\s{0,2})?\d{1,4}(?:\s?[a-z])?\b(?![\s.]{0,2}\d)"),
    ("alamat", hint("blok", digits=1),
     r"\bblok\s{1,2}[a-z]{1,3}[\s\-/]{0,2}\d{1,3}(?:[\s\-/.]{0,2}(?:no\.?\s?)?\d{1,3})?\b"),
    ("koordinat", hint(signs=DOTTED, digits=10),
     r"(?<![\d.])-?\d{1,3}[.,]\d{4,}[°\s]{0,2}[,;/]?\s{0,2}-?\d{1,3}[.,]\d{4,}"),
    ("koordinat", hint(signs="°", digits=2),
     r"\d{1,3}\s?°\s?\d{1,2}\s?['′]?\s?(?:\d{1,2}(?:[.,]\d{1,4})?\s?[\"″]?)?\s?[nsewlubt]{0,2}\b"),
    ("IP", hint(signs=DOTTED, digits=4),
     r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\.?\d)"),
    ("IP", hint(signs=":"),
     (r"(?<![\w:])(?:(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}"
     r"(?::[0-9a-f]{1,4}){1,6})(?![\w:])")),
    ("tanggal lahir", hint("lahir ttl born", digits=3),
     rf"\b(?:lahir|ttl|tgl\.? lahir|born)\b[^.\n;\x1a]{{0,40}}?{_DAY}"),
)  # fmt: skip
LABELS: Final = frozenset(each[0] for each in (*_NET, *_NUMBERED))
_NET_PATTERNS: Final = Searches((needed, (label, re.compile(each, re.IGNORECASE))) for label, needed, each in _NET)
_NUMBER_PATTERNS: Final = Searches(
    (needed, (label, re.compile(each, re.IGNORECASE))) for label, needed, each in _NUMBERED
)
_DIGIT: Final = re.compile(r"\d")
_THINGS: Final = re.compile(rf"\b{_THING}\s{{1,2}}(?:[a-z]{{1,12}} )?$", re.IGNORECASE)


def patterned(glance: Glance) -> Iterator[Span]:
    """Yield every place in a text that has the form of something personal."""
    text = glance.text
    for label, pattern in _NET_PATTERNS.worth(glance):
        for match in pattern.finditer(text):
            yield Span(*match.span(), label)
    if _DIGIT.search(text) is None:
        return
    for label, pattern in _NUMBER_PATTERNS.worth(glance):
        for match in pattern.finditer(text):
            # "antrian no 131" and "angkot nomor 05" are nobody's door.
            if label != "alamat" or not _THINGS.search(text, max(0, match.start() - 28), match.start()):
                yield Span(*match.span(), label)
