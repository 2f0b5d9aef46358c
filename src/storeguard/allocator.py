"""What glibc's allocator is told, so that a picture's memory goes back when it is done with.

On another C library each of these does nothing.
"""

import ctypes

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
LARGE_BYTES = 1024 * 1024
"""Below a 1280x720 picture (2.8 MB), above what Python and the network take and give often."""

ARENAS = 2
"""glibc would give each of 25 threads one of its own, and each keeps what it once needed."""


def keep_little() -> None:
    """Large blocks are mapped one by one, and threads share arenas. Before threads start.

    Left alone, glibc raises its threshold with the first picture that is freed, and the
    process keeps what its fullest recorder queue once needed: 20 MB.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(_M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """What is free goes back to the system: a codec that has ended leaves 50 MB. Milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
