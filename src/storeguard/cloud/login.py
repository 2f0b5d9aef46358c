"""Who may see the page: an owner's password, his sessions, and how often somebody may guess.

pk            sk         what
O#owner       LOGIN      scrypt of the password; a new password ends all sessions
T#sha256      SESSION    of a token that only the browser's cookie holds
R#who         quarter    guesses in this quarter of an hour, by address and by owner
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import Any

from .table import Table

LOG2_N, R, P = 15, 8, 1
"""32 MiB and about a tenth of a second a guess on a Lambda of 512 MB."""

MEMORY_BYTES = 64 * 1024 * 1024
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 200
SESSION_S = 30 * 24 * 3600
WINDOW_S = 15 * 60
MOST_BY_ADDRESS = 10
MOST_BY_OWNER = 30
"""More than by one address, so that one who guesses does not lock the owner out."""

OWNER = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


class TooManyTries(Exception):
    """Wait a quarter of an hour."""


def hashed(password: str, salt: bytes | None = None) -> str:
    """`scrypt$15$8$1$<salt>$<hash>`, in hex."""
    salt = secrets.token_bytes(16) if salt is None else salt
    digest = _scrypt(password, salt, LOG2_N, R, P)
    return f"scrypt${LOG2_N}${R}${P}${salt.hex()}${digest.hex()}"


def is_right(password: str, stored: str) -> bool:
    _, log2_n, r, p, salt, digest = stored.split("$")
    found = _scrypt(password, bytes.fromhex(salt), int(log2_n), int(r), int(p))
    return hmac.compare_digest(found.hex(), digest)


def _scrypt(password: str, salt: bytes, log2_n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(
        password.encode()[:LONGEST_PASSWORD],
        salt=salt,
        n=1 << log2_n,
        r=r,
        p=p,
        maxmem=MEMORY_BYTES,
        dklen=32,
    )


class Logins:
    """`wall_s` gives seconds since 1970."""

    def __init__(self, table: str, dynamodb: Any, wall_s: Callable[[], float]) -> None:
        self._table = Table(table, dynamodb)
        self._wall_s = wall_s

    def set_password(self, owner: str, password: str) -> None:
        """From now on; who is logged in has to log in again."""
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise ValueError(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
        if not OWNER.fullmatch(owner):
            raise ValueError(f"owner {owner!r}: small letters, digits and '-', at most 31")
        generation = secrets.token_hex(8)
        self._table.put(
            {
                "pk": f"O#{owner}",
                "sk": "LOGIN",
                "scrypt": hashed(password),
                "generation": generation,
            }
        )

    def has_password(self, owner: str) -> bool:
        return self._table.get(f"O#{owner}", "LOGIN") is not None

    def log_in(self, owner: str, password: str, address: str) -> str | None:
        """A session's token; None where the two do not belong together. Raises TooManyTries."""
        self._count(f"ip#{address[:60]}", MOST_BY_ADDRESS)
        if not OWNER.fullmatch(owner):
            return None
        self._count(f"owner#{owner}", MOST_BY_OWNER)
        known = self._table.get(f"O#{owner}", "LOGIN")
        # The same time goes by whether there is such an owner or not.
        if not is_right(password, known["scrypt"] if known else _nobody()) or known is None:
            return None
        token = secrets.token_urlsafe(32)
        self._table.put(
            {
                "pk": _session_key(token),
                "sk": "SESSION",
                "owner_id": owner,
                "generation": known["generation"],
                "expires_at": int(self._wall_s()) + SESSION_S,
            }
        )
        return token

    def owner_of(self, token: str) -> str | None:
        session = self._table.get(_session_key(token), "SESSION")
        # DynamoDB deletes what has expired hours later.
        if session is None or session["expires_at"] <= self._wall_s():
            return None
        known = self._table.get(f"O#{session['owner_id']}", "LOGIN")
        if known is None or known["generation"] != session["generation"]:
            return None
        return str(session["owner_id"])

    def log_out(self, token: str) -> None:
        self._table.delete(_session_key(token), "SESSION")

    def _count(self, who: str, most: int) -> None:
        window = int(self._wall_s()) // WINDOW_S
        expires_at = (window + 2) * WINDOW_S
        if self._table.count(f"R#{who}", str(window), expires_at) > most:
            raise TooManyTries


def form_token(token: str) -> str:
    """What a form of this session carries; nobody else can know it."""
    return hashlib.sha256(f"form {token}".encode()).hexdigest()[:32]


def _session_key(token: str) -> str:
    return f"T#{hashlib.sha256(token.encode()).hexdigest()}"


def _nobody() -> str:
    return f"scrypt${LOG2_N}${R}${P}${'00' * 16}${'00' * 32}"
