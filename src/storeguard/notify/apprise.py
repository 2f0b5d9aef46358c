"""E-mail, Telegram, ntfy, Slack, webhooks and a hundred more, through Apprise.

Apprise says only whether it went well; what it wrote to its log meanwhile is the reason. Its
e-mails have the notice's own Message-ID, so that a mailbox shows one that came twice once.
"""

import io
import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from storeguard.errors import ChannelRefused, ChannelUnreachable, MissingExtra, masked
from storeguard.ports import Letter

TIMEOUT_S = 20.0
PACE_S = 1.1
"""Between two letters: Telegram and Slack take one a second; Apprise's own is 5.5 s."""


class AppriseChannel:
    """One Apprise URL. `send()` blocks; Apprise is imported with the first one."""

    def __init__(self, id: str, url: str) -> None:  # noqa: A002 - as the configuration has it
        self.id = id
        self._url = url
        self._plugin: Any = None

    def send(self, letter: Letter) -> None:
        """Raises ChannelUnreachable, ChannelRefused for a URL that is none, MissingExtra."""
        plugin = self._plugin = self._plugin or self._opened()
        with _Heard() as heard:
            is_sent = self._send(plugin, letter)
        if not is_sent:
            why = self._secretless(heard.text) or "it gave no reason"
            raise ChannelUnreachable(f"channel '{self.id}': not sent: {why}; it is tried again")

    def check(self) -> None:
        """Is its address one? Nothing is sent. Raises ChannelRefused, MissingExtra."""
        self._plugin = self._plugin or self._opened()

    def _opened(self) -> Any:
        try:
            import apprise
        except ImportError as error:
            raise MissingExtra(f"channel '{self.id}'", "apprise", "notify") from error
        with _Heard() as heard:
            plugin = apprise.Apprise.instantiate(self._url)
        if plugin is None:
            why = self._secretless(heard.text)
            raise ChannelRefused(
                f"channel '{self.id}': its address is none that Apprise knows ({why}); "
                "see https://github.com/caronc/apprise/wiki"
            )
        plugin.socket_connect_timeout = plugin.socket_read_timeout = TIMEOUT_S
        plugin.request_rate_per_sec = PACE_S
        return plugin

    def _send(self, plugin: Any, letter: Letter) -> bool:
        import apprise

        # Mail programs show HTML; a messenger's markup would spoil a product's name.
        is_mail = hasattr(plugin, "smtp_host")
        attached = apprise.AppriseAttachment()
        for picture in letter.pictures:
            attached.add(str(picture))
        is_html = is_mail and bool(letter.html)
        said = {
            "title": letter.subject,
            "body": letter.html if is_html else letter.text,
            "body_format": apprise.NotifyFormat.HTML if is_html else apprise.NotifyFormat.TEXT,
            "attach": attached if letter.pictures else None,
        }
        if not is_mail:
            return bool(plugin.notify(**said))
        plugin.inline = True
        with _message_id(letter.id):
            return bool(plugin.notify(**said))

    def _secretless(self, text: str) -> str:
        """Without whatever of the address may be a secret."""
        parts = urlsplit(self._url)
        secrets = [parts.username, parts.password, parts.netloc, *parts.path.split("/")]
        secrets += re.findall(r"=([^&]+)", parts.query)
        for secret in filter(None, secrets):
            for said in {secret, unquote(secret)}:
                if len(said) > 3:
                    text = text.replace(said, "***")
        return masked(" ".join(text.split()))[:300]


class _MessageIds(threading.local):
    """Which Message-ID the mail that this thread makes is to have."""

    wanted = ""


_ids = _MessageIds()


@contextmanager
def _message_id(notice_id: str) -> Iterator[None]:
    """Apprise draws a new one for each try; a mailbox could not tell that it is the same mail."""
    import apprise.plugins.email.base

    base: Any = apprise.plugins.email.base
    if not hasattr(base.make_msgid, "of_storeguard"):
        base.make_msgid = _replacing(base.make_msgid)
    safe = re.sub("[^A-Za-z0-9._-]", "-", notice_id)
    _ids.wanted = f"<{safe}@storeguard.invalid>"
    try:
        yield
    finally:
        _ids.wanted = ""


def _replacing(make_msgid: Callable[..., str]) -> Callable[..., str]:
    def make(*arguments: Any, **more: Any) -> str:
        return _ids.wanted or make_msgid(*arguments, **more)

    make.of_storeguard = True  # type: ignore[attr-defined]
    return make


class _Heard:
    """What Apprise's log says in this block."""

    def __init__(self) -> None:
        self._said = io.StringIO()
        self._handler = logging.StreamHandler(self._said)
        self._handler.setLevel(logging.WARNING)
        self._log = logging.getLogger("apprise")

    @property
    def text(self) -> str:
        return self._said.getvalue()

    def __enter__(self) -> "_Heard":
        self._was_propagating = self._log.propagate
        self._log.propagate = False  # it may quote what it was given
        self._log.addHandler(self._handler)
        return self

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self._handler)
        self._log.propagate = self._was_propagating
