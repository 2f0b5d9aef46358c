"""What glibc's allocator is told, so that a picture's memory goes back when it is done with."""

import ctypes

_M_MMAP_THRESHOLD = -3
LARGE_BYTES = 1024 * 1024
"""Below a 1280x720 picture (2.8 MB), above what Python and the network take and give often."""


def give_large_blocks_back() -> None:
    """Large blocks are mapped one by one. Does nothing on a C library without `mallopt`.

    Left alone, glibc raises its threshold with the first picture that is freed, and the
    process keeps what its fullest recorder queue once needed: 20 MB.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
