"""Say who is looking: role, areas and display level, given to every read.

Used by repositories, exports and screens. Knows nothing of accounts: those come with the served
store; until then the server listens on the loopback address only.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from data.errors import AccessRefused


class Role(StrEnum):
    """What a viewer may do."""

    STEWARD = "steward"
    ANALYST = "analyst"
    PLANNER = "planner"
    OFFICER = "officer"
    GRID_MEMBER = "grid_member"
    DEPUTY_SECRETARY = "deputy_secretary"
    HR_REVIEWER = "hr_reviewer"
    KIOSK = "kiosk"
    PUBLIC = "public"


class DisplayLevel(IntEnum):
    """De-identification level of what is shown (domain note 6.3)."""

    PUBLIC = 0
    WALL = 1
    INTERNAL = 2
    ADMIN = 3


@dataclass(frozen=True)
class Viewer:
    """Who reads.

    Parameters
    ----------
    name
        Account name written to the audit log.
    role, level
        What may be done, and how finely things are shown.
    areas
        Codes of the places whose records may be read, with everything below them;
        empty means the whole store.
    """

    name: str
    role: Role
    level: DisplayLevel
    areas: tuple[str, ...] = ()

    @property
    def sees_everything(self) -> bool:
        """Whether no area limits this viewer."""
        return not self.areas

    def require_level(self, level: DisplayLevel) -> None:
        """Refuse a read that shows more than this viewer's level.

        Raises
        ------
        AccessRefused
            `level_too_low`.
        """
        if self.level < level:
            raise AccessRefused("level_too_low", yours=self.level.name, needed=level.name)

    def require_write(self) -> None:
        """Refuse imports and edits by anybody but a steward.

        Raises
        ------
        AccessRefused
            `role_may_not_write`.
        """
        if self.role is not Role.STEWARD:
            raise AccessRefused("role_may_not_write", role=self.role.value)


LOCAL_STEWARD = Viewer("local", Role.STEWARD, DisplayLevel.ADMIN)
"""The one user of the embedded store until accounts exist."""
