"""Random bytes from the operating system, fetched a page at a time.

Each call of `os.urandom` gives up the interpreter's lock. Where a second thread is busy that costs up to a switch
interval (5 ms), and a report needs five random values. A page serves some two hundred of them.
"""

from __future__ import annotations

import os
import threading
from typing import Final

PAGE: Final = 4096


class _Page(threading.local):
    """What is left of this thread's page: no two threads share one, so none needs a lock."""

    def __init__(self) -> None:
        self.bytes = b""
        self.at = 0


_page = _Page()


def random_bytes(number: int) -> bytes:
    """Give `number` bytes nobody can guess and nobody else gets, also after a fork. Any thread may ask."""
    page = _page
    end = page.at + number
    if end > len(page.bytes):
        page.bytes, page.at, end = os.urandom(max(PAGE, number)), 0, number
    found = page.bytes[page.at : end]
    page.at = end
    return found


def _forget() -> None:
    _page.bytes, _page.at = b"", 0


# A child process that went on with its parent's page would repeat what the parent has used.
os.register_at_fork(after_in_child=_forget)
