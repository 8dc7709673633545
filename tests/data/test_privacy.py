from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.privacy import (
    is_person_header,
    mask_row,
    mask_text,
    mask_value,
    person_columns,
    person_number,
    pseudonym,
)


def id_number(area="632721", born="19900307", sequence="451"):
    """A made-up identity number with a right checksum (GB 11643)."""
    body = f"{area}{born}{sequence}"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    total = sum(int(sign) * weight for sign, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"身份证{id_number()}已登记", "身份证[id]已登记"),
        (f"身份证 {id_number()[:6]} {id_number()[6:14]} {id_number()[14:]}。", "身份证 [id]。"),
        ("身份证632721199003074510", "身份证[id]"),
        ("老证632721900307451", "老证[id]"),
        ("电话138 0013-8000回访", "电话[mobile]回访"),
        ("电话+86 13800138000", "电话[mobile]"),
        ("１３８００１３８０００", "[mobile]"),
        ("固话0979-8412345", "固话[landline]"),
        ("青A12345停放", "[plate]停放"),
        ("京AD12345", "[plate]"),
        ("卡 4111 1111 1111 1111", "卡 [card]"),
        ("写信到 a.b@example.com", "写信到 [mail]"),
        ("3单元502室漏水", "3单元[room]室漏水"),
        ("5栋2单元301", "5栋2单元[room]"),
        ("3-2-501", "3-2-[room]"),
        ("Apt 5B", "Apt [room]"),
        ("报警人：张三丰", "报警人：[name]"),
    ],
)
def test_person_numbers_are_masked(text, shown):
    assert mask_value(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-05 08:30:00",
        "13-05-2026 08:30",
        "案号20260305001234567",
        "4111 1111 1111 1112",
        "楼道堆物123件",
        "坐标114.305123,30.593412",
        "A0012345678",
        "632721999999451",
        "12号楼2026年改造",
        "<script>alert(1)</script>",
    ],
)
def test_other_numbers_stay(text):
    assert mask_value(text) == text


def test_a_column_is_masked_and_counted_and_its_input_left_alone():
    texts = pd.Series(["13800138000和13900139000", "", "无", f"{id_number()}"], dtype="str")
    before = texts.copy()
    masked, counts = mask_text(texts)
    assert masked.tolist() == ["[mobile]和[mobile]", "", "无", "[id]"]
    assert counts == {"mobile": 2, "id": 1}
    pd.testing.assert_series_equal(texts, before)


@given(st.lists(st.text(max_size=40), max_size=20))
def test_the_prefilter_hides_nothing_from_the_rules(words):
    seeds = [
        *words,
        *[f"{word}13800138000" for word in words],
        *[f"{word}3栋502" for word in words],
    ]
    texts = pd.Series(seeds, dtype="str")
    masked, counts = mask_text(texts)
    slow = Counter()
    assert masked.tolist() == [mask_value(text, slow) for text in seeds]
    assert counts == dict(slow)


@pytest.mark.parametrize(
    "header",
    [
        "姓名", "报警人", "报警电话", "身份证号", "联系方式", "车牌号", "详细地址", "name",
        "caller_name", "VictimAge", "license_plate", "card_number", "e-mail", "Phone", "idCard",
        "home address",
    ],
)  # fmt: skip
def test_headers_of_persons(header):
    assert is_person_header(header)


@pytest.mark.parametrize(
    "header",
    [
        "社区名称", "ward_name", "报警方式", "报警人数", "case_no", "id", "uid", "X", "descriptor",
        "发生地点", "hundred_block", "open_data_channel_type", "offense_type", "cell_id",
    ],
)  # fmt: skip
def test_headers_of_places_and_cases(header):
    assert not is_person_header(header)


def test_columns_are_found_by_what_stands_in_them():
    frame = pd.DataFrame(
        {
            "a": [f"1380013800{i}" for i in range(10)],
            "b": [f"A{i}" for i in range(10)],
            "c": [id_number(sequence=f"45{i}") if i < 3 else "" for i in range(10)],
            "d": [f"632721001001{i:03d}" for i in range(10)],
            "姓名": ["甲"] * 10,
        },
        dtype="str",
    )
    found = {each.column: each.evidence for each in person_columns(frame, frame.columns)}
    assert found == {"a": "mobile", "c": "id", "姓名": "header"}


def test_rows_for_the_quarantine_lose_their_person_columns():
    raw = {"姓名": "甲", "内容": "回电13800138000", "空": ""}
    assert mask_row(raw, ["姓名"]) == {"内容": "回电[mobile]"}


def test_a_pseudonym_hides_the_number_and_stays_the_same():
    number = id_number()
    made = pseudonym(number, b"k" * 32)
    assert number not in made
    assert made == pseudonym(f" {number[:6]} {number[6:]}", b"k" * 32)
    assert made != pseudonym(number, b"j" * 32)
    assert person_number(number) == "id"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("银行卡6222021234567890123", "银行卡[card]"),
        ("转至6217000123456789012", "转至[card]"),
        ("身份证632801199013011234", "身份证[id]"),
        ("固话09798412345", "固话[landline]"),
        ("护照E12345678", "护照[id]"),
        ("微信号 wxid_abcdef", "微信号 [account]"),
        ("1 3 9 1 2 3 4 5 6 7 8", "[mobile]"),
        ("电话报警，2023-03-01", "电话报警，2023-03-01"),
        ("网格632801004001001", "网格632801004001001"),
    ],
)
def test_a_label_or_a_domestic_prefix_is_enough_without_check_digits(text, masked):
    assert mask_text(pd.Series([text]))[0].tolist() == [masked]
