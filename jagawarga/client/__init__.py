"""A client of the public API on Trio: what a citizen's or an agency's program would use.

    async with Client("http://127.0.0.1:8000") as client:
        session = await client.sign_in("3578014101900001", "…")
        receipt = await client.submit(session, Draft("public", "jalan-rusak", "Ada lubang", address="Jl. Merdeka 1"))
        await client.track(receipt.tracking_code)

Refusals raise `Refused`, silence `Unreachable`. "Later" (429, 503) is honoured with jitter and a limit, see `Patience`.
"""

from jagawarga.client.client import Client
from jagawarga.client.patience import Patience
from jagawarga.client.values import Draft, Event, Receipt, Refused, Session, Unreachable

__all__ = ["Client", "Draft", "Event", "Patience", "Receipt", "Refused", "Session", "Unreachable"]
