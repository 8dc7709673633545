"""Rows for binary COPY: what PostgreSQL keeps of them is what was handed over."""

from datetime import UTC, datetime

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from data.geometry import point_blobs
from data.models import Dispute, Hazard, ImportBatch
from data.repositories.event_copy import copied_rows
from data.repositories.event_writes import EventBlock, ready_to_copy, write_events
from data.vocabulary import EventLayer

AT = datetime(2026, 6, 1, tzinfo=UTC)
TIMES = ["1969-12-31T23:59:59.999Z", None, "1999-12-31T23:59:59.999Z", "2026-03-05T00:30:00.250Z"]


def columns(count=4, **changes):
    lon = np.array([97.001, np.nan, -180.0, 180.0])[:count]
    made = {
        "source": ["t"] * count,
        "external_id": [f"案{n}" for n in range(count)],
        "kind": ["other"] * count,
        "channel": ["other"] * count,
        "channel_group": ["other"] * count,
        "time_precision": ["minute"] * count,
        "content_hash": ["0"] * count,
        "occurred_at": TIMES[:count],
        "description": ["", None, 'a "quoted",\nline\t\\N', "𠮷"][:count],
        "attributes": ['{"备注": "x"}', None, "{}", '{"a": 1.5}'][:count],
        "is_major": [1.0, None, 0.0, True][:count],
        "limit_minutes": [30.0, None, -7, 2_147_483_647][:count],
        "src_x": [0.1, None, -1e300, 5e-324][:count],
        "line": list(range(2, 2 + count)),
        "batch_id": [1] * count,
        "geom": point_blobs(lon, np.array([33.5, np.nan, -90.0, 90.0])[:count]),
    }
    return {**made, **changes}


def kept(database, *names, model=Hazard):
    with database.read() as session:
        rows = session.execute(select(*(getattr(model, n) for n in names)).order_by(model.id))
        return [tuple(row) for row in rows]


@pytest.fixture
def ready(db):
    with db.write() as session:
        batch = ImportBatch(
            layer="hazards", file_name="x", file_sha256="1", options={}, options_hash="h",
            actor="a", state="done", row_offset=0, started_at=AT,
        )  # fmt: skip
        session.add(batch)
    return db


def put(database, block, *, may_exist=False):
    with database.write() as session:
        return write_events(session, block, may_exist=may_exist)


def test_both_stores_keep_every_value(ready):
    given_columns = columns()
    put(ready, EventBlock(EventLayer.HAZARDS, "t", given_columns))
    names = ("external_id", "description", "src_x", "line", "batch_id", "source")
    expected = list(zip(*(given_columns[name] for name in names), strict=True))
    assert kept(ready, *names) == expected
    assert kept(ready, "is_major", "limit_minutes") == [
        (True, 30), (None, None), (False, -7), (True, 2_147_483_647),
    ]  # fmt: skip
    assert [row[0] for row in kept(ready, "attributes")] == [{"备注": "x"}, None, {}, {"a": 1.5}]
    moments = [None if text is None else datetime.fromisoformat(text) for text in TIMES]
    assert [row[0] for row in kept(ready, "occurred_at")] == moments
    points = [None if row[0] is None else row[0].coords[0] for row in kept(ready, "geom")]
    assert points == [(97.001, 33.5), None, (-180.0, -90.0), (180.0, 90.0)]


def test_rows_made_ready_beforehand_are_the_same(served):
    with served.write() as session:
        session.add(
            ImportBatch(
                layer="hazards", file_name="x", file_sha256="1", options={}, options_hash="h",
                actor="a", state="done", row_offset=0, started_at=AT,
            )
        )  # fmt: skip
    block = EventBlock(EventLayer.HAZARDS, "t", columns(description=["a\x00b", None, "", "c"]))
    half = {name: values[:2] for name, values in block.columns.items()}
    put(served, EventBlock(EventLayer.HAZARDS, "t", half))
    counts = put(served, ready_to_copy(block), may_exist=True)
    assert (counts.inserted, counts.unchanged) == (2, 2)
    assert [row[0] for row in kept(served, "description")] == ["ab", None, "", "c"]
    assert [row[0] for row in kept(served, "external_id")] == ["案0", "案1", "案2", "案3"]
    assert shapely.get_x(kept(served, "geom")[3][0]) == 180.0


@pytest.mark.parametrize("count", [1, 2, 4])
def test_rows_that_are_few_or_all_alike(served, count):
    given_columns = columns(count)
    only = {name: given_columns[name] for name in ("source", "kind", "content_hash")}
    alike = copied_rows(Hazard.__table__, only, list(only))
    assert alike.to_pylist() == [b"\0\3" + b"\0\0\0\1t" + b"\0\0\0\5other" + b"\0\0\0\0010"] * count
    put(served, EventBlock(EventLayer.HAZARDS, "t", columns(count, batch_id=[None] * count)))
    assert len(kept(served, "id")) == count


@given(st.lists(st.one_of(st.none(), st.text(st.characters(codec="utf-8"))), min_size=1))
def test_every_text_has_its_length_ahead(texts):
    told = copied_rows(Dispute.__table__, {"outcome": texts}, ["outcome"]).to_pylist()
    expected = [
        b"\0\1" + (b"\xff" * 4 if t is None else len(t.encode()).to_bytes(4) + t.encode())
        for t in texts
    ]
    assert told == expected
