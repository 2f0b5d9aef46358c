"""Every text that the owner or a customer reads, by language and key."""

import string
from collections.abc import Mapping
from types import MappingProxyType

from storeguard.errors import FaultCode
from storeguard.messages import (
    console_en,
    console_ko,
    doctor_en,
    doctor_ko,
    en,
    faults,
    kiosk,
    ko,
    notices,
    why_en,
    why_ko,
)

CATALOGUES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ko": ko.TEXTS
        | console_ko.TEXTS
        | doctor_ko.TEXTS
        | faults.KO
        | kiosk.KO
        | notices.KO
        | why_ko.TEXTS,
        "en": en.TEXTS
        | console_en.TEXTS
        | doctor_en.TEXTS
        | faults.EN
        | kiosk.EN
        | notices.EN
        | why_en.TEXTS,
    }
)


def text(language: str, key: str, **values: object) -> str:
    """The text of `key` with its {fields} filled in.

    Raises KeyError for an unknown language, key or field: a gap is a bug, not a blank.
    """
    return _template(language, key).format(**values)


def fault_text(language: str, code: FaultCode, why: str = "", **values: object) -> str:
    """The owner's sentence of a fault; `why`, the device's own, where its kind says too little."""
    remark = faults.WITH_FIGURES.get(code) if values else None
    keys = faults.keys_of(code) if remark is None else (remark,)
    said = [text(language, key, **values) for key in keys]
    return " ".join(one if one.endswith(".") else f"{one}." for one in said) or why


def fault_title(language: str, part: str, kind: str = "") -> str:
    """Which part it is, in the owner's words; `kind` of a device: scale, camera, sight."""
    return text(language, f"fault.part.{kind or faults.PARTS.get(part, 'records')}", part=part)


def texts(language: str, *prefixes: str) -> dict[str, str]:
    """The unfilled texts whose keys start with one of `prefixes`, for the pages' scripts."""
    return {key: value for key, value in _catalogue(language).items() if key.startswith(prefixes)}


def fields(template: str) -> frozenset[str]:
    """The names in {braces}."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(template) if name)


def _template(language: str, key: str) -> str:
    catalogue = _catalogue(language)
    if key not in catalogue:
        raise KeyError(f"no text {key!r} in messages/{language}.py; add it to every language")
    return catalogue[key]


def _catalogue(language: str) -> Mapping[str, str]:
    if language not in CATALOGUES:
        raise KeyError(f"no language {language!r}; known: {', '.join(CATALOGUES)}")
    return CATALOGUES[language]
