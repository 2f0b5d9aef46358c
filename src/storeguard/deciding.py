"""`issues confirm|dismiss|export`: the owner's decisions from a terminal, through the daemon."""

import urllib.error
import urllib.parse
from pathlib import Path

from storeguard import durable
from storeguard.checking import find_issue
from storeguard.config import Config, Folders
from storeguard.daemonclient import DaemonClient, NobodyThere, find
from storeguard.errors import StoreguardError

ANSWER_WITHIN_S = 60.0


def decide(config: Config, base: Path, wanted: str, action: str, reason: str = "") -> str:
    """Confirms or dismisses one issue, by id or number; returns its id."""
    issue_id, daemon = _found(config, base, wanted)
    _post(daemon, f"/issues/{_quoted(issue_id)}/act", {"action": action, "reason": reason})
    return issue_id


def export(config: Config, base: Path, wanted: str, target: Path, reason: str = "") -> str:
    """Writes the zip; blurred unless a reason is given. Returns the issue's id."""
    issue_id, daemon = _found(config, base, wanted)
    content = _post(daemon, f"/issues/{_quoted(issue_id)}/export", {"reason": reason})
    try:
        durable.publish(target, content, mode=0o600)
    except OSError as error:
        raise StoreguardError(f"{target}: cannot be written: {error.strerror}") from error
    return issue_id


def _found(config: Config, base: Path, wanted: str) -> tuple[str, DaemonClient]:
    folders = Folders.of(config, base)
    found = find_issue(folders.issue_data, wanted, has_bucket=config.upload.bucket is not None)
    try:
        return str(found.manifest["id"]), find(folders.state)
    except NobodyThere:
        raise StoreguardError(
            f"{folders.state}: no daemon with pages is running; start it, then decide"
        ) from None


def _post(daemon: DaemonClient, path: str, fields: dict[str, str]) -> bytes:
    try:
        return daemon.form(path, fields, within_s=ANSWER_WITHIN_S)
    except urllib.error.HTTPError as error:
        raise StoreguardError(f"{daemon.url}{path}: refused ({error.code})") from None
    except OSError as error:
        raise StoreguardError(f"{daemon.url}: no answer ({error}); is it running?") from error


def _quoted(issue_id: str) -> str:
    return urllib.parse.quote(issue_id, safe="")
