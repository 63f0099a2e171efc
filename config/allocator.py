"""How glibc keeps memory, for a process with threads that meets large bodies (docs/decisions/0076-memory-goes-back.md).

Left alone, it makes an arena for each thread and learns from the first body of 3 MB that such sizes are usual: from
then on they are cut out of the arenas, and what lies behind them keeps their place from going back to the system.
"""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # malloc.h
LARGE = 1024 * 1024  # bytes; more than zlib's state for a page (270 kB), less than a form that is refused
SETTINGS = {M_ARENA_MAX: 2, M_MMAP_THRESHOLD: LARGE, M_TRIM_THRESHOLD: 2 * LARGE}


def is_glibc() -> bool:
    return hasattr(ctypes.CDLL(None), "gnu_get_libc_version")


def keep_tight() -> bool:
    """Before threads and processes are made: they go on with it. False where there is no glibc; nothing is changed."""
    if not is_glibc():
        return False
    mallopt = ctypes.CDLL(None).mallopt
    taken = [mallopt(name, value) for name, value in SETTINGS.items()]
    return all(taken)
