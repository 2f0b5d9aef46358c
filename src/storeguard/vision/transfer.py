"""One HTTP transfer into a growing file, resumed where the last one broke off."""

import http.client
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from storeguard import __version__, durable
from storeguard.errors import DownloadFailed, ModelCorrupt

Progress = Callable[[int, int], None]
"""Called with the bytes that are here and the bytes in all."""

TIMEOUT_S = 20.0
"""For the connection and for each silence in it, not for the whole transfer."""

_CHUNK_BYTES = 256 * 1024


def fetch(
    url: str, part: Path, size_bytes: int, *, progress: Progress, timeout_s: float = TIMEOUT_S
) -> None:
    """Completes `part`, whose content the caller still has to check.

    Raises DownloadFailed when the transfer breaks off (what has come is kept), ModelCorrupt
    when the server has something of another size, OSError when the disk refuses.
    """
    here = _usable(part, size_bytes)
    if here == size_bytes:
        return
    try:
        with _ask(url, part, here, timeout_s) as answer:
            _receive(answer, part, here, size_bytes, progress)
    except urllib.error.HTTPError as error:
        with error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not here:
                raise _failed(url, f"the server answered {error.code} {error.reason}") from None
        discard(part)
        fetch(url, part, size_bytes, progress=progress, timeout_s=timeout_s)


def discard(part: Path) -> None:
    """Forgets a transfer."""
    part.unlink(missing_ok=True)
    _validator_file(part).unlink(missing_ok=True)


def _usable(part: Path, size_bytes: int) -> int:
    here = part.stat().st_size if part.exists() else 0
    if here > size_bytes:
        discard(part)
        return 0
    return here


def _ask(url: str, part: Path, here: int, timeout_s: float) -> http.client.HTTPResponse:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise _failed(url, "expected an address that begins with http:// or https://")
    headers = {"User-Agent": f"storeguard/{__version__}", "Accept-Encoding": "identity"}
    if here:
        headers["Range"] = f"bytes={here}-"
        headers |= _if_range(part)
    request = urllib.request.Request(url, headers=headers)
    try:
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=timeout_s)
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failed(url, f"no answer: {getattr(error, 'reason', None) or error}") from error
    return answer


def _if_range(part: Path) -> dict[str, str]:
    """The server sends the rest only if its file is still the one that we began with."""
    file = _validator_file(part)
    return {"If-Range": file.read_text("ascii")} if file.exists() else {}


def _receive(
    answer: http.client.HTTPResponse,
    part: Path,
    here: int,
    size_bytes: int,
    progress: Progress,
) -> None:
    start = _start(answer)
    if start != here:
        # The server does not resume, or its file has changed: from the beginning, cleanly.
        discard(part)
        if start:
            raise _failed(answer.url, f"asked for byte {here}, got byte {start}")
    _require_size(answer, part, size_bytes)
    _remember_validator(answer, part)
    here = start
    while chunk := _next_chunk(answer, here, size_bytes):
        durable.append(part, chunk, fsync=False)
        here += len(chunk)
        if here > size_bytes:
            discard(part)
            raise ModelCorrupt(f"{answer.url}: more than {size_bytes} bytes; not the pinned file")
        progress(here, size_bytes)
    if here < size_bytes:
        raise _broken_off(answer.url, here, size_bytes, "the connection was closed")


def _next_chunk(answer: http.client.HTTPResponse, here: int, size_bytes: int) -> bytes:
    try:
        return answer.read1(_CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise _broken_off(answer.url, here, size_bytes, str(error) or repr(error)) from error


def _start(answer: http.client.HTTPResponse) -> int:
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(found[1]) if answer.status == http.HTTPStatus.PARTIAL_CONTENT and found else 0


def _require_size(answer: http.client.HTTPResponse, part: Path, size_bytes: int) -> None:
    """A login page of a hotel network answers 200, too; its size gives it away."""
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal() and _start(answer) + int(length) != size_bytes:
        discard(part)
        raise ModelCorrupt(
            f"{answer.url}: has {_start(answer) + int(length)} bytes, expected {size_bytes}; "
            "is this network behind a login page? Nothing of it was kept"
        )


def _remember_validator(answer: http.client.HTTPResponse, part: Path) -> None:
    etag = answer.headers.get("ETag", "")
    validator = etag if etag.startswith('"') else answer.headers.get("Last-Modified", "")
    if validator.isascii() and validator:
        durable.publish(_validator_file(part), validator.encode("ascii"), fsync=False)


def _validator_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")


def _broken_off(url: str, here: int, size_bytes: int, why: str) -> DownloadFailed:
    return _failed(url, f"broke off after {here} of {size_bytes} bytes ({why}); kept")


def _failed(url: str, why: str) -> DownloadFailed:
    return DownloadFailed(f"{url}: {why}; run the command again to go on where it stopped")
