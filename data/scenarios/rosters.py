"""Give the staffing patterns of the scenarios: which slots a grid or community must fill.

Used by the stories of the scenarios. Source: domain note 1.1-1.5; where an article leaves open
which role fills a slot, the slot is set here.
"""

from data.vocabulary import Position

_Slot = tuple[str, int, tuple[Position, ...], str, str]


def roster_one_one_one_n() -> dict[str, object]:
    """Give the template 1+1+1+N: the seed leaves open which role is which "1", so slots are set."""
    slots = (
        ("community_police", 1, (Position.PART_TIME_MEMBER,), "社区民警", "Community police"),
        ("property_company", 1, (Position.PROPERTY_COMPANY,), "物业企业", "Property company"),
        ("owners_committee", 1, (Position.OWNERS_COMMITTEE,), "业主委员会", "Owners' committee"),
        ("building_leader", 1, (Position.BUILDING_LEADER,), "楼栋长（N）", "Building leaders (N)"),
    )
    return _template("one_one_one_n", "grid", ("1+1+1+N", "1+1+1+N"), slots)


def roster_seat() -> dict[str, object]:
    """Give the seat system: one part-time deputy secretary beside each community's committee."""
    slots = (
        ("beat_officer", 1, (Position.BEAT_OFFICER,), "社区民警", "Community police"),
        ("deputy_seat", 1, (Position.DEPUTY_SECRETARY,), "副书记席位", "Deputy secretary's seat"),
    )
    return _template("seat_system", "community", ("席位制", "Seat system"), slots)


def roster_four_way() -> dict[str, object]:
    """Give the four-way linkage of red property (红色物业四方联动) of a community."""
    slots = (
        (
            "residents_committee",
            1,
            (Position.RESIDENTS_COMMITTEE,),
            "居委会",
            "Residents' committee",
        ),
        ("party_branch", 1, (Position.PARTY_BRANCH,), "党支部", "Party branch"),
        ("owners_committee", 1, (Position.OWNERS_COMMITTEE,), "业主委员会", "Owners' committee"),
        ("property_company", 1, (Position.PROPERTY_COMPANY,), "物业企业", "Property company"),
    )
    return _template("four_way", "community", ("四方联动", "Four-way linkage"), slots)


def roster_integration() -> dict[str, object]:
    """Give police and locality together: the beat, the committee's seat, the grid's auxiliary."""
    slots = (
        (
            "full_time_member",
            1,
            (Position.FULL_TIME_MEMBER,),
            "专职网格员",
            "Grid member",
        ),
        (
            "auxiliary",
            1,
            (Position.PART_TIME_MEMBER,),
            "兼职网格员（辅警）",
            "Auxiliary",
        ),
    )
    return _template("integration", "grid", ("警地融合", "Police and locality"), slots)


def roster_one_n() -> dict[str, object]:
    """Give 1+N: one community officer and at least three others in each grid."""
    others = (Position.FULL_TIME_MEMBER, Position.BUILDING_LEADER, Position.PROPERTY_COMPANY)
    slots = (
        (
            "community_police",
            1,
            (Position.PART_TIME_MEMBER,),
            "社区民警（1）",
            "Community police (1)",
        ),
        ("others", 3, others, "群防力量（N）", "Others (N)"),
    )
    return _template("one_n", "grid", ("1+N", "1+N"), slots)


def _template(
    key: str,
    level: str,
    labels: tuple[str, str],
    slots: tuple[_Slot, ...],
) -> dict[str, object]:
    return {
        "key": key,
        "level": level,
        "label_zh": labels[0],
        "label_en": labels[1],
        "slots": [
            {
                "slot": slot,
                "sequence": at,
                "min_count": count,
                "positions": [position.value for position in positions],
                "label_zh": zh,
                "label_en": en,
            }
            for at, (slot, count, positions, zh, en) in enumerate(slots, 1)
        ],
    }
