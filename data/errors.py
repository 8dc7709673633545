"""Name what can go wrong with stored things, as codes and fields.

Used by everything in `data`; `dashboard/text` holds the sentence for each code.
"""

from typing import Any


class DataError(Exception):
    """Something about stored things that a person can mend.

    Parameters
    ----------
    code
        Stable key; `dashboard/text` has one sentence in each language for it.
    **fields
        The facts of the case (names, counts, both sides); filled into the sentence.
    """

    def __init__(self, code: str, **fields: Any) -> None:  # noqa: ANN401 - any printable fact
        self.code = code
        self.fields = fields
        facts = ", ".join(f"{key}={value!r}" for key, value in fields.items())
        super().__init__(f"{code}({facts})")


class ConfigError(DataError):
    """The environment or an option names something impossible."""


class ImportRefused(DataError):  # noqa: N818 - a refusal, named as the screens name it
    """The file as a whole is unusable; nothing of it was written."""


class RecordNotFound(DataError):  # noqa: N818 - as above
    """No record carries that kind and code."""


class StaleRevision(DataError):  # noqa: N818 - as above
    """Someone saved first: fields `yours` and `current`."""


class PlanConflict(StaleRevision):
    """Somebody changed the plan first: `yours`, `current`, `by`, `at`, `edits`, and `aside`."""


class AccessRefused(DataError):  # noqa: N818 - as above
    """The viewer's role or area does not allow this read or write."""


class StoreUnavailable(DataError):  # noqa: N818 - as above
    """The store cannot be opened, is damaged, or is of a newer version."""
