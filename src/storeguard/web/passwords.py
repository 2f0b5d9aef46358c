"""Names and passwords that are accepted: length instead of rules about signs."""

import re
import unicodedata

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
NAME = re.compile(r"[\w.-]{1,32}")


class NotLetIn(Exception):
    """`key` of the sentence that says why; `wait_s` until another try is worth it."""

    def __init__(self, key: str, wait_s: float = 0.0) -> None:
        super().__init__(key)
        self.key = key
        self.wait_s = wait_s


def known_as(name: str) -> str:
    """The name as accounts have it. Raises NotLetIn for what can be no name."""
    name = unicodedata.normalize("NFC", name.strip()).casefold()
    if NAME.fullmatch(name) is None:
        raise NotLetIn("login.bad_name")
    return name


def refuse_weak(name: str, password: str) -> None:
    """Length instead of signs: no rule about capitals, and nothing that is guessed first."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise NotLetIn("login.length")
    if is_guessed_first(name, password):
        raise NotLetIn("login.weak")


GUESSED_FIRST = ("password", "passw0rd", "qwerty", "123456", "iloveyou", "admin", "storeguard")
RUNS: tuple[str, ...] = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
)
RUNS += ("1q2w3e4r5t6y7u8i9o0p", "qazwsxedcrfvtgbyhnujmikolp")


def is_guessed_first(name: str, password: str) -> bool:
    """What lists of leaked passwords have at twelve signs: few signs, runs, one word and a year."""
    plain = password.casefold()
    if len(set(plain)) < 5 or any(plain in run or plain[::-1] in run for run in RUNS):
        return True
    rest = plain
    for word in (*GUESSED_FIRST, name):
        rest = rest.replace(word, "") if len(word) > 2 else rest
    return len(set(rest.strip("0123456789!@#.*"))) < 4 and rest != plain
