"""Write agreements, targets, campaigns, programme boards and monthly grades of areas.

Used by the stories of the scenarios. Columns are named as the fields of the registers.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from data.scenarios.incidents import Row
from data.scenarios.town import Town
from data.vocabulary import AreaGradeColour, ProgrammeStatus, TargetUnit

_INDICATORS = ("incidents", "criminal", "disputes", "hazards", "satisfaction")
_FLOORS = (
    (88.0, AreaGradeColour.GREEN), (78.0, AreaGradeColour.BLUE), (66.0, AreaGradeColour.YELLOW),
    (54.0, AreaGradeColour.RED), (0.0, AreaGradeColour.BLACK),
)  # fmt: skip
_YEAR = timedelta(days=365)


def agreement_rows(town: Town, since: date, each: int) -> list[Row]:
    """Give each community some co-construction agreements of two years, signed a week before."""
    return [
        {
            "external_id": f"GJ{at * each + number:03d}",
            "place_code": community.code,
            "partner": f"共建单位 {at * each + number:02d}",
            "subject": ("治安联防", "反诈宣传", "文明创建")[(at + number) % 3],
            "signed_on": since - timedelta(days=7),
            "since": since,
            "until": since + 2 * _YEAR,
        }
        for at, community in enumerate(town.of("community"))
        for number in range(1, each + 1)
    ]


def target_row(
    key: str,
    measure: str,
    labels: tuple[str, str],
    amounts: tuple[TargetUnit, float, float],
    span: tuple[date, date],
    place: str,
) -> Row:
    """Give a plan figure with what is done of it (`amounts`: unit, planned, done)."""
    return {
        "external_id": key,
        "place_code": place,
        "measure": measure,
        "label_zh": labels[0],
        "label_en": labels[1],
        "planned": amounts[1],
        "done": amounts[2],
        "base": None,
        "unit": amounts[0].value,
        "since": span[0],
        "until": span[1],
    }


def campaign_row(
    key: str, place: str, labels: tuple[str, str], layer: str, span: tuple[date, date]
) -> Row:
    """Give an action of limited days."""
    return {
        "external_id": key,
        "place_code": place,
        "label_zh": labels[0],
        "label_en": labels[1],
        "layer": layer,
        "since": span[0],
        "until": span[1],
    }


def programme_rows(programme: str, items: Sequence[tuple[str, str, str]]) -> list[Row]:
    """Give the tiles of a board, all in place: (Chinese, English, measure) each."""
    return [
        {
            "external_id": f"XM{number:02d}",
            "programme": programme,
            "sequence": number,
            "label_zh": zh,
            "label_en": en,
            "status": ProgrammeStatus.IN_PLACE.value,
            "measure": measure,
        }
        for number, (zh, en, measure) in enumerate(items, 1)
    ]


def grade_rows(
    town: Town, months: Sequence[date], worst: Sequence[str], dice: np.random.Generator
) -> list[Row]:
    """Grade each station area and community month by month; the `worst` begin in black and red.

    The score is the mean of five indicators (four counted ones and satisfaction), 0 to 100.
    """
    rows: list[Row] = []
    units = [*town.of("station"), *town.of("community")]
    starts = {unit.code: float(dice.uniform(70.0, 84.0)) for unit in units}
    starts |= {code: 41.0 + 6.0 * at for at, code in enumerate(worst)}
    for number, month in enumerate(months):
        for unit in units:
            rise = (93.0 - starts[unit.code]) * number / len(months)
            values = np.clip(starts[unit.code] + rise + dice.normal(0.0, 5.0, 5), 20.0, 100.0)
            score = float(np.round(values.mean(), 1))
            grade = next(colour for floor, colour in _FLOORS if score >= floor)
            parts = zip(_INDICATORS, values.tolist(), strict=True)
            rows.append(
                {
                    "external_id": f"SJ{len(rows) + 1:05d}",
                    "place_code": unit.code,
                    "month_on": f"{month:%Y-%m}",
                    "grade": grade.value,
                    "score": score,
                    "indicators": ";".join(f"{name}={value:.1f}" for name, value in parts),
                }
            )
    return rows


def months_before(as_of: date, count: int) -> list[date]:
    """Give the first days of the last whole months before a day, the oldest first."""
    index = 12 * as_of.year + as_of.month - 1
    return [date(i // 12, i % 12 + 1, 1) for i in range(index - count, index)]
