"""How a store runs: as the daemon, in safe mode, or played back."""

from dataclasses import dataclass

DIGESTS = "digests"
"""In the state folder: messages about several issues."""


@dataclass(frozen=True, slots=True)
class Mode:
    """How the same store runs: the daemon, or a replay that nobody has to find afterwards."""

    fsync: bool = True
    threads: bool = True
    outside: bool = True
    """Looks for edits, hands issues to the bucket."""
    guards: bool = True
    """Watches, weighs and judges visits; in safe mode nothing is there to do it with."""
    weighing_round_s: float = 0.1
    reconciling_round_s: float = 0.1


DAEMON = Mode()
SAFE = Mode(guards=False)
REPLAY = Mode(
    fsync=False, threads=False, outside=False, weighing_round_s=0.5, reconciling_round_s=0.25
)
