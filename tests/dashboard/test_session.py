"""What stands in the address is checked when it is read; what was chosen is kept."""

from datetime import date

import pytest

from dashboard.session import Period, Session, from_address, to_address


def test_a_session_goes_through_the_address_and_back():
    session = Session(
        language="en",
        area="community:W",
        measure="hazards",
        period=Period("custom", date(2026, 1, 1), date(2026, 1, 31)),
        as_of="2025-12-31",
        selected="Precinct 7 / 'North'",
    )
    params = to_address(session)
    assert params["period"] == "2026-01-01..2026-01-31"
    assert from_address(params, "zh") == session


def test_what_is_as_at_the_beginning_is_left_out():
    assert to_address(Session(language="zh")) == {"lang": "zh"}
    assert from_address({}, "en") == Session(language="en")


@pytest.mark.parametrize(
    "params",
    [
        {"lang": "fr", "measure": "drop table", "period": "0", "asof": "yesterday"},
        {"area": "<script>", "unit": "<img src=x>"},
        {"area": "x" * 500, "unit": "\x00"},
        {"period": "2026-02-01..2026-01-01"},
        {"period": "2026-02-30..2026-03-01"},
        {"period": "custom"},
    ],
)
def test_nonsense_in_the_address_is_left_out(params):
    assert from_address(params, "zh") == Session()


def test_days_of_the_address():
    assert from_address({"period": "28"}, "zh").period == Period("28")
    assert from_address({"asof": "event"}, "zh").as_of == "event"
