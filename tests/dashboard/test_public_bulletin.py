"""The public version of a bulletin publishes no count of 1 to 4, and nothing to work one out by."""

import json
import subprocess
from dataclasses import replace
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
from dashboard.printing.bulletin_words import imprecise_text
from dashboard.printing.bulletin_xlsx import bulletin_xlsx
from dashboard.printing.public_bulletin_pdf import public_bulletin_pdf
from dashboard.printing.public_bulletin_xlsx import public_bulletin_xlsx
from dashboard.text import Words
from dashboard.viewmodels.bulletin import BulletinAsked, build_bulletin
from dashboard.viewmodels.public_bulletin import build_public_bulletin
from data.config import Config
from data.errors import DataError, RecordNotFound
from data.vocabulary import EventLayer

NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)
TZ = "Asia/Shanghai"
MARCH = (date(2026, 3, 1), date(2026, 4, 1))


def asked(area="", span=MARCH):
    return BulletinAsked(area, *span, NOW, TZ, "account-77")


def public(read, area="", span=MARCH):
    return build_public_bulletin(*read, asked(area, span))


def coarse(read, precision, until):
    """The town with its incident of 2026-03-01 known only to a span that ends at `until`."""
    town, placed = read
    incidents = placed[EventLayer.INCIDENTS]
    events = incidents.events
    row = int(np.flatnonzero(events.occurred_at == np.datetime64("2026-03-01T00:00", "ms"))[0])
    labels = (*events.precision.labels, precision)
    codes = events.precision.codes.copy()
    codes[row] = len(labels) - 1
    ends = events.occurred_until.copy()
    ends[row] = np.datetime64(until, "ms")
    told = replace(events, precision=replace(events.precision, labels=labels, codes=codes),
                   occurred_until=ends)  # fmt: skip
    return town, {**placed, EventLayer.INCIDENTS: replace(incidents, events=told)}


def test_communities_are_counted_and_small_counts_are_withheld(read):
    west, east = sorted(public(read).rows, key=lambda row: row.code, reverse=True)
    assert (west.code, west.name, west.now, west.before) == ("W", "西社区", 6, None)
    assert (east.code, east.now, east.before) == ("E", None, 0)  # three incidents, and none
    assert west.change is None  # a change would tell the withheld base
    assert west.per_thousand == pytest.approx(10.0)
    assert east.per_thousand is None
    assert public(read).withheld == 2


def test_a_change_stands_where_both_counts_are_published(read):
    town, placed = read
    incidents = placed[EventLayer.INCIDENTS]
    events = incidents.events
    west = np.flatnonzero(np.isin(incidents.position, [0, 1]) & (
        events.occurred_at > np.datetime64("2026-01-01")))  # fmt: skip
    moved = events.occurred_at.copy()
    moved[west] -= np.timedelta64(365, "D")
    both = np.concatenate([np.arange(len(events)), west])
    doubled = replace(events.take(both), occurred_at=np.concatenate([events.occurred_at,
                                                                     moved[west]]))  # fmt: skip
    more = replace(incidents, events=doubled, position=incidents.position[both],
                   on_border=incidents.on_border[both])  # fmt: skip
    row = build_public_bulletin(town, {**placed, EventLayer.INCIDENTS: more}, asked()).rows[1]
    assert (row.now, row.before) == (6, 7)
    assert row.change.value == pytest.approx(-1 / 7)
    assert row.change.low < row.change.value < row.change.high


def test_cases_are_counted_where_they_were_found_and_closed(read):
    span = (date(2026, 2, 1), date(2026, 3, 1))
    west = next(row for row in public(read, span=span).rows if row.code == "W")
    assert (west.hazards_found, west.disputes_found) == (None, None)  # two and one
    assert (west.hazards_closed, west.disputes_closed) == (0, 0)


def test_an_area_shows_its_own_communities_only(read):
    assert [row.code for row in public(read, "community:E").rows] == ["E"]
    with pytest.raises(RecordNotFound, match="no_such_place"):
        public(read, "community:nowhere")


@pytest.mark.parametrize(
    "span",
    [
        (date(2026, 3, 1), date(2026, 3, 31)),
        (date(2026, 3, 2), date(2026, 4, 1)),
        (date(2026, 4, 1), date(2026, 4, 1)),
        (date(2026, 6, 1), date(2026, 7, 1)),  # not over yet
    ],
)
def test_only_whole_months_that_are_over_are_published(read, span):
    with pytest.raises(DataError, match="public_whole_months"):
        public(read, span=span)


def test_a_month_just_over_is_published(read):
    assert public(read, span=(date(2026, 5, 1), date(2026, 6, 1))).rows


def text_of(pdf, folder):
    """The text of a file as a reader of PDF finds it."""
    (folder / "b.pdf").write_bytes(pdf)
    told = subprocess.run(
        ["pdftotext", "-layout", "b.pdf", "-"], cwd=folder, check=True, capture_output=True,
        timeout=60,
    )  # fmt: skip
    return told.stdout.decode()


@pytest.mark.poppler
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_paper_holds_no_small_count_no_account_and_no_text(read, language, tmp_path):
    words = Words(language)
    text = text_of(public_bulletin_pdf(public(read), words), tmp_path)
    (line,) = [line for line in text.splitlines() if "东社区" in line and "<5" in line]
    assert line.split()[1:3] == ["<5", "0"]
    assert words("public_bulletin.foot") in text
    assert not [line for line in text.splitlines() if line.split()[:1] == [words("bulletin.total")]]
    for hidden in ("account-77", "script", "13912345678"):
        assert hidden not in text


def test_the_workbook_holds_published_numbers_only(read):
    book = load_workbook(BytesIO(public_bulletin_xlsx(public(read), Words("en"))))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    rows = {row[0]: row for row in book["Incidents"].iter_rows(values_only=True)}
    assert rows["W"][1:4] == ("西社区", 6, "<5")
    assert rows["E"][1:4] == ("东社区", "<5", 0)
    numbers = [cell.value for cell in cells if isinstance(cell.value, int)]
    assert not [n for n in numbers if 0 < n < 5]


def test_incidents_that_the_period_cuts_through_are_stated_and_not_counted(read):
    cut = coarse(read, "month", "2026-04-05")
    internal = build_bulletin(*cut, asked())
    assert (internal.incidents.numerator, internal.imprecise, internal.imprecise_cases) == (
        10,
        1,
        0,
    )
    assert "1 incidents and 0 hazards" in imprecise_text(Words("en"), internal)
    assert imprecise_text(Words("en"), build_bulletin(*read, asked())) == ""
    about = load_workbook(BytesIO(bulletin_xlsx(internal, Words("zh"))))["说明"]
    assert imprecise_text(Words("zh"), internal) in [row[0].value for row in about.iter_rows()]
    assert len(bulletin_pdf(internal, Words("zh"))) > 1000
    assert build_bulletin(*cut, asked("community:E")).imprecise == 0
    told = build_public_bulletin(*cut, asked())
    assert (told.imprecise, public(read).imprecise) == (None, 0)  # one: withheld as well
    whole = coarse(read, "band", "2026-03-01T04:00")
    assert build_bulletin(*whole, asked()).imprecise == 0


@pytest.mark.parametrize("ending", ["pdf", "xlsx"])
def test_the_command_writes_the_public_version(database, tmp_path, ending):
    out = tmp_path / f"b.{ending}"
    command = ["bulletin", "--level", "public", "--from", "2026-03-01", "--out", str(out)]
    store = ["--store", str(database.path)]
    told = CliRunner().invoke(gridbeat, [*command, "--to", "2026-03-31", "--json", *store])
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert document["communities"] == [
        {"code": "E", "incidents": None, "year_before": 0},
        {"code": "W", "incidents": 6, "year_before": None},
    ]
    assert (document["withheld"], document["bytes"]) == (2, out.stat().st_size)
    refused = CliRunner().invoke(gridbeat, [*command, "--to", "2026-03-30", *store])
    assert isinstance(refused.exception, DataError)
    assert refused.exception.code == "public_whole_months"
    assert refused.exception.fields["until"] == "2026-03-31"  # half-open: the day after the last


@pytest.mark.parametrize(("last", "is_offered"), [(31, True), (30, False)])
def test_the_screen_offers_the_public_version_of_whole_months(database, last, is_offered):
    def page():
        from dashboard.screens import bulletin as screen
        from dashboard.text import Words

        screen.render(Words("en"))

    cache.use_config(Config(store_url=str(database.path)))
    try:
        at = AppTest.from_function(page, default_timeout=60)
        at.session_state["bulletin_since"] = date(2026, 3, 1)
        at.session_state["bulletin_last"] = date(2026, 3, last)
        at.run()
    finally:
        cache.use_config(None)
    assert not at.exception
    labels = [button.label for button in at.get("download_button")]
    assert ("Public PDF" in labels, "Public XLSX" in labels) == (is_offered, is_offered)
    captions = " ".join(caption.value for caption in at.caption)
    assert ("covers whole months that are over" in captions) is not is_offered
