"""What is written to people, as data: a table for each language. No text of a report, no place, is ever put in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jagawarga.notification.messages import Language


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language; `lines` by an event's type, `{holder}` is an authority's name."""

    one: str
    many: str
    lines: Mapping[str, str]
    private_lines: Mapping[str, str]
    any_line: str
    inbox: str
    stop: str
    code_subject: str
    code: str
    code_ignore: str


TEXTS: Final[Mapping[Language, Texts]] = {
    "id": Texts(
        one="Kabar laporan Anda",
        many="{count} kabar laporan Anda",
        lines={
            "report.received": "Laporan Anda telah diterima oleh {holder}.",
            "report.acknowledged": "Laporan Anda telah ditanggapi oleh {holder}.",
            "report.started": "Laporan Anda sedang ditangani oleh {holder}.",
            "report.escalated": "Laporan Anda diteruskan ke {holder} karena melewati batas waktu.",
            "report.resolved": "Laporan Anda dinyatakan selesai oleh {holder}.",
            "report.rejected": "Laporan Anda tidak dapat ditangani oleh {holder}. Alasannya ada di laporan Anda.",
            "report.asked": "{holder} bertanya tentang laporan Anda. Selama menunggu jawaban, batas waktunya berhenti.",
            "report.replied": "{holder} menulis kepada Anda tentang laporan Anda.",
            "report.resumed": "Pertanyaan tentang laporan Anda tidak terjawab; {holder} melanjutkan penanganannya.",
            "report.transferred": "Laporan Anda diteruskan ke {holder}.",
            "report.reclassified": "Kategori laporan Anda diperbaiki oleh {holder}.",
            "report.merged": "{holder} menggabungkan laporan Anda dengan laporan lain tentang hal yang sama.",
            "report.split": "{holder} memisahkan lagi laporan Anda dari laporan lain.",
            "report.reopened": "Laporan Anda dibuka kembali dan diteruskan ke {holder}.",
            "report.closed": "Laporan Anda, yang diselesaikan {holder}, ditutup karena tidak ada bantahan.",
        },
        private_lines={
            "report.received": "Laporan Anda telah diterima.",
            "report.acknowledged": "Laporan Anda telah ditanggapi.",
            "report.started": "Laporan Anda sedang ditangani.",
            "report.escalated": "Laporan Anda diteruskan ke tingkat berikutnya karena melewati batas waktu.",
            "report.resolved": "Laporan Anda dinyatakan selesai.",
            "report.rejected": "Laporan Anda tidak dapat ditangani. Alasannya ada di laporan Anda.",
            "report.asked": "Ada pertanyaan tentang laporan Anda. Selama menunggu jawaban, batas waktunya berhenti.",
            "report.replied": "Ada tulisan untuk Anda tentang laporan Anda.",
            "report.resumed": "Pertanyaan tentang laporan Anda tidak terjawab; penanganannya dilanjutkan.",
            "report.transferred": "Laporan Anda diteruskan ke instansi lain.",
            "report.reclassified": "Kategori laporan Anda diperbaiki.",
            "report.merged": "Laporan Anda digabungkan dengan laporan lain tentang hal yang sama.",
            "report.split": "Laporan Anda dipisahkan lagi dari laporan lain.",
            "report.reopened": "Laporan Anda dibuka kembali dan diteruskan ke tingkat berikutnya.",
            "report.closed": "Laporan Anda ditutup karena tidak ada bantahan.",
        },
        any_line="Ada kabar baru tentang laporan Anda.",
        inbox="Masuk ke JagaWarga untuk membaca selengkapnya:",
        stop="Berhenti menerima surel ini:",
        code_subject="Kode konfirmasi JagaWarga",
        code="Kode konfirmasi Anda: {code}. Berlaku 30 menit.",
        code_ignore="Jika Anda tidak memintanya, abaikan surel ini.",
    ),
    "en": Texts(
        one="An update on your report",
        many="{count} updates on your reports",
        lines={
            "report.received": "Your report has been received by {holder}.",
            "report.acknowledged": "Your report has been acknowledged by {holder}.",
            "report.started": "Your report is being worked on by {holder}.",
            "report.escalated": "Your report has been escalated to {holder} because a deadline was missed.",
            "report.resolved": "Your report has been resolved by {holder}.",
            "report.rejected": "Your report can not be handled by {holder}. The reason is with your report.",
            "report.asked": "{holder} has a question about your report. Until you answer, the clock stands still.",
            "report.replied": "{holder} has written to you about your report.",
            "report.resumed": "The question about your report was not answered; {holder} goes on without.",
            "report.transferred": "Your report has been passed on to {holder}.",
            "report.reclassified": "The category of your report has been corrected by {holder}.",
            "report.merged": "{holder} has merged your report with another one about the same thing.",
            "report.split": "{holder} has separated your report from the other one again.",
            "report.reopened": "Your report is open again and has gone to {holder}.",
            "report.closed": "Your report, resolved by {holder}, has been closed, as nobody said that it is not so.",
        },
        private_lines={
            "report.received": "Your report has been received.",
            "report.acknowledged": "Your report has been acknowledged.",
            "report.started": "Your report is being worked on.",
            "report.escalated": "Your report has been escalated to the next level because a deadline was missed.",
            "report.resolved": "Your report has been resolved.",
            "report.rejected": "Your report can not be handled. The reason is with your report.",
            "report.asked": "There is a question about your report. Until you answer, the clock stands still.",
            "report.replied": "Somebody has written to you about your report.",
            "report.resumed": "The question about your report was not answered; work on it goes on without.",
            "report.transferred": "Your report has been passed on to another agency.",
            "report.reclassified": "The category of your report has been corrected.",
            "report.merged": "Your report has been merged with another one about the same thing.",
            "report.split": "Your report has been separated from the other one again.",
            "report.reopened": "Your report is open again and has gone to the next level.",
            "report.closed": "Your report has been closed, as nobody said that it is not so.",
        },
        any_line="There is an update on your report.",
        inbox="Sign in to JagaWarga to read all of it:",
        stop="Receive no more of these e-mails:",
        code_subject="JagaWarga confirmation code",
        code="Your confirmation code: {code}. It is good for 30 minutes.",
        code_ignore="If you did not ask for it, ignore this e-mail.",
    ),
}
