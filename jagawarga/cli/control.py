"""Talking to the running process: where its control socket is, and what can go wrong on the way."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

from jagawarga.cli.exits import Refusal
from supervisors.control import ControlError, NotRunning, request

SOCKET = "control.sock"
PATH_LIMIT = 100  # bytes; sockaddr_un holds 107


def control_path(data: Path) -> Path:
    """Return where the process with this data directory has its control socket.

    In `run/` where the path is short enough for the kernel, else in the system's temporary directory under a name
    made from it. A name of its own in a directory of its own, which only its owner gets through: `serve` makes it.
    """
    path = data.absolute() / "run" / SOCKET
    if len(os.fsencode(path)) <= PATH_LIMIT:
        return path
    key = hashlib.sha256(os.fsencode(path.parent.resolve())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"jagawarga-{os.geteuid()}-{key}" / SOCKET


def ask(data: Path, op: str, timeout: float = 35.0, **args: Any) -> Any:
    """Ask the running process; `Refusal` with one line when there is none, or when it says no."""
    try:
        return request(control_path(data), op, timeout, **args)
    except NotRunning:
        raise Refusal(f"no JagaWarga is running with the data directory {data} (start one: jagawarga serve)") from None
    except ControlError as refused:
        raise Refusal(str(refused)) from None
    except (ValueError, KeyError):
        raise Refusal(f"what answers at {control_path(data)} is no JagaWarga") from None
