"""Write text that came from files or people so that it is shown as text, never as markup.

Used by screens and components wherever Streamlit would read Markdown (labels, messages, metrics).
Knows nothing of what the text says.
"""

import re
from collections.abc import Mapping
from typing import Final

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&@=\"'/^])")
_ADDRESS: Final = re.compile(r"(?<=http)(?=s?://)|(?<=www)(?=\.)|(?<=[-.\w+])(?=@)", re.IGNORECASE)
_JOINER: Final = "\u2060"
_BREAK: Final = re.compile(r"[\r\n\t]+")


def plain(text: object) -> str:
    """Escape everything that Markdown, LaTeX or Streamlit's own signs could take as markup.

    Links, images, HTML, `$…$`, `:red[…]` and bare addresses come out as the characters they are.
    Escapes do not stop bare addresses: they are looked for after the text was read. An invisible
    word joiner (U+2060) inside them does.
    """
    broken = _ADDRESS.sub(_JOINER, _BREAK.sub(" ", str(text)))
    return _SPECIAL.sub(r"\\\1", broken)


def plain_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """Escape the texts among the facts of a sentence; numbers and dates stay as they are."""
    return {name: _escaped(value) for name, value in fields.items()}


def _escaped(value: object) -> object:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(_escaped(part)) for part in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{plain(name)} {_escaped(part)}" for name, part in value.items())
    return value
