"""`gridbeat coverage` with distances and `gridbeat site`, on both kinds of store and on files."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dashboard.cli import main

ROOT = Path(__file__).resolve().parents[2]


def run(capsys, *words):
    with pytest.raises(SystemExit) as done:
        main([str(word) for word in words])
    told = capsys.readouterr()
    return done.value.code or 0, told.out, told.err


def answer(capsys, *words):
    status, out, err = run(capsys, *words, "--json")
    assert status == 0, err
    return json.loads(out)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    path = tmp_path_factory.mktemp("reach") / "golmud.gpkg"
    with pytest.raises(SystemExit) as done:
        main(["scenario", "load", "golmud_hexi", "--store", str(path)])
    assert not done.value.code
    return path


def test_distances_have_their_keys_and_grow_with_the_distance(capsys, town):
    near = answer(capsys, "coverage", "--within-m", 300, "--store", town)
    far = answer(capsys, "coverage", "--within-m", 900, "--store", town)
    keys = {"units", "covered", "share", "gaps", "incidents_within", "area_share", "reach_gaps"}
    assert keys <= set(near)
    assert set(near) == set(far)
    assert 0 < near["incidents_within"] < far["incidents_within"] <= far["incidents_total"]
    assert 0 < near["area_share"] < far["area_share"] < 1
    assert near["within_m"] == 300.0
    assert [row["rank"] for row in near["reach_gaps"][:3]] == [1, 2, 3]
    assert sum(near["overlap"]) == near["incidents_total"]
    beyond = sum(row["incidents"] for row in near["reach_gaps"])
    beyond += near["reach_gaps_outside"]["incidents"]
    assert beyond == near["incidents_total"] - near["incidents_within"]
    plain = answer(capsys, "coverage", "--store", town)
    assert (plain["within_m"], plain["units"], plain["covered"]) == (1000.0, 7, 6)


def test_the_served_store_says_the_same(capsys, town, served_url):
    answer(capsys, "copy", town, served_url)
    for words in (
        ("coverage", "--within-m", 400),
        ("coverage", "--minutes", 8, "--network", "streets", "--level", "grid"),
        ("site", "--posts", 2, "--within-m", 500),
    ):
        here, there = (answer(capsys, *words, "--store", url) for url in (town, served_url))
        assert here.keys() == there.keys()
        for document in (here, there):
            for row in document.get("nearest", []):
                row["post_code"] = row["post_code"].rsplit("/", 1)[0]  # ends with a row's key
        assert json.loads(json.dumps(here), parse_float=lambda x: round(float(x), 6)) == (
            json.loads(json.dumps(there), parse_float=lambda x: round(float(x), 6))
        )


def test_streets_and_minutes(capsys, town):
    told = answer(
        capsys, "coverage", "--minutes", 6, "--speed-kmh", 5, "--network", "streets",
        "--store", town,
    )  # fmt: skip
    assert told["within_m"] == 500.0
    assert told["area_share"] is None
    assert 0 < told["streets"]["within_m"] < told["streets"]["total_m"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_people_read_sentences(town, language):
    for words, zh, en in (
        (("coverage", "--within-m", "500"), "缺口", "Gaps"),
        (("site", "--posts", "2", "--within-m", "500"), "已证明最优", "proven best"),
    ):
        told = subprocess.run(
            [sys.executable, "-m", "dashboard.cli", *words, "--store", str(town)],
            cwd=ROOT, capture_output=True, text=True, check=True,
            env={"PATH": "/usr/bin", "GRIDBEAT_LANG": language, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        assert (zh if language == "zh" else en) in told.stdout
        assert "_" not in told.stdout.split("\n")[0]


@pytest.fixture
def files(tmp_path):
    draw = np.random.default_rng(6)
    homes, places = draw.uniform(0, 0.03, (30, 2)), draw.uniform(0, 0.03, (6, 2))
    demand = ["tract,long,lat,POP"] + [
        f"{600 + k},{94.9 + x:.6f},{36.4 + y:.6f},{k + 1}" for k, (x, y) in enumerate(homes)
    ]
    sites = ["NAME,long,lat"] + [
        f"Store_{k},{94.9 + x:.6f},{36.4 + y:.6f}" for k, (x, y) in enumerate(places)
    ]
    ways = 1000 * np.hypot(*(homes[:, None] - places).transpose(2, 0, 1)) / 0.01
    pairs = ["distance,name,DestinationName"] + [
        f"{ways[i, j]:.4f},Store_{j},{600 + i}" for i in range(30) for j in range(6)
    ]
    wide = [",".join(["tract", *(f"Store_{j}" for j in range(6))])] + [
        ",".join([str(600 + i), *(f"{m:.4f}" for m in ways[i])]) for i in range(30)
    ]
    texts = {"demand": demand, "sites": sites, "pairs": pairs, "wide": wide}
    for name, lines in texts.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path, ways


def best(ways, weight, within):
    from itertools import combinations

    return max(
        weight[(ways[:, list(c)] <= within).any(axis=1)].sum() for c in combinations(range(6), 2)
    )


def test_files_need_no_store_and_both_forms_of_distances_agree(capsys, files):
    folder, ways = files
    given = ("site", "--posts", 2, "--within-m", 700, "--demand", folder / "demand.csv",
             "--weight", "POP", "--sites", folder / "sites.csv", "--name", "NAME")  # fmt: skip
    weight = np.arange(1.0, 31.0)
    straight = answer(capsys, *given)
    assert {"chosen", "covered", "total", "share", "method", "optimal"} <= set(straight)
    assert (straight["total"], straight["method"], straight["optimal"]) == (465.0, "exact", True)
    assert len(straight["chosen"]) == 2
    pairs = answer(capsys, *given, "--distances", folder / "pairs.csv")
    wide = answer(capsys, *given, "--distances", folder / "wide.csv")
    assert pairs == wide
    assert pairs["covered"] == best(ways, weight, 700)
    near = answer(capsys, *given, "--objective", "nearest", "--distances", folder / "pairs.csv")
    assert near["mean_distance_m"] <= pairs["mean_distance_m"]
    greedy = answer(capsys, *given, "--solver", "greedy")
    assert (greedy["method"], greedy["optimal"], greedy["gap"]) == ("greedy", False, None)


@pytest.mark.parametrize(
    ("file", "old", "new", "needle"),
    [
        ("demand", "POP", "PEOPLE", "POP"),
        ("demand", ",1\n", ",many\n", "many"),
        ("demand", ",1\n", ",-1\n", "-1"),
        ("demand", "long", "easting", "lon"),
        ("demand", ",36.4", ",4036.4", "4036"),
        ("sites", "Store_1", "Store_0", "Store_0"),
        ("sites", "NAME", "LABEL", "NAME"),
        ("pairs", "Store_", "Shop_", "Store_0"),
        ("pairs", ",6", ",9", "demand.csv"),
        ("pairs", "distance", "far", "distance"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(capsys, files, file, old, new, needle):
    folder, _ = files
    path = folder / f"{file}.csv"
    path.write_text(path.read_text().replace(old, new))
    status, _, err = run(
        capsys, "site", "--posts", 2, "--within-m", 700, "--demand", folder / "demand.csv",
        "--weight", "POP", "--sites", folder / "sites.csv", "--name", "NAME",
        "--distances", folder / "pairs.csv", "--lon", "long", "--lat", "lat",
    ) if file != "demand" else run(
        capsys, "site", "--posts", 2, "--within-m", 700, "--demand", folder / "demand.csv",
        "--weight", "POP", "--sites", folder / "sites.csv", "--name", "NAME",
    )  # fmt: skip
    assert status == 2
    assert needle in err
    assert len(err.strip().splitlines()) == 1


def test_questions_that_make_no_sense(capsys, town, files, tmp_path):
    folder, _ = files
    for words in (
        ("coverage", "--within-m", -5),
        ("coverage", "--within-m", 5, "--minutes", 5),
        ("coverage", "--minutes", 5, "--speed-kmh", -1),
        ("site", "--posts", 0, "--within-m", 500),
        ("site", "--posts", 9999, "--within-m", 500),
        ("site", "--posts", 1, "--within-m", 0),
        ("site", "--posts", 1, "--within-m", 500, "--to", "1999-01-01"),
        ("site", "--posts", 1, "--within-m", 500, "--demand", folder / "demand.csv"),
        ("site", "--posts", 1, "--within-m", 500, "--network", "streets", "--keep-posts"),
    ):
        status, out, err = run(capsys, *words, "--store", town)
        assert (status, out) == (2, ""), words
        assert "Traceback" not in err
    status, _, err = run(capsys, "coverage", "--within-m", 5, "--store", tmp_path / "no.gpkg")
    assert status == 2
