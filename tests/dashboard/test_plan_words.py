"""Every figure, weight, balance, relation and change of a plan has a label in both languages."""

from dataclasses import fields

import pytest

from dashboard.text import fields_of, sentences
from data.analysis.impact import CHECKS, ImpactSummary
from data.analysis.impact_ground import GroundChange
from data.analysis.impact_things import THINGS
from data.analysis.plan_figures import BALANCED
from data.analysis.plan_posts import MEMBER, OFFICER
from geo.districting.balance import BandState, Weights

WEIGHTS = tuple(each.name for each in fields(Weights))


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("plan_weight", (*WEIGHTS, "call_kinds", "harm")),
        ("plan_figure", tuple(f"minutes_{name}" for name in WEIGHTS)),
        ("plan_balance", BALANCED),
        ("plan_band_state", tuple(BandState)),
        ("plan_band", ("households", "load")),
        ("impact_change", GroundChange.CHANGES),
        ("impact_thing", THINGS),
        ("impact_check", CHECKS),
        ("impact_role", (OFFICER, MEMBER)),
    ],
)
def test_every_code_has_a_label(group, names):
    assert names
    assert [name for name in names if f"{group}.{name}" not in sentences()] == []


def test_the_sentence_of_the_impact_takes_the_figures_of_its_summary():
    wanted = fields_of(sentences()["impact.sentence"]["en"])
    assert set(wanted) <= {each.name for each in fields(ImpactSummary)}
