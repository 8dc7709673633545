"""Keep the store's secret for pseudonyms: made once, used by every import.

Used by the importers of events and by `data.importers.mending`. It never leaves the store.
"""

import secrets
from typing import Final

from sqlalchemy.orm import Session

from data.repositories.figures import save_setting, settings

_SETTING: Final = "pseudonym_key"


def pseudonym_key(session: Session) -> bytes:
    """Give the key; makes it in a write session when there is none yet."""
    told = settings(session).get(_SETTING)
    if told is None:
        told = {"hex": secrets.token_hex(32)}
        save_setting(session, _SETTING, told)
    return bytes.fromhex(told["hex"])
