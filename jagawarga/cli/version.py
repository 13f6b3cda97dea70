"""The version, from the installed package where there is one."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

IN_A_CHECKOUT = "0.1.0.dev0"


def version() -> str:
    """Return the version of the installed distribution, or that of a checkout that was never installed."""
    try:
        return installed("jagawarga")
    except PackageNotFoundError:
        return IN_A_CHECKOUT
