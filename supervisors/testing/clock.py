"""A run under a clock that jumps over every wait, its interleaving fixed by a seed.

Trio does not promise an order among tasks that are ready at once, and flips a coin to keep programs from relying on
one. `seed` makes the coin's throws repeatable: a failure that depends on the order comes again under the same seed.
That leans on two private names of Trio's, kept here and watched by a test; if they go, a seed is refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

import trio
import trio.testing

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


def run_fast(main: Callable[..., Awaitable[T]], *args: Any, seed: int | None = None) -> T:
    """Run `main(*args)` to its end without waiting for real, and return what it returns.

    Time stands still while anybody has something to do and jumps to the next deadline when nobody has. With a `seed`
    tasks that are ready together run in an order that depends on nothing else. Raises `RuntimeError` for a seed that
    this version of Trio can not take.
    """
    clock = trio.testing.MockClock(autojump_threshold=0)
    if seed is None:
        return trio.run(main, *args, clock=clock)
    with _seeded(seed):
        return trio.run(main, *args, clock=clock)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    from trio._core import _run as found  # noqa: PLC0415 - see the module's docstring

    _run: Any = found
    if not hasattr(_run, "_r") or not hasattr(_run, "_ALLOW_DETERMINISTIC_SCHEDULING"):
        msg = f"Trio {trio.__version__} schedules in another way: its order can not be seeded"
        raise RuntimeError(msg)
    dice, sorting = _run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING  # noqa: SLF001 - see above
    _run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING = Random(seed), True  # noqa: SLF001, S311 - see above; no secret
    try:
        yield
    finally:
        _run._r, _run._ALLOW_DETERMINISTIC_SCHEDULING = dice, sorting  # noqa: SLF001 - see above
