"""Who is at the door: sign in, sign out, sessions, the one-time code, the machine's own token.

Passwords are checked by argon2id in a worker thread, one at a time: each takes 19 MiB.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from storeguard.books.accounts import Account, AccountFiles, KeptSessions, Role, Session, sha256
from storeguard.clock import Clock
from storeguard.web.passwords import LONGEST_PASSWORD, NotLetIn, known_as, refuse_weak
from storeguard.web.throttle import Throttle

POS_TOKEN_VARIABLE = "STOREGUARD_POS_TOKEN"
MOST_TRIES, TRIES_WITHIN_S = 5, 15 * 60.0
MOST_TRIES_AN_HOUR = 60
IDLE = timedelta(days=7)
LONGEST = timedelta(days=30)
MOST_SESSIONS = 200
ONCE_WITHIN_S = 24 * 3600.0

T = TypeVar("T")

Kind = Literal["owner", "staff", "machine", "pos"]
"""Who asks: an account by its role, a command on this machine, a till of the owner's."""


@dataclass(frozen=True, slots=True)
class Caller:
    """`csrf` is empty for whoever shows a token instead of a cookie."""

    name: str
    kind: Kind
    csrf: str = ""


class Door:
    """Answers who a cookie or a token belongs to. Built with what the state folder has.

    `files` None: nothing can be kept (a broken state folder), so nobody signs in.
    """

    def __init__(self, files: AccountFiles | None, clock: Clock, *, pos_token: str = "") -> None:
        self._files = files
        self._clock = clock
        self._pos_token = pos_token
        self.machine_token = secrets.token_urlsafe(32)
        self._accounts = {} if files is None else {one.name: one for one in files.accounts()}
        kept = KeptSessions(secrets.token_hex(32)) if files is None else files.sessions()
        self._secret = bytes.fromhex(kept.secret)
        self._sessions = {one.token_sha256: one for one in kept.sessions}
        self._seen = {one.token_sha256: clock.utc() for one in kept.sessions}
        self._links: dict[str, tuple[str, float]] = {}
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._nobody: str | None = None
        self._turn = asyncio.Lock()
        self._tries = Throttle(MOST_TRIES, TRIES_WITHIN_S, clock.now_s)
        self._tries_an_hour = Throttle(MOST_TRIES_AN_HOUR, 3600.0, clock.now_s)

    # --- accounts ------------------------------------------------------------------------

    @property
    def accounts(self) -> tuple[Account, ...]:
        return tuple(self._accounts.values())

    @property
    def has_owner(self) -> bool:
        return any(account.role == "owner" for account in self._accounts.values())

    async def set_account(self, name: str, password: str, role: Role) -> Account:
        """Makes it, or gives it a new password and role; its sessions end. Raises NotLetIn."""
        name = known_as(name)
        refuse_weak(name, password)
        if self._files is None:
            raise NotLetIn("login.no_files")
        password_hash = await self._in_turn(lambda: self._hasher.hash(password))
        made = Account(name, role, password_hash, self._clock.utc().isoformat(timespec="seconds"))
        self._accounts = {**self._accounts, name: made}
        await asyncio.to_thread(self._files.save_accounts, self.accounts)
        await self.end_sessions_of(name)
        return made

    async def remove_account(self, name: str) -> bool:
        """False where there is none, or where it is the last owner."""
        left = {key: one for key, one in self._accounts.items() if key != name}
        if len(left) == len(self._accounts) or self._files is None:
            return False
        if not any(one.role == "owner" for one in left.values()):
            return False
        self._accounts = left
        await asyncio.to_thread(self._files.save_accounts, self.accounts)
        await self.end_sessions_of(name)
        return True

    async def offer_code(self, valid_for: timedelta) -> str | None:
        """For the log at the first start; None where an owner is there, or nothing is kept."""
        if self._files is None or self.has_owner:
            return None
        return await asyncio.to_thread(self._files.offer_code, self._clock.utc(), valid_for)

    async def set_owner_by_code(self, code: str, name: str, password: str, source: str) -> str:
        """The first owner, or a new password; returns the new session's token. Raises NotLetIn."""
        self._refuse_too_many("", source)
        refuse_weak(known_as(name), password)
        files, now = self._files, self._clock.utc()
        if files is None or not await asyncio.to_thread(files.is_code, code, now):
            self._note("", source)
            raise NotLetIn("login.wrong_code")
        await asyncio.to_thread(files.forget_code)
        account = await self.set_account(name, password, "owner")
        self._forgive("", source)
        return await self._begin(account.name)

    # --- sessions ------------------------------------------------------------------------

    async def sign_in(self, name: str, password: str, source: str) -> str:
        """The new session's token. Raises NotLetIn; the same time passes for an unknown name."""
        name = known_as(name)
        self._refuse_too_many(name, source)
        account = self._accounts.get(name)
        is_right = await self._in_turn(lambda: self._is_right(account, password))
        if account is None or not is_right:
            self._note(name, source)
            raise NotLetIn("login.wrong")
        self._forgive(name, source)
        return await self._begin(name)

    async def change_password(self, name: str, current: str, new: str, source: str) -> str:
        """One's own password; returns a new session's token. Raises NotLetIn."""
        self._refuse_too_many(name, source)
        account = self._accounts.get(name)
        if account is None or not await self._in_turn(lambda: self._is_right(account, current)):
            self._note(name, source)
            raise NotLetIn("login.wrong")
        await self.set_account(name, new, account.role)
        return await self._begin(name)

    def link_once(self, name: str) -> str:
        """A path that signs `name` in once, within a day."""
        token = secrets.token_urlsafe(24)
        self._links[sha256(token)] = (name, self._clock.now_s() + ONCE_WITHIN_S)
        return f"/login/{token}"

    async def follow_link(self, token: str) -> str | None:
        """The new session's token; None for a link that was used, or never was one."""
        name, until_s = self._links.pop(sha256(token), ("", 0.0))
        if name not in self._accounts or self._clock.now_s() > until_s:
            return None
        return await self._begin(name)

    def caller(self, token: str | None) -> Caller | None:
        """Whose session that is; None once it has ended."""
        key = sha256(token or "")
        session, now = self._sessions.get(key), self._clock.utc()
        account = None if session is None else self._accounts.get(session.name)
        if session is None or account is None:
            return None
        if now - self._seen[key] > IDLE or now - session.since > LONGEST:
            self._forget(key)
            return None
        self._seen[key] = now
        return Caller(account.name, account.role, session.csrf)

    def bearer(self, token: str) -> Caller | None:
        """Who shows that token: a command on this machine, or the owner's POS."""
        if hmac.compare_digest(token.encode(), self.machine_token.encode()):
            return Caller("storeguard", "machine")
        if self._pos_token and hmac.compare_digest(token.encode(), self._pos_token.encode()):
            return Caller("pos", "pos")
        return None

    async def sign_out(self, token: str | None) -> None:
        self._forget(sha256(token or ""))
        await self._keep()

    async def end_sessions_of(self, name: str) -> None:
        for key in [key for key, one in self._sessions.items() if one.name == name]:
            self._forget(key)
        await self._keep()

    async def end_all_sessions(self, *, but: str | None) -> None:
        """Of everybody but this one; kiosks' cookies and unused links end, too."""
        stays = sha256(but or "")
        for key in [key for key in self._sessions if key != stays]:
            self._forget(key)
        self._links.clear()
        self._secret = secrets.token_bytes(32)
        await self._keep()

    # --- the kiosk -----------------------------------------------------------------------

    def kiosk_cookie(self) -> str:
        """Says that a browser got its page from us; a restart does not end it."""
        nonce = secrets.token_hex(16)
        return f"{nonce}.{self.signed(nonce)}"

    def is_kiosk(self, cookie: str | None) -> bool:
        nonce, _, signature = (cookie or "").partition(".")
        return bool(signature) and hmac.compare_digest(
            signature.encode(), self.signed(nonce).encode()
        )

    def signed(self, nonce: str) -> str:
        """By a secret of this store, the same after a restart once anybody has signed in."""
        return hmac.new(self._secret, nonce.encode(), hashlib.sha256).hexdigest()

    # --- inside --------------------------------------------------------------------------

    def _is_right(self, account: Account | None, password: str) -> bool:
        if account is None:
            self._nobody = self._nobody or self._hasher.hash(secrets.token_urlsafe(16))
        known = account.password_hash if account else self._nobody
        try:
            return self._hasher.verify(known or "", password[: LONGEST_PASSWORD * 4])
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        async with self._turn:
            return await asyncio.to_thread(work)

    async def _begin(self, name: str) -> str:
        token, now = secrets.token_urlsafe(32), self._clock.utc()
        key = sha256(token)
        self._sessions[key] = Session(key, name, secrets.token_urlsafe(24), now)
        self._seen[key] = now
        for oldest in list(self._sessions)[:-MOST_SESSIONS]:
            self._forget(oldest)
        await self._keep()
        return token

    def _forget(self, key: str) -> None:
        self._sessions.pop(key, None)
        self._seen.pop(key, None)

    async def _keep(self) -> None:
        if self._files is not None:
            kept = KeptSessions(self._secret.hex(), tuple(self._sessions.values()))
            await asyncio.to_thread(self._files.save_sessions, kept)

    def _refuse_too_many(self, name: str, source: str) -> None:
        """Five tries a name and source, sixty an hour a name: nobody can lock the owner out."""
        wait_s = max(self._tries.wait_s((name, source)), self._tries_an_hour.wait_s(name))
        if wait_s > 0:
            raise NotLetIn("login.too_many", wait_s)

    def _note(self, name: str, source: str) -> None:
        self._tries.note((name, source))
        self._tries_an_hour.note(name)

    def _forgive(self, name: str, source: str) -> None:
        self._tries.forgive((name, source))
