"""What leaves as a zip: an issue for the police or an insurance, clips for whoever is in them.

Evidence, a printable page, what is in it. Without a reason nobody can be known in it: pictures
and clips are coarse blocks.
"""

import hashlib
import io
import logging
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from storeguard.domain.issue import IssueStore
from storeguard.messages import text, texts
from storeguard.vision.coarse import coarse_clip, coarse_jpeg
from storeguard.web.desks import AccessRow, IssueDetail
from storeguard.web.viewingdesk import ClipRow, ViewingRow

SUMMARY, SUMS, ACCESSES = "summary.html", "SHA256SUMS.txt", "access-log.txt"

log = logging.getLogger("storeguard")


@dataclass(frozen=True, slots=True)
class Export:
    """What goes out. `is_plain`: people can be known; `made_at` is the store's time."""

    folder: Path
    store: IssueStore
    detail: IssueDetail
    accesses: tuple[AccessRow, ...]
    made_at: datetime
    is_plain: bool


@dataclass(frozen=True, slots=True)
class GivenClip:
    """A clip for somebody who is in it. `is_plain`: nobody else is."""

    path: Path
    row: ClipRow
    is_plain: bool


def zipped(export: Export) -> bytes:
    """An issue's zip."""
    return _zip(_members(export))


def clips_zipped(
    store: IssueStore, viewing: ViewingRow, clips: Sequence[GivenClip], made_at: datetime
) -> bytes:
    """The answer to a request to see oneself."""
    return _zip(_given(store, viewing, clips, made_at))


def _zip(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Its sums are of the files as they lie in it."""
    made = io.BytesIO()
    sums = []
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            archive.writestr(name, content)
            sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}")
        archive.writestr(SUMS, "\n".join(sums) + "\n")
    return made.getvalue()


def _members(export: Export) -> Iterator[tuple[str, bytes]]:
    yield SUMMARY, _summary(export).encode()
    yield ACCESSES, _accesses(export).encode()
    for name, _, _ in export.detail.files:
        path = export.folder / name
        if not path.is_file():
            continue
        if export.is_plain or path.suffix in (".txt", ".svg", ".csv"):
            yield f"evidence/{name}", path.read_bytes()
        elif (blurred := _blurred(path)) is not None:
            yield f"evidence/{name}", blurred


def _given(
    store: IssueStore, viewing: ViewingRow, clips: Sequence[GivenClip], made_at: datetime
) -> Iterator[tuple[str, bytes]]:
    listed = []
    for number, one in enumerate(clips, 1):
        content = one.path.read_bytes() if one.is_plain else _blurred(one.path)
        name = f"clips/{number:02}-{one.row.camera or 'camera'}.mp4"
        listed.append((one, name if content is not None else None))
        if content is not None:
            yield name, content
    said = {"row": viewing, "clips": listed, "made_at": f"{made_at:%Y-%m-%d %H:%M:%S %Z}"}
    yield SUMMARY, _page(store, "viewing_summary.html", said).encode()


def _blurred(path: Path) -> bytes | None:
    """None for what cannot be blurred: it does not leave."""
    try:
        if path.suffix == ".jpg":
            return coarse_jpeg(path.read_bytes())
        return coarse_clip(path) if path.suffix == ".mp4" else None
    except ValueError as error:
        log.warning("%s: cannot be blurred, so it is left out: %s", path, error)
        return None


def _summary(export: Export) -> str:
    """One page to print."""
    said = {
        "one": export.detail,
        "made_at": f"{export.made_at:%Y-%m-%d %H:%M:%S %Z}",
        "is_plain": export.is_plain,
    }
    return _page(export.store, "summary.html", said)


def _page(store: IssueStore, template: str, said: Mapping[str, Any]) -> str:
    """It stands alone, so its style is inside."""
    environment = Environment(
        loader=PackageLoader("storeguard.web"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template(template).render(
        language=store.language,
        store=store,
        texts=texts(store.language, "issue.", "page.", "export.", "viewing."),
        say=lambda key, **values: text(store.language, key, **values),
        **said,
    )


def _accesses(export: Export) -> str:
    language = export.store.language
    lines = [
        "\t".join((row.at, row.who, text(language, f"access.{row.what}"), row.why))
        for row in export.accesses
    ]
    return "\n".join(lines) + "\n"
