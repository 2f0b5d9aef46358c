"""How far a delivery has come, on disk beside the issue: `.uploaded.json` and `.receipt.json`.

`.uploaded.json` names the state and each file that is in the bucket, `.receipt.json` is the
notifier's confirmation. Both are recomputed by asking S3 again when they are lost, because an
object is written once and the same one is accepted twice. Everything here blocks.
"""

import functools
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from storeguard import durable
from storeguard.domain.delivery import Begun, DeliveryState, Progress
from storeguard.domain.issue import MANIFEST
from storeguard.errors import OutboxFault
from storeguard.outbox.folder import unwritable
from storeguard.statefile import parsed, read_json, set_aside

UPLOADED = ".uploaded.json"
RECEIPT = ".receipt.json"

_LEFT_OUT = frozenset({"tries", "asked", "begun"})
"""Written only where there is something to say."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The notifier's confirmation. `differing`: files that are not in the bucket as sealed."""

    text: str
    message_id: str
    sent_at: str
    differing: tuple[str, ...]


def state_of(folder: Path) -> DeliveryState:
    """As the folder says. Raises OutboxFault where the disk refuses."""
    if kept_receipt(folder) is not None:
        return DeliveryState.CONFIRMED
    progress = progress_of(folder)
    return DeliveryState.PENDING if progress is None else progress.state


def progress_of(folder: Path) -> Progress | None:
    """What is in the bucket already; None when nothing is, or when nobody can say."""
    try:
        return _progress(read_json(folder / UPLOADED))
    except (FileNotFoundError, ValueError):
        return None  # S3 knows what it has: putting it again settles it
    except OSError as error:
        raise OutboxFault(f"{folder / UPLOADED}: cannot be read: {error.strerror}") from error


def set_damaged_aside(folder: Path) -> None:
    """Progress and receipt that cannot be read make room for new ones, and are said."""
    _set_aside(folder / UPLOADED, _progress)
    _set_aside(folder / RECEIPT, functools.partial(_receipt, issue_id=None))


def record(folder: Path, progress: Progress, *, fsync: bool) -> None:
    said = asdict(progress) | {"state": progress.state.value}
    said = {name: value for name, value in said.items() if name not in _LEFT_OUT or value}
    content = json.dumps(said, ensure_ascii=False, indent=1)
    publish(folder / UPLOADED, content.encode() + b"\n", fsync=fsync)


def publish(path: Path, content: bytes, *, fsync: bool) -> None:
    try:
        durable.publish(path, content, fsync=fsync)
    except OSError as error:
        raise unwritable(path, error) from error


def kept_receipt(folder: Path) -> Receipt | None:
    """The receipt that has been read back already; OutboxFault where the disk refuses it."""
    try:
        return _receipt(read_json(folder / RECEIPT), issue_id=None)
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        raise OutboxFault(f"{folder / RECEIPT}: cannot be read: {error.strerror}") from error


def read_receipt(content: bytes, issue_id: str) -> Receipt | None:
    """None for what is no receipt of this issue."""
    try:
        return _receipt(parsed(content), issue_id)
    except ValueError:
        return None


def _progress(content: Any) -> Progress:
    try:
        prefix, names = content["prefix"], [content[key] for key in ("files", "damaged")]
        tries, asked = content.get("tries", {}), content.get("asked", 0)
        is_text = all(isinstance(one, str) for name in names for one in (*name, *name.values()))
        counts = all(isinstance(count, int) for count in (asked, *tries.values()))
        if not (isinstance(prefix, str) and is_text and counts):
            raise ValueError("not names with their sha256")
        state = _state(content.get("state"), MANIFEST in names[0])
        begun = {where: _begun(one) for where, one in content.get("begun", {}).items()}
        return Progress(prefix, dict(names[0]), dict(names[1]), dict(tries), asked, state, begun)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no progress of a delivery ({error!r})") from error


def _begun(content: Any) -> Begun:
    upload_id, sha256, etags = (content[key] for key in ("upload_id", "sha256", "etags"))
    if not all(isinstance(one, str) for one in (upload_id, sha256, *etags)):
        raise ValueError("not parts with the store's answers")
    return Begun(upload_id, sha256, int(content["part_bytes"]), tuple(etags))


def _state(said: object, has_manifest: bool) -> DeliveryState:
    """What the files prove; an older storeguard did not write it down."""
    if said is None:
        return DeliveryState.UPLOADED if has_manifest else DeliveryState.UPLOADING
    state = DeliveryState(said)
    if state is DeliveryState.CONFIRMED or state.is_sent != has_manifest:
        raise ValueError(f"state is {said!r}, which its files do not bear out")
    return state


def _set_aside(path: Path, read: Callable[[Any], object]) -> None:
    try:
        if read(read_json(path)) is None:
            raise ValueError("not what the notifier writes")
    except FileNotFoundError:
        return
    except ValueError as error:
        set_aside(path, error, "the bucket is asked again what it has")
    except OSError as error:
        raise OutboxFault(f"{path}: cannot be read: {error.strerror}") from error


def _receipt(value: Any, issue_id: str | None) -> Receipt | None:
    try:
        if issue_id not in (None, value["id"]):
            return None
        return Receipt(
            str(value["text"]),
            str(value["message_id"]),
            str(value["sent_at"]),
            tuple(map(str, value["differing"])),
        )
    except (ValueError, KeyError, TypeError):
        return None
