import pytest

from data.importers.columns import fields, normal_header, suggest
from data.vocabulary import EventLayer


def columns_of(headers, layer=EventLayer.INCIDENTS):
    return {name: guess.column for name, guess in suggest(headers, layer).items()}


def test_chinese_headers():
    headers = [
        "警情编号",
        "接警时间",
        "发案时间",
        "经度",
        "纬度",
        "警情类别",
        "所属社区",
        "简要案情",
    ]
    assert columns_of(headers) == {
        "external_id": "警情编号", "reported_at": "接警时间", "occurred_at": "发案时间",
        "lon": "经度", "lat": "纬度", "kind": "警情类别", "stated_unit": "所属社区",
        "description": "简要案情",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        (
            ["uid", "offense_type", "date", "longitude", "latitude"],
            {"external_id": "uid", "kind": "offense_type", "occurred_at": "date",
             "lon": "longitude", "lat": "latitude"},
        ),
        (
            ["TYPE", "YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "HUNDRED_BLOCK", "NEIGHBOURHOOD",
             "X", "Y"],
            {"kind": "TYPE", "year": "YEAR", "month": "MONTH", "day": "DAY", "hour": "HOUR",
             "minute": "MINUTE", "stated_unit": "NEIGHBOURHOOD", "lon": "X", "lat": "Y"},
        ),
        (
            ["month", "longitude", "latitude", "location", "lsoa_code"],
            {"occurred_at": "month", "lon": "longitude", "lat": "latitude"},
        ),
        (
            ["編號", "案類", "發生日期", "發生時段", "發生地點"],
            {"external_id": "編號", "kind": "案類", "date": "發生日期", "clock": "發生時段"},
        ),
    ],
)  # fmt: skip
def test_headers_of_the_real_files(headers, wanted):
    assert columns_of(headers) == wanted


def test_a_reported_time_stands_in_with_less_confidence():
    found = suggest(["编号", "报警时间"], EventLayer.INCIDENTS)
    assert found["occurred_at"].column == "报警时间"
    assert found["occurred_at"].confidence < 1


def test_a_column_serves_one_field_only_and_parts_of_headers_count():
    found = columns_of(
        ["隐患编号(必填)", "隐患类型", "经度(WGS84)", "纬度 ", "所属网格名称"], EventLayer.HAZARDS
    )
    assert found["external_id"] == "隐患编号(必填)"
    assert found["lon"] == "经度(WGS84)"
    assert found["lat"] == "纬度 "
    assert found["stated_unit"] == "所属网格名称"
    assert len(set(found.values())) == len(found)


def test_layers_have_their_own_fields():
    assert "severity" not in fields(EventLayer.INCIDENTS)
    assert "is_major" in fields(EventLayer.HAZARDS)
    assert "root_hazard_ref" in fields(EventLayer.DISPUTES)
    assert normal_header(" Created-Date (local) ") == "created_date"
