"""Printed pages carry their own Chinese font, their codes scan by construction, nothing runs."""

import re
import subprocess
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
import segno
import shapely
import zxingcpp
from click.testing import CliRunner
from PIL import Image

from dashboard.cli import gridbeat
from dashboard.printing import fonts
from dashboard.printing.contact_card import (
    CardPrint,
    ContactCard,
    ContactLine,
    contact_cards_pdf,
)
from dashboard.printing.page import NO_GLYPH, Column, Imprint, PrintedPage
from dashboard.printing.qr import QUIET_MODULES, address_content, draw_qr, modules, phone_content
from dashboard.printing.sketch import Box, Mark, Part, draw_sketch, scale_bar
from dashboard.text import Words
from data.errors import ConfigError
from tests.dashboard import tiny_town

NOW = datetime(2026, 3, 1, 2, tzinfo=UTC)
GRIDS = (
    Part("1", shapely.box(97, 33, 97.01, 33.01)),
    Part("2", shapely.box(97.01, 33, 97.02, 33.01)),
)
CARD = ContactCard(
    code="632701001001",
    name="吉祥社区",
    subdistrict="结古街道",
    station="结古派出所",
    lines=(
        ContactLine("position", "beat_officer", "社区警务室", "0976-8800001"),
        ContactLine("level", "station", "结古派出所", None),
    ),
    outline=shapely.box(97, 33, 97.02, 33.01),
    grids=GRIDS,
    marks=(Mark("社区警务室", 97.005, 33.005),),
    qr="tel:09768800001",
)


def scanned(pdf, folder, dpi):
    """Print every page at a resolution in dots per inch, and read the codes on each."""
    (folder / "printed.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-r", str(dpi), "-gray", "-png", "printed.pdf", "page"]
    subprocess.run(command, cwd=folder, check=True, timeout=60)
    found = []
    for path in sorted(folder.glob("page*.png")):
        with Image.open(path) as image:
            codes = zxingcpp.read_barcodes(image)
        assert all(code.format == zxingcpp.BarcodeFormat.QRCode for code in codes)
        found.append([code.text for code in codes])
    return found


def page(paper="A4", **more):
    told = {"title": "t", "language": "zh", "foot": "", "page_text": "", "made_at": NOW} | more
    made = PrintedPage(paper, Imprint(**told))
    made.add_page()
    return made


def streams(pdf):
    """Every stream of a file, unpacked where it is packed."""
    for body in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            yield zlib.decompress(body)
        except zlib.error:
            yield body


def characters(pdf):
    """What the embedded fonts map back to Unicode: the characters that the pages use."""
    found = set()
    for body in streams(pdf):
        if b"begincmap" not in body:
            continue
        for _, target in re.findall(rb"<([0-9A-F]+)>\s+<([0-9A-F]+)>", body):
            found |= set(bytes.fromhex(target.decode()).decode("utf-16-be", errors="ignore"))
    return found


def test_the_small_font_holds_daily_chinese_and_is_made_once():
    assert len([code for code in fonts.daily_characters() if code >= 0x4E00]) >= 6763
    path = fonts.daily_font("")
    assert path.stat().st_size < fonts.whole_font("").stat().st_size / 3
    assert fonts.daily_font("") == path


def test_a_missing_font_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(fonts, "FONTS", tmp_path)
    with pytest.raises(ConfigError, match="print_font_missing"):
        fonts.whole_font("B")


def test_a_page_carries_the_font_it_needs():
    made = page()
    made.paragraph("社区治安通报 Bulletin")
    pdf = made.bytes
    assert pdf.startswith(b"%PDF-")
    assert b"/FontFile2" in pdf
    assert not re.search(rb"/BaseFont\s*/(Helvetica|Times|Courier)", pdf)
    assert set("社区治安通报Bulletin") <= characters(pdf)
    assert len(pdf) < 200_000


def test_a_rare_character_is_drawn_and_an_unknown_one_is_marked():
    made = page()
    made.paragraph("㵲河社区 \U0001f600\x07\u202e")
    used = characters(made.bytes)
    assert "㵲" in used
    assert NO_GLYPH in used
    assert not used & {"\U0001f600", "\x07", "\u202e"}


def test_a_long_text_is_cut_to_its_column():
    made = page()
    short = made.fitted("社区" * 200, 40)
    assert short.endswith("…")
    assert made.get_string_width(short) <= 40
    assert made.fitted("社区", 40) == "社区"


def test_a_table_says_its_header_on_every_page():
    made = page(page_text="{page}/{pages}")
    columns = (Column("类别", 1), Column("起数", 1, "R"))
    made.rows(columns, [(f"r{n}", str(n)) for n in range(120)], bold_last=True)
    made.blank_box(40)
    assert made.page_no() >= 3


def test_modules_are_those_of_the_standard_and_runs_draw_each_once():
    content = "https://example.org/c?code=632701001001"
    code = segno.make(content, error="m", micro=False)
    drawn = []

    class Canvas:
        def set_fill_color(self, *_):
            pass

        def rect(self, x, y, width, height, style):  # noqa: ARG002 - the page's own name
            drawn.append((x, y, width, height))

    rows = modules(content)
    assert [list(row) for row in rows] == [[bool(cell) for cell in row] for row in code.matrix]
    side = len(rows) + 2 * QUIET_MODULES
    draw_qr(Canvas(), content, x_mm=0, y_mm=0, side_mm=side)
    assert drawn[0] == (0, 0, side, side)
    dark = sum(sum(row) for row in rows)
    assert sum(width for _, _, width, _ in drawn[1:]) == pytest.approx(dark)
    assert min(x for x, _, _, _ in drawn[1:]) >= QUIET_MODULES


@pytest.mark.parametrize(
    ("phone", "content"),
    [
        ("0976-8800001", "tel:09768800001"),
        (" +86 976 8800001 ", "tel:+869768800001"),
        (None, ""),
        ("ask at the gate", ""),
    ],
)
def test_a_phone_becomes_a_link_that_dials(phone, content):
    assert phone_content(phone) == content


def test_an_address_takes_the_code_and_nothing_else_passes():
    assert address_content(" https://a.example/{code} ", "01") == "https://a.example/01"
    for bad in ("javascript:alert(1)", "https://a b", "https://" + "a" * 400):
        with pytest.raises(ConfigError, match="bad_qr_address"):
            address_content(bad, "01")


def test_a_scale_is_round_and_fits():
    lengths = [scale_bar(mm_per_m, 25.0) for mm_per_m in (0.001, 0.01, 0.02, 0.1, 1.0)]
    assert lengths == [20_000, 2_000, 1_000, 200, 20]
    assert all(a > b for a, b in pairwise(lengths))


def test_a_sketch_of_nothing_draws_nothing():
    assert not draw_sketch(page(), Box(0, 0, 50, 50), None, [])
    assert draw_sketch(page(), Box(0, 0, 50, 50), None, GRIDS)


@pytest.mark.parametrize(("paper", "size"), [("A5", (148, 210)), ("A4", (210, 297))])
def test_cards_are_one_page_each_in_both_languages(paper, size):
    how = CardPrint([Words("zh"), Words("en")], date(2026, 3, 1), NOW, paper)
    pdf = contact_cards_pdf([CARD, CARD], how)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2
    width, height = (float(n) for n in re.search(
        rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())  # fmt: skip
    assert (width * 25.4 / 72, height * 25.4 / 72) == pytest.approx(size, abs=0.5)
    used = characters(pdf)
    assert set("警民联系卡吉祥社区派出所紧急求助0976-8800001") <= used
    assert set("Communityofficer") <= used


def test_a_card_without_outline_and_code_is_still_a_card():
    bare = ContactCard("1", "社区", "", "", (), None, (), (), "")
    how = CardPrint([Words("en")], date(2026, 3, 1), NOW, scenario="Demo")
    assert set("nooutline") <= characters(contact_cards_pdf([bare], how))


@pytest.mark.poppler
@pytest.mark.parametrize(("paper", "dpi"), [("A5", 100), ("A4", 100)])
def test_a_reader_of_codes_reads_the_card_as_printed(tmp_path, paper, dpi):
    """100 dpi is a poor office printer: what it prints must still scan."""
    longest = address_content("https://station.example/card?place={code}&" + "p" * 200, CARD.code)
    cards = [replace(CARD, qr=text) for text in (CARD.qr, longest, "")]
    how = CardPrint([Words("zh"), Words("en")], date(2026, 3, 1), NOW, paper)
    pages = scanned(contact_cards_pdf(cards, how), tmp_path, dpi)
    assert pages == [["tel:09768800001"], [longest], []]


@pytest.mark.poppler
def test_the_code_of_the_command_is_read_back(tmp_path):
    """The page that the command prints says the address with the community's code in it."""
    database = tiny_town.build(tmp_path)
    database.dispose()
    out = tmp_path / "cards.pdf"
    asked = ["contact-card", "--unit", "W", "--unit", "E", "--out", str(out)]
    asked += ["--qr-address", "https://a.example/{code}", "--store", str(database.path)]
    told = CliRunner().invoke(gridbeat, asked)
    assert told.exit_code == 0, told.output
    read = scanned(out.read_bytes(), tmp_path, 150)
    assert sorted(read) == [["https://a.example/E"], ["https://a.example/W"]]
