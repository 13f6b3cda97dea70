"""What the API says of itself, over HTTP; and that what it says is so, tried by schemathesis on every operation."""

from __future__ import annotations

import base64
import re
from hashlib import sha256

from tests.integration.edge_server import edge


async def test_it_is_served_to_anyone() -> None:
    """For programs and for people, to be kept for a while; the page may use its own style and nothing else."""
    async with edge() as running:
        document = await running.client.get("/openapi.json")
        assert document.status_code == 200
        assert document.json()["openapi"] == "3.1.0"
        assert "max-age" in document.headers["cache-control"]
        page = await running.client.get("/docs")
        style = re.search(r"<style>(.*)</style>", page.text)
        assert style is not None
        allowed = "sha256-" + base64.b64encode(sha256(style[1].encode()).digest()).decode()
        assert allowed in page.headers["content-security-policy"]
        assert page.headers["content-type"].startswith("text/html")
