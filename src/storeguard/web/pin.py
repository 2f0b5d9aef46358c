"""The staff's PIN at the kiosk: compared in constant time, five tries a minute."""

import hmac
import logging
import re
from collections import deque
from collections.abc import Callable

from storeguard.web.view import PinAnswer

PIN_VARIABLE = "STOREGUARD_KIOSK_PIN"
MOST_TRIES = 5
WITHIN_S = 60.0

log = logging.getLogger("storeguard")


class PinDoor:
    """Opens for the PIN. The tries of all tablets count together: there is one PIN to guess.

    `pin`: 4 to 12 digits; with anything else it stays shut, and says that there is none.
    """

    def __init__(self, pin: str, now_s: Callable[[], float]) -> None:
        is_usable = re.fullmatch(r"[0-9]{4,12}", pin) is not None
        if pin and not is_usable:
            log.warning("%s: expected 4 to 12 digits; restock mode has no PIN", PIN_VARIABLE)
        self._pin = pin if is_usable else None
        self._now_s = now_s
        self._tries_s: deque[float] = deque(maxlen=MOST_TRIES)

    def opens(self, pin: str) -> PinAnswer:
        """Also the right PIN is refused after five wrong ones within a minute."""
        if self._pin is None:
            return "unset"
        now_s = self._now_s()
        if len(self._tries_s) == MOST_TRIES and now_s - self._tries_s[0] < WITHIN_S:
            return "too_many"
        if hmac.compare_digest(pin.encode(), self._pin.encode()):
            self._tries_s.clear()
            return "done"
        self._tries_s.append(now_s)
        return "wrong"
