"""Know the fields of streets and blocks and the headers they stand under.

Used by the importer of streets and by the wizard's column suggestions.
Knows nothing of rows.
"""

from enum import StrEnum
from typing import Final


class LineLayer(StrEnum):
    """The plain layers that are drawn under everything else."""

    STREETS = "streets"
    BLOCKS = "blocks"


FIELDS: Final[dict[LineLayer, dict[str, tuple[str, ...]]]] = {
    LineLayer.STREETS: {
        "id": ("道路编号", "编号", "street_id", "road_id", "osm_id", "id", "fid"),
        "name": ("道路名称", "街道名称", "路名", "名称", "street_name", "road_name", "name"),
        "street_class": ("道路等级", "等级", "类别", "street_class", "class", "highway", "fclass"),
    },
    LineLayer.BLOCKS: {
        "id": ("小区编号", "编号", "block_id", "compound_id", "id", "fid"),
        "name": ("小区名称", "名称", "compound_name", "block_name", "name"),
        "kind": ("类型", "类别", "kind", "type"),
        "households": ("户数", "households", "household_count"),
        "residents": ("人口", "人口数", "residents", "resident_count", "population"),
        "is_old": ("老旧小区", "是否老旧小区", "是否老旧", "is_old", "old_compound"),
        "is_unmanaged": (
            "三无小区",
            "无物业小区",
            "无物业",
            "是否无物业",
            "is_unmanaged",
            "unmanaged",
        ),
        "safe_stars": ("平安星级", "星级", "平安小区星级", "safe_stars", "stars"),
    },
}
"""Layer → field → headers under which it is known."""
