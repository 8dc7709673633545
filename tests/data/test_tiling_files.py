import logging
import os
import shutil

import geopandas as gpd
import numpy as np
import pytest

from benchmarks.tilings import clustered_points, ragged_tiling
from data import tiling_files
from data.tiling_files import index_where_it_pays, kept_index, load_index, save_index
from geo.index import build_index, index_key

SHAPES = ragged_tiling(120, seed=1)
CODES = np.array([f"{k:03d}" for k in range(120)], dtype=object)


@pytest.fixture(autouse=True)
def _small_and_forgetful(monkeypatch):
    monkeypatch.setattr(tiling_files, "KEPT_FROM_VERTICES", 0)
    monkeypatch.setattr(tiling_files, "IN_MEMORY", 0)


def answers(index):
    return index.locate(*clustered_points(3_000))


def test_an_index_is_built_once_and_then_read(tmp_path, monkeypatch):
    first = kept_index(SHAPES, CODES, folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [index_key(SHAPES, CODES)]
    monkeypatch.setattr(tiling_files, "build_index", None)
    second = kept_index(SHAPES, CODES, folder=tmp_path)
    np.testing.assert_array_equal(answers(first), answers(second))
    assert isinstance(second.table.entries.base, np.memmap)


def test_other_boundaries_get_their_own(tmp_path):
    kept_index(SHAPES, CODES, folder=tmp_path)
    kept_index(SHAPES[:100], CODES[:100], folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def spoil_bytes(place):
    path = place / "entries.npy"
    content = bytearray(path.read_bytes())
    content[5_000] ^= 1
    path.write_bytes(content)


def cut_short(place):
    path = place / "cells.npy"
    path.write_bytes(path.read_bytes()[:-100])


def lose_a_file(place):
    (place / "ax.npy").unlink()


def lose_the_sums(place):
    (place / "sums.json").unlink()


def garble_the_sums(place):
    (place / "sums.json").write_text("{", encoding="utf-8")


def put_another_there(place):
    other = save_index(build_index(SHAPES[:50], CODES[:50]), place.parent / "other")
    shutil.rmtree(place)
    shutil.move(other, place)


@pytest.mark.parametrize(
    "harm",
    [spoil_bytes, cut_short, lose_a_file, lose_the_sums, garble_the_sums, put_another_there],
)
def test_what_is_damaged_or_foreign_is_built_again_and_said(tmp_path, caplog, harm):
    good = kept_index(SHAPES, CODES, folder=tmp_path)
    harm(tmp_path / good.key)
    with caplog.at_level(logging.WARNING):
        again = kept_index(SHAPES, CODES, folder=tmp_path)
    assert "built again" in caplog.text
    np.testing.assert_array_equal(answers(again), answers(good))
    np.testing.assert_array_equal(answers(load_index(tmp_path / good.key)), answers(good))


def test_only_the_last_used_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(tiling_files, "KEPT", 2)
    keys = []
    for k in (10, 20, 30):
        key = kept_index(SHAPES[:k], CODES[:k], folder=tmp_path).key
        keys.append(key)
        os.utime(tmp_path / key, (k, k))
        if k == 20:
            os.utime(tmp_path / keys[0], (25, 25))  # used again
    assert {path.name for path in tmp_path.iterdir()} == {keys[0], keys[2]}


def test_half_written_ones_go_when_they_are_old(tmp_path):
    for name, age in (("part-old", 1), ("part-new", 0)):
        (tmp_path / name).mkdir()
        if age:
            os.utime(tmp_path / name, (1, 1))
    key = kept_index(SHAPES, CODES, folder=tmp_path).key
    assert {path.name for path in tmp_path.iterdir()} == {key, "part-new"}


def test_a_place_that_cannot_be_written_is_said_and_changes_no_answer(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        index = kept_index(SHAPES, CODES, folder=blocked / "folder")
    assert "not kept" in caplog.text
    np.testing.assert_array_equal(answers(index), answers(build_index(SHAPES, CODES)))


def test_small_tilings_and_few_points_stay_off_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(tiling_files, "default_folder", lambda: tmp_path)
    frame = gpd.GeoDataFrame({"grid_code": CODES}, geometry=SHAPES, crs="EPSG:4326")
    assert index_where_it_pays(frame, 100) is None
    assert index_where_it_pays(frame.iloc[:0], 10**6) is None
    monkeypatch.setattr(tiling_files, "KEPT_FROM_VERTICES", 10**6)
    assert index_where_it_pays(frame, 10**6) is not None
    assert list(tmp_path.iterdir()) == []


def test_memory_keeps_the_last_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(tiling_files, "IN_MEMORY", 1)
    first = kept_index(SHAPES, CODES, folder=tmp_path)
    assert kept_index(SHAPES, CODES, folder=tmp_path) is first
    kept_index(SHAPES[:9], CODES[:9], folder=tmp_path)
    assert kept_index(SHAPES, CODES, folder=tmp_path) is not first


@pytest.mark.parametrize(
    ("word", "points", "expected"),
    [("", 10**7, True), ("on", 10**7, True), ("off", 10**7, False), ("", 10**5, False)],
)
def test_machine_code_is_used_for_very_many_points_unless_turned_off(
    monkeypatch, word, points, expected
):
    monkeypatch.setenv("GRIDBEAT_ACCELERATOR", word)
    grids = gpd.GeoDataFrame({"grid_code": CODES}, geometry=SHAPES, crs=4326)
    assert index_where_it_pays(grids, points).use_compiled is expected


def test_machine_code_is_not_asked_for_where_it_is_not_installed(monkeypatch):
    monkeypatch.setattr(tiling_files, "has_accelerator", lambda: False)
    grids = gpd.GeoDataFrame({"grid_code": CODES}, geometry=SHAPES, crs=4326)
    assert not index_where_it_pays(grids, 10**7).use_compiled


def test_a_mapped_index_answers_by_machine_code_too(tmp_path):
    first = kept_index(SHAPES, CODES, folder=tmp_path)
    second = kept_index(SHAPES, CODES, folder=tmp_path, use_compiled=True)
    assert second.use_compiled
    x, y = clustered_points(30_000, seed=2)
    np.testing.assert_array_equal(second.locate(x, y), first.locate(x, y))
