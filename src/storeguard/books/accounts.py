"""Who may sign in, kept in the state folder: accounts, sessions, the one-time code. Blocks.

Files of their own, not the journal: whoever has to mend a damaged journal has to get in.
Passwords are kept as argon2id only, sessions and the code as SHA-256 only.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from storeguard import durable
from storeguard.errors import StoreguardError
from storeguard.statefile import StateFile, read_json

Role = Literal["owner", "staff"]
ROLES: tuple[Role, ...] = ("owner", "staff")

ONLY_US = 0o600
CODE_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Nothing that looks like something else on a small screen."""

CODE_LENGTH = 12
"""59 bits, tried at most five times in a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class Account:
    """`password_hash` is argon2id's own text; `created_at` ISO with offset."""

    name: str
    role: Role
    password_hash: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that has signed in. `token_sha256` of its cookie, `csrf` for its forms."""

    token_sha256: str
    name: str
    csrf: str
    since: datetime


@dataclass(frozen=True, slots=True)
class KeptSessions:
    """`secret` signs the kiosk's cookie, so that a restart leaves the kiosk working."""

    secret: str
    sessions: tuple[Session, ...] = ()


class AccountFiles:
    """The three files of a state folder."""

    def __init__(self, state: Path, *, fsync: bool = True) -> None:
        self._code = state / "owner-code.json"
        without = "nobody can sign in; make a code with: storeguard people code"
        self._accounts = StateFile(
            state / "accounts.json", _accounts, without=without, fsync=fsync, mode=ONLY_US
        )
        without = "everybody has to sign in again"
        self._sessions = StateFile(
            state / "sessions.json", _sessions, without=without, fsync=fsync, mode=ONLY_US
        )

    def accounts(self) -> tuple[Account, ...]:
        return self._accounts.load() or ()

    def save_accounts(self, accounts: Sequence[Account]) -> None:
        _save(self._accounts, {"accounts": [asdict(account) for account in accounts]})

    def sessions(self) -> KeptSessions:
        return self._sessions.load() or KeptSessions(secrets.token_hex(32))

    def save_sessions(self, kept: KeptSessions) -> None:
        said = [{**asdict(one), "since": one.since.isoformat()} for one in kept.sessions]
        _save(self._sessions, {"secret": kept.secret, "sessions": said})

    def offer_code(self, now: datetime, valid_for: timedelta) -> str:
        """A new one-time code, `XXXX-XXXX-XXXX`; an older one is worth nothing any more."""
        plain = "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
        said = {"sha256": sha256(plain), "until": (now + valid_for).isoformat()}
        try:
            durable.publish(self._code, json.dumps(said).encode(), mode=ONLY_US)
            _hand_over(self._code)
        except OSError as error:
            raise StoreguardError(
                f"{self._code}: cannot be written: {error.strerror}; run it as the user of the "
                "service, or with sudo"
            ) from error
        return "-".join(plain[at : at + 4] for at in range(0, CODE_LENGTH, 4))

    def is_code(self, typed: str, now: datetime) -> bool:
        """Is it the code that was offered last, and still in time?"""
        try:
            said = read_json(self._code)
            until = datetime.fromisoformat(said["until"])
            return now < until and secrets.compare_digest(sha256(plain_code(typed)), said["sha256"])
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def forget_code(self) -> None:
        with suppress(FileNotFoundError):
            self._code.unlink()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def plain_code(typed: str) -> str:
    """As it is compared: capitals, without the blanks and dashes between."""
    return "".join(sign for sign in typed.upper() if sign in CODE_SIGNS)


def _hand_over(path: Path) -> None:
    """A file that root made belongs to the folder's owner, who has to read it."""
    owner = path.parent.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)


def _accounts(content: Any) -> tuple[Account, ...]:
    accounts = tuple(Account(**said) for said in content["accounts"])
    for account in accounts:
        if account.role not in ROLES:
            raise ValueError(f"role is {account.role!r}; known: {', '.join(ROLES)}")
    return accounts


def _sessions(content: Any) -> KeptSessions:
    sessions = (
        Session(**{**said, "since": datetime.fromisoformat(said["since"])})
        for said in content["sessions"]
    )
    return KeptSessions(str(content["secret"]), tuple(sessions))


def _save(file: StateFile[Any], content: object) -> None:
    try:
        file.save(content)
    except OSError as error:
        raise StoreguardError(
            f"{file.path}: cannot be written: {error.strerror}; see the disk"
        ) from error
