"""Put all definitions together: K1-K26 and every plain total.

Used by the engine, the command line and tests.
"""

from typing import Final

from data.kpi import case_definitions, definitions
from data.kpi.registry import Definition, Registry

REGISTRY: Final = Registry(
    (
        *definitions.TOTALS,
        *definitions.COVERAGE,
        *definitions.SHARES,
        *case_definitions.RESOLUTION,
        *definitions.CHANGES,
        *definitions.RATES,
        *case_definitions.STAGES,
        *case_definitions.LEVELS,
        *case_definitions.DURATIONS,
        *case_definitions.PATROLS,
        *case_definitions.PLANS,
    )
)


def definition_of(measure: str) -> Definition | None:
    """Give the definition of a measure; none for a declared figure that only its article knows."""
    return REGISTRY.find(measure)
