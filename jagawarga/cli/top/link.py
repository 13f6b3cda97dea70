"""The way to the running process: one question, one answer, or one of two errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from jagawarga.cli.control import control_path
from supervisors.control import ControlError, NotRunning, request

ANSWER_WITHIN = 5.0


class Ask(Protocol):
    """Asks and waits; raises `NotRunning`, or `ControlError` with what the process said."""

    def __call__(self, op: str, within: float = ANSWER_WITHIN, /, **args: Any) -> Any:
        """Return the result of the operation."""


class Link:
    """Asks the process with this data directory; a connection for each question, so a restart of it is no matter."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, op: str, within: float = ANSWER_WITHIN, /, **args: Any) -> Any:
        """Return the result of the operation; raises `NotRunning` and `ControlError`."""
        path = control_path(self.data)
        try:
            return request(path, op, within, **args)
        except NotRunning as error:
            if isinstance(error.__cause__, TimeoutError):
                msg = f"the JagaWarga with the data directory {self.data} does not answer"
            else:
                msg = f"no JagaWarga is running with the data directory {self.data}"
            raise NotRunning(msg) from error
        except (ValueError, KeyError, TypeError) as error:
            msg = f"what answers at {path} is no JagaWarga"
            raise ControlError(msg) from error
