"""List the five towns in the order in which they are shown, each with the story that fills it.

Used by the writer of files and the loader.
"""

from collections.abc import Callable
from typing import Final

from data.scenarios.contents import Contents
from data.scenarios.golmud import GOLMUD
from data.scenarios.jilin import JILIN
from data.scenarios.spec import ScenarioSpec
from data.scenarios.story_jilin import jilin
from data.scenarios.story_qinghai import golmud, yushu
from data.scenarios.story_wuhan import wuhan
from data.scenarios.story_xining import xining
from data.scenarios.town import Town
from data.scenarios.wuhan import WUHAN
from data.scenarios.xining import XINING
from data.scenarios.yushu import YUSHU

Story = Callable[[ScenarioSpec, Town], Contents]

SPECS: Final[dict[str, ScenarioSpec]] = {
    spec.name: spec for spec in (GOLMUD, XINING, JILIN, WUHAN, YUSHU)
}
"""Name → scenario, in the order in which they are listed."""
STORIES: Final[dict[str, Story]] = {
    GOLMUD.name: golmud,
    XINING.name: xining,
    JILIN.name: jilin,
    WUHAN.name: wuhan,
    YUSHU.name: yushu,
}
"""Name → what fills its files."""
