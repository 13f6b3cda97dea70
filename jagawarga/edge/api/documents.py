"""What the API says of itself: for programs and for people."""

from __future__ import annotations

import base64
import json
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from jagawarga.edge import openapi, page
from jagawarga.edge.routing import Answer, Ask, Route, Says

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jagawarga.edge.bodies import NoQuery

CACHED = {"Cache-Control": "public, max-age=300"}


def routes(described: Callable[[], Sequence[Route]]) -> tuple[Route, ...]:
    """Give the routes that describe all of `described`, themselves among them."""

    @cache
    def document() -> bytes:
        return json.dumps(openapi.describe(described()), ensure_ascii=False).encode()

    @cache
    def shown() -> bytes:
        return page.written(openapi.describe(described())).encode()

    async def for_programs(ask: Ask[NoQuery, None]) -> Answer:
        """Describe the API as OpenAPI 3.1."""
        del ask
        return Answer(document(), headers=CACHED)

    async def for_people(ask: Ask[NoQuery, None]) -> Answer:
        """Show every endpoint on a page."""
        del ask
        policy = f"default-src 'none'; style-src '{STYLE}'; frame-ancestors 'none'"
        headers = CACHED | {"Content-Security-Policy": policy}
        return Answer(shown(), content_type="text/html; charset=utf-8", headers=headers)

    kept = ("Cache-Control",)
    return (
        Route("GET", "/openapi.json", for_programs, answers=(Says(200, dict, headers=kept),)),
        Route("GET", "/docs", for_people, answers=(Says(200, str, headers=kept, produces=("text/html",)),)),
    )


STYLE = "sha256-" + base64.b64encode(sha256(page.STYLE.encode()).digest()).decode()
"""The page's own style, and no other (Content Security Policy Level 3, hashes)."""
