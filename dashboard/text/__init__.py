"""Hold every sentence that people read, in Chinese and English, by key.

Used by screens, command line, reports and maps. One TOML file per subject in `catalogue/`; each
key has `zh` and `en` beside each other, so that a missing language is seen at once.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
CATALOGUE = Path(__file__).parent / "catalogue"
_FORMATTER = Formatter()
_DATUM_FIELDS = frozenset({"recommended", "declared"})


class Words:
    """The sentences of one language.

    Parameters
    ----------
    language
        `zh` or `en`.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._sentences = sentences()

    def __call__(self, key: str, /, **fields: object) -> str:
        """Give the sentence for `key` with `fields` filled in.

        Raises
        ------
        KeyError
            No catalogue file has the key: a bug, found by the catalogue's test.
        """
        template = self._sentences[key][self.language]
        return template.format_map(_Gentle(fields)) if "{" in template else template

    def has(self, key: str) -> bool:
        """Whether the catalogue knows `key`."""
        return key in self._sentences

    def label(self, group: str, code: str | None) -> str:
        """Give the label of a vocabulary code; the code itself where it is not ours."""
        key = f"{group}.{code}"
        return self(key) if self.has(key) else (code or "—")

    def datum(self, key: str) -> str:
        """Name what coordinates are taken to be: a datum, `EPSG:n`, or an answer of the audit."""
        plain = key.removesuffix("_swapped")
        name = self(f"datum.{plain}") if self.has(f"datum.{plain}") else plain
        name = name.replace("epsg_", "EPSG:")
        return self("datum_swapped", name=name) if plain != key else name

    def error(self, code: str, fields: Mapping[str, object]) -> str:
        """Give the sentence of an error code, or its facts where none was written.

        Where a fact that the sentence needs is empty, the variant `<code>_bare` is said instead.
        """
        return self._said(f"error.{code}", code, fields)

    def warning(self, code: str, fields: Mapping[str, object]) -> str:
        """Give the sentence of a warning's code, or its facts where none was written."""
        key = f"warning.{code}" if self.has(f"warning.{code}") else f"error.{code}"
        return self._said(key, code, fields)

    def _said(self, key: str, code: str, fields: Mapping[str, object]) -> str:
        facts = {name: self._readable(value) for name, value in fields.items()}
        for name in _DATUM_FIELDS & set(facts):
            facts[name] = self.datum(str(facts[name])) if facts[name] else facts[name]
        if "rule" in facts:
            facts["rule"] = self.label("duplicate_rule", str(facts["rule"]))
        if not self.has(key):
            listed = ", ".join(f"{name}={value}" for name, value in facts.items())
            return f"{code}: {listed}" if listed else code
        needed = fields_of(self._sentences[key][self.language])
        is_bare = any(facts.get(name) is None or facts.get(name) == "" for name in needed)
        if is_bare and self.has(f"{key}_bare"):
            key = f"{key}_bare"
        return self(key, **facts)

    def _readable(self, value: object) -> object:
        """Turn lists of names, and of coded faults, into text."""
        if isinstance(value, Mapping) and "code" in value:
            fault = f"option_fault.{value['code']}"
            return self(fault, **value) if self.has(fault) else str(value["code"])
        if isinstance(value, Mapping):
            return ", ".join(f"{name} ({self._readable(item)})" for name, item in value.items())
        if isinstance(value, list | tuple | set | frozenset):
            joint = "；" if self.language == "zh" else "; "
            coded = any(isinstance(item, Mapping) for item in value)
            return (joint if coded else ", ").join(str(self._readable(item)) for item in value)
        return value


class _Gentle(dict[str, object]):
    """Leave an unfilled place visible instead of failing in front of a user."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


@cache
def sentences() -> Mapping[str, Mapping[str, str]]:
    """Read the whole catalogue once: key → language → template."""
    found: dict[str, Mapping[str, str]] = {}
    for path in sorted(CATALOGUE.glob("*.toml")):
        for key, entry in _flatten(tomllib.loads(path.read_text(encoding="utf-8"))):
            if key in found:
                raise KeyError(f"{key} stands twice in the catalogue")
            found[key] = entry
    return found


def fields_of(template: str) -> frozenset[str]:
    """Names that a template asks for."""
    return frozenset(name for _, name, _, _ in _FORMATTER.parse(template) if name)


def _flatten(table: Mapping[str, object], prefix: str = "") -> list[tuple[str, Mapping[str, str]]]:
    if set(table) <= {"zh", "en"}:
        return [(prefix, {name: str(text) for name, text in table.items()})]
    entries: list[tuple[str, Mapping[str, str]]] = []
    for name, value in table.items():
        if isinstance(value, Mapping):
            entries += _flatten(value, f"{prefix}.{name}" if prefix else name)
    return entries


def language_of(tag: str | None) -> Language:
    """Choose the language for a browser or locale tag; Chinese unless another is named."""
    if not tag:
        return "zh"
    return "zh" if tag.lower().startswith(("zh", "c.", "posix")) or tag.lower() == "c" else "en"
