"""docs/config.md, generated from the configuration's classes: `make docs`."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import annotated_types
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from storeguard import durable
from storeguard.config import Config

HEAD = """\
# config.yaml, key by key

Generated from `src/storeguard/config.py` and `sections.py` by `make docs`; edit there. The
example is [config.yaml](../config.yaml). Unknown keys, keys given twice and values of another
type are refused, all at once, each with its line: `storeguard check-config`. Telephone numbers and
times of day need quotes. Secrets do not stand here: they come from the environment or the AWS
credential chain. In a trace (`storeguard replay`) every `backend` may be left out.
"""

NAMES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true`, `false`",
    AwareDatetime: 'time with offset, `"2026-11-20T22:20:00+09:00"`',
}
BOUNDS = (
    (annotated_types.Ge, "≥", "ge"),
    (annotated_types.Gt, ">", "gt"),
    (annotated_types.Le, "≤", "le"),
    (annotated_types.Lt, "<", "lt"),
)


class Part(NamedTuple):
    """One section of the file. `path` as a person writes it: `scales[].calibration`."""

    path: str
    section: type[BaseModel]


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([HEAD, *map(_part, _parts(Part("", Config)))])


def _parts(part: Part) -> Iterator[Part]:
    """The part itself and all below it, in the order of the fields."""
    yield part
    for name, info in part.section.model_fields.items():
        section = _section_in(info.annotation)
        if section is not None:
            is_list = get_origin(info.annotation) is tuple
            yield from _parts(Part(f"{part.path}.{name}".lstrip(".") + "[]" * is_list, section))


def _section_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_section_in, get_args(annotation))), None)


def _part(part: Part) -> str:
    rows = [_row(name, info) for name, info in part.section.model_fields.items()]
    said = part.section.__dict__.get("__doc__")
    lines = [
        f"## {part.path or 'Top level'}",
        *(["", said.strip()] if said else []),
        "",
        "| key | type | default | meaning |",
        "|---|---|---|---|",
        *rows,
        "",
    ]
    return "\n".join(lines)


def _row(name: str, info: FieldInfo) -> str:
    kind = _kind(info.annotation)
    limits = _bounds(info.metadata)
    if limits:
        number, *rest = kind.split(" or ")
        kind = " or ".join([f"{number} {limits}", *rest])
    meaning = info.description or "see below"
    return f"| `{name}` | {kind} | {_default(info)} | {meaning} |"


def _kind(annotation: Any) -> str:
    """The type in words."""
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(_kind(one) for one in get_args(annotation))
    if get_origin(annotation) is tuple:
        return _tuple(get_args(annotation))
    if annotation is type(None):
        return "`null`"
    return "section" if _section_in(annotation) else NAMES[annotation]


def _tuple(items: tuple[Any, ...]) -> str:
    if items[-1] is Ellipsis:
        kind = _kind(items[0])
        return "list of sections" if kind == "section" else f"list of {kind}"
    return f"[{', '.join(_kind(item) for item in items)}]"


def _bounds(metadata: Iterable[Any]) -> str:
    """The limits of a number, as `≥ 0, ≤ 53`; `> 0` makes `≥ 0` superfluous."""
    limits = [
        f"{sign} {getattr(limit, key):g}"
        for kind, sign, key in BOUNDS
        for limit in metadata
        if isinstance(limit, kind)
    ]
    superfluous = {limit.replace(">", "≥") for limit in limits if limit.startswith(">")}
    return ", ".join(limit for limit in limits if limit not in superfluous)


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "needed"
    if isinstance(info.default, BaseModel) or (info.default == () and _section_in(info.annotation)):
        return "—"
    return f"`{json.dumps(info.default, ensure_ascii=False)}`"


def main() -> None:
    """Writes the page to the path that is given."""
    durable.publish(Path(sys.argv[1]), page().encode())


if __name__ == "__main__":
    main()
