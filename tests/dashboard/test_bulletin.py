"""A bulletin counts what the overview counts, in PDF and workbook, and holds no text of records."""

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from io import BytesIO

import numpy as np
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.cli import gridbeat
from dashboard.printing.bulletin_pdf import bulletin_pdf
from dashboard.printing.bulletin_words import headline_text, peak_text, top_text
from dashboard.printing.bulletin_xlsx import bulletin_xlsx
from dashboard.screens.bulletin import whole_month
from dashboard.text import Words
from dashboard.viewmodels.bulletin import BulletinAsked, build_bulletin, count_cases, count_hours
from data.config import Config
from data.errors import DataError, RecordNotFound
from data.repositories.events import NO_TIME, Coded, EventArrays
from data.vocabulary import EventLayer
from tests.dashboard.test_printing import characters

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
TZ = "Asia/Shanghai"


def made(read, area="", since_on=date(2026, 3, 1), until_on=date(2026, 4, 1)):
    return build_bulletin(*read, BulletinAsked(area, since_on, until_on, NOW, TZ, "local"))


def coded(values):
    labels = tuple(dict.fromkeys(value for value in values if value))
    codes = [labels.index(value) if value else -1 for value in values]
    return Coded(labels, np.array(codes, dtype=np.int32))


def moments(texts):
    return np.array([NO_TIME if text is None else np.datetime64(text, "ms") for text in texts])


def cases(rows):
    """Events of (kind, status, occurred, closed, due, severity)."""
    kind, status, occurred, closed, due, severity = zip(*rows, strict=True)
    n, empty = len(rows), coded([None] * len(rows))
    columns = {
        "layer": EventLayer.HAZARDS,
        "ids": np.arange(n),
        "lon": np.zeros(n),
        "lat": np.zeros(n),
        "occurred_at": moments(occurred),
        "closed_at": moments(closed),
        "due_at": moments(due),
        "time_is_sound": np.ones(n, dtype=bool),
        "kind": coded(kind),
        "channel_group": empty,
        "status": coded(status),
        "stated_unit": empty,
        "precision": coded(["minute"] * n),
        "severity": coded(severity),
    }
    other = {field.name for field in fields(EventArrays)} - set(columns)
    return EventArrays(**columns, **dict.fromkeys(other, moments([None] * n)))


def test_an_area_counts_what_lies_in_its_grids(read):
    every, west, east = made(read), made(read, "community:W"), made(read, "community:E")
    assert [b.incidents.numerator for b in (every, west, east)] == [11, 6, 3]
    assert [b.incidents.denominator for b in (every, west, east)] == [1, 1, 0]
    assert every.unlocated == 2
    assert (west.per_thousand.numerator, west.per_thousand.denominator) == (6, 600)
    assert west.per_thousand.value == pytest.approx(10.0)
    assert east.per_thousand.value is None  # one grid states no residents
    assert sum(kind.change.numerator for kind in west.kinds) == 6
    assert west.hazards.still_open == 1
    assert (west.name, west.households) == ("西社区", 200)


def test_a_change_has_base_interval_and_mark(read):
    figure = made(read).incidents
    assert figure.value == pytest.approx(10.0)
    assert figure.low < figure.value < figure.high
    assert "small_base" in figure.note
    told = headline_text(Words("en"), made(read))
    assert "11 incidents against 1" in told
    assert "(small base)" in told
    assert "base is 0" in headline_text(Words("en"), made(read, "community:E"))


def test_hours_are_local_and_leave_out_what_has_no_clock(read):
    events = cases(
        [("H10", "closed", text, None, None, None) for text in
         ("2026-03-01T23:30", "2026-03-02T00:10", "2026-03-02T01:10", "2026-03-02T12:00")]
    )  # fmt: skip
    events = replace(events, precision=coded(["minute", "minute", "minute", "day"]))
    found = count_hours(events, TZ)  # Beijing: Monday 07:30, 08:10, 09:10
    assert (found.timed, found.untimed) == (3, 1)
    assert [found.counts[0][hour] for hour in (7, 8, 9)] == [1, 1, 1]
    assert (found.peak_hour, found.peak_count, found.peak_weekday) == (7, 3, 0)
    late = replace(events, occurred_at=moments(["2026-03-01T15:00", "2026-03-01T16:00",
                                                "2026-03-01T17:00", None]))  # fmt: skip
    assert count_hours(late, TZ).peak_hour == 23  # over midnight
    assert "23:00 to 02:00" in peak_text(
        Words("en"), replace(made(read), hours=count_hours(late, TZ))
    )


def test_cases_are_open_and_late_as_of_a_moment():
    found = count_cases(
        cases(
            [
                ("H10", "closed", "2026-02-01", "2026-03-10", "2026-03-01", "major"),
                ("H10", "closed", "2026-02-01", "2026-04-10", "2026-03-01", "major"),
                ("H10", "handling", "2026-03-05", None, "2026-05-01", "low"),
                ("H10", "suspended", "2026-02-05", None, "2026-03-01", "low"),  # clock stopped
                ("H20", "handling", "2026-05-05", None, None, "low"),
                ("H30", "void", "2026-03-05", None, None, "low"),
                ("", "closed", "2026-03-06", None, None, None),
            ]
        ),
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 4, 1, tzinfo=UTC),
        datetime(2026, 4, 1, tzinfo=UTC),
    )
    assert (found.found, found.closed) == (2, 1)
    assert (found.still_open, found.overdue, found.with_limit, found.major) == (3, 1, 3, 1)
    by_kind = {kind.code: kind for kind in found.kinds}
    assert set(by_kind) == {"H10", ""}
    assert (by_kind["H10"].still_open, by_kind["H10"].overdue) == (3, 1)
    assert sum(kind.found for kind in found.kinds) == found.found


def test_a_wrong_question_is_refused(read):
    with pytest.raises(DataError, match="bulletin_span"):
        made(read, until_on=date(2026, 3, 1))
    with pytest.raises(RecordNotFound, match="no_such_place"):
        made(read, "community:nowhere")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_paper_says_it_without_any_text_of_records(read, language):
    words, bulletin = Words(language), made(read, "community:W")
    pdf = bulletin_pdf(bulletin, words)
    used = characters(pdf)
    assert set("西社区") <= used
    assert set(top_text(words, bulletin)) - {" "} <= used
    assert set("<>{}") & used == set()  # the hostile texts of the records are not in it


def test_the_workbook_holds_numbers_and_runs_nothing(read):
    bulletin = replace(made(read), name="=HYPERLINK(1)")
    book = load_workbook(BytesIO(bulletin_xlsx(bulletin, Words("en"))))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    figures = {row[0].value: row for row in book["Figures"].iter_rows()}
    assert figures["Incidents"][1].value == 11
    change = figures["Change (95% interval)"]
    assert change[1].value == pytest.approx(10.0)
    assert (change[1].number_format, change[3].value) == ("0.0%", 1)
    kinds = list(book["Kinds of incident"].iter_rows(values_only=True))
    assert kinds[-1][1] == sum(row[1] for row in kinds[1:-1]) == 11
    hours = list(book["Hours of the week"].iter_rows(min_row=2, max_row=8, values_only=True))
    assert sum(sum(row[1:]) for row in hours) == bulletin.hours.timed
    text = json.dumps([str(cell.value) for cell in cells])
    assert "script" not in text
    assert "13912345678" not in text


def test_the_commands_write_files(database, tmp_path):
    store = ["--store", str(database.path)]
    out = tmp_path / "b.xlsx"
    told = CliRunner().invoke(
        gridbeat,
        ["bulletin", "--unit", "W", "--from", "2026-03-01", "--to", "2026-03-31",
         "--out", str(out), "--json", *store],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    assert (json.loads(told.stdout)["incidents"], out.stat().st_size > 1000) == (6, True)
    cards = tmp_path / "c.pdf"
    told = CliRunner().invoke(
        gridbeat,
        ["contact-card", "--unit", "W", "--out", str(cards), "--language", "en",
         "--qr-address", "https://a.example/{code}", "--json", *store],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["cards"] == 1
    assert cards.read_bytes().startswith(b"%PDF-")


def test_the_screen_shows_what_the_files_say(database):
    def page():
        from dashboard.screens import bulletin as screen
        from dashboard.text import Words

        screen.render(Words("en"))

    cache.use_config(Config(store_url=str(database.path)))
    try:
        at = AppTest.from_function(page, default_timeout=60)
        at.session_state["bulletin_since"] = date(2026, 3, 1)
        at.session_state["bulletin_last"] = date(2026, 3, 10)
        at.run()
    finally:
        cache.use_config(None)
    assert not at.exception
    shown = {metric.label: metric.value for metric in at.metric}
    assert shown["Incidents"] == "11"
    assert shown["Open hazards"] == "2"


@pytest.mark.parametrize(
    ("last_on", "month"),
    [
        (date(2023, 3, 2), (date(2023, 2, 1), date(2023, 2, 28))),
        (date(2024, 2, 29), (date(2024, 2, 1), date(2024, 2, 29))),
        (date(2024, 2, 28), (date(2024, 1, 1), date(2024, 1, 31))),
        (date(2024, 1, 15), (date(2023, 12, 1), date(2023, 12, 31))),
    ],
)
def test_the_first_choice_is_the_last_whole_month(last_on, month):
    assert whole_month(last_on) == month
