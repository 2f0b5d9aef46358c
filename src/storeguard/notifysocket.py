"""sd_notify: what a service says to systemd, as datagrams to the socket in NOTIFY_SOCKET."""

import os
import socket
from collections.abc import Mapping

SOCKET = "NOTIFY_SOCKET"
WATCHDOG = "WATCHDOG_USEC"
WATCHDOG_PID = "WATCHDOG_PID"


def is_given(environment: Mapping[str, str] = os.environ) -> bool:
    """Has somebody who restarts us asked to be told?"""
    return bool(environment.get(SOCKET))


def watchdog_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """WatchdogSec of the unit, in seconds; None where there is none, or it is not ours."""
    if environment.get(WATCHDOG_PID, str(os.getpid())) != str(os.getpid()):
        return None
    said = environment.get(WATCHDOG, "")
    return int(said) / 1e6 if said.isdigit() and int(said) else None


class NotifySocket:
    """Sends `KEY=VALUE` pairs; does nothing where nobody asked.

    Never blocks and never raises: a service manager that does not listen is no fault of the
    store. Abstract addresses begin with '@'.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address
        self._socket: socket.socket | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "NotifySocket":
        return cls(environment.get(SOCKET) or None)

    def tell(self, **pairs: object) -> bool:
        """`tell(READY=1, STATUS="guards")`, one datagram. Has it been taken?"""
        if self._address is None:
            return False
        lines = [f"{key}={str(value).replace(chr(10), ' ')}" for key, value in pairs.items()]
        try:
            self._opened().sendto("\n".join(lines).encode(), self._target(self._address))
        except OSError:
            return False
        return True

    def close(self) -> None:
        """May be called twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _opened(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
        return self._socket

    @staticmethod
    def _target(address: str) -> str:
        return "\0" + address[1:] if address.startswith("@") else address
