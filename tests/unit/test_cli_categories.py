"""`jagawarga categories` as a user meets it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import trio

from jagawarga.catalogue.messages import Category
from jagawarga.suggestion.linear import loads
from tests.integration.edge_server import edge
from tests.integration.test_edge_routes import file as file_report
from tests.unit.test_cli_commands import call
from tests.unit.test_suggestion import TOPICS, made_up

COMPLAINTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "complaints.csv"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file of 200 complaints, one an hour, written down in another order than they came in."""
    path = tmp_path / "complaints.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["category", "kecamatan", "submitted", "text"])
        for number, example in reversed(list(enumerate(made_up(200)))):
            day, hour = divmod(number, 24)
            writer.writerow([example.label, "Coblong", f"2022-01-{day + 1:02} {hour:02}:00:00", example.text])
        writer.writerow(["", "Coblong", "2022-01-01 00:00:00", "tanpa kategori"])
        writer.writerow(["lampu", "Coblong", "kapan", "lampu padam"])
    return path


def test_a_model_is_trained_and_written(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is written is a model of the file's categories; rows without a category teach nothing."""
    target = tmp_path / "model.json"
    code, out, _ = call(capsys, "categories", "train", str(table), "-o", str(target), "--json")
    told = json.loads(out)
    assert (code, told["texts"], told["categories"], told["file"]) == (0, 201, 3, str(target))
    model = loads(target.read_text(encoding="utf-8"))
    assert model.labels == tuple(sorted(TOPICS))
    assert len(model.weights) == told["features"]
    assert [each.name for each in tmp_path.iterdir() if "model" in each.name] == ["model.json"]


def test_a_model_goes_where_the_server_looks(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `-o` it is put among the configuration."""
    monkeypatch.setenv("JAGAWARGA_CONFIG_DIR", str(tmp_path))
    assert call(capsys, "categories", "train", str(table))[0] == 0
    assert loads((tmp_path / "suggestions.json").read_text(encoding="utf-8")).labels == tuple(sorted(TOPICS))


def test_evaluation_is_by_time(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rows are put in the order of their times; one without is left out and counted."""
    code, out, _ = call(capsys, "categories", "evaluate", str(table), "--json")
    found = json.loads(out)
    assert (code, found["learned"], found["asked"], found["without_time"]) == (0, 160, 40, 1)
    assert found["everything"]["first"] > 0.9 > found["baseline"]["first"]


def test_evaluation_shows_no_text(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figures, and nothing of what anybody wrote."""
    code, out, _ = call(capsys, "categories", "evaluate", str(table))
    assert code == 0
    assert "all categories" in out
    assert not any(phrase in out for phrases in TOPICS.values() for phrase in phrases)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train"], "either FILE.csv or --from-reports"),
        (["train", "x.csv", "--from-reports"], "either FILE.csv or --from-reports"),
        (["train", "/nowhere.csv"], "can not be read"),
        (["evaluate", "/nowhere.csv"], "can not be read"),
        (["train", "TABLE", "--least", "1000"], "expected two or more categories"),
        (["evaluate", "TABLE", "--least", "1000"], "expected two or more categories"),
        (["train", "TABLE", "-o", "TABLE/model.json"], "can not be written"),
        (["train", "TABLE", "--text-column", "isi"], "has no column isi"),
        (["train", "--from-reports", "--url", "ftp://x"], "no JagaWarga answers at ftp://x"),
        (["train", "--from-reports", "--url", "http://127.0.0.1:1"], "no JagaWarga answers"),
        (["train", "--from-reports", "--url", "http://[::"], "is not an address"),
    ],
)
def test_what_can_not_be_done_is_one_line(
    arguments: list[str], told: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table: what is refused, and how it is told."""
    given = [each.replace("TABLE", str(table)) for each in arguments]
    code, out, err = call(capsys, "categories", *given)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err


async def test_a_model_is_trained_from_public_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is learned from is what anybody may read: private and anonymous reports teach nothing."""
    target = tmp_path / "model.json"
    async with edge() as house:
        house.house.catalogue.known_categories["lamp"] = Category("lamp", "Lamp", (1.0,), (1.0,))
        for category, text in (("pothole", "jalan berlubang"), ("lamp", "lampu padam")):
            for _ in range(5):
                await file_report(house, privacy="public", category=category, text=text)
                await file_report(house, privacy="private", category=category, text=f"{text} rahasia")
                await file_report(house, privacy="anonymous", category=category, text=f"{text} rahasia")
        url = f"http://127.0.0.1:{house.front.port}"
        arguments = ["categories", "train", "--from-reports", "--url", url, "-o", str(target), "--json"]
        code, out, _ = await trio.to_thread.run_sync(lambda: call(capsys, *arguments))
    assert (code, json.loads(out)["texts"]) == (0, 10)
    model = loads(target.read_text(encoding="utf-8"))
    assert model.labels == ("lamp", "pothole")
    assert model.scores("rahasia") == {}
    scores = model.scores("ada lampu padam")
    assert scores["lamp"] > scores["pothole"]


@pytest.mark.skipif(not COMPLAINTS.exists(), reason="the complaints of a real city are not here")
def test_a_real_city(capsys: pytest.CaptureFixture[str]) -> None:
    """On 5,090 real complaints half of the later ones get their category first, two of three among the first three."""
    code, out, _ = call(capsys, "categories", "evaluate", str(COMPLAINTS), "--json")
    found = json.loads(out)
    assert (code, found["learned"], found["asked"]) == (0, 4072, 1018)
    assert found["everything"]["first"] > 0.52 > 4 * found["baseline"]["first"]
    assert found["everything"]["three"] > 0.67
    assert found["common"]["three"] > 0.88
