"""Who is answered what: each endpoint by each role, as tables.

`ok` lets one in: what is asked is done, or is refused for what it says and not for who says it (400, 409, 415, 422).
"""

from __future__ import annotations

from typing import Final

STEPS: Final = """
                           own       by-code       agency
nobody                     401       no-code       401
the reporter               by-table  no-code       403
another citizen            404       no-code       403
the holder of the code     401       by-table      401
an officer in charge       403       no-code       by-table
the head in charge         403       no-code       by-table
an officer who was late    403       no-code       by-table
an officer above           403       no-code       404
an officer elsewhere       403       no-code       404
the operator               403       no-code       403
an executive               403       no-code       403
an auditor                 403       no-code       403
"""
"""Steps of one's own reports, by the tracking code, of an agency. `by-table`: 200 where `tables.py` has the step for them in this status, else 409. `no-code`: 422, nothing is named."""

OTHERS: Final = """
                                                                            nobody    owner     other     officer   head      elsewhere operator  executive auditor
POST   /v1/citizens                                                         ok        ok        ok        ok        ok        ok        ok        ok        ok
POST   /v1/sessions                                                         ok        ok        ok        ok        ok        ok        ok        ok        ok
POST   /v1/sessions/refresh                                                 ok        ok        ok        ok        ok        ok        ok        ok        ok
POST   /v1/officers                                                         ok        ok        ok        ok        ok        ok        ok        ok        ok
DELETE /v1/sessions/current                                                 401       ok        ok        ok        ok        ok        ok        ok        ok
DELETE /v1/sessions                                                         401       ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/me                                                               401       ok        ok        ok        ok        ok        ok        ok        ok
PUT    /v1/me/password                                                      401       ok        ok        ok        ok        ok        ok        ok        ok
DELETE /v1/me                                                               401       ok        ok        403       403       403       403       403       403
GET    /v1/categories                                                       ok        ok        ok        ok        ok        ok        ok        ok        ok
POST   /v1/categories/suggestions                                           ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/agencies                                                         ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/areas                                                            ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/areas/at                                                         ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/reports                                                          ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/reports/similar                                                  ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/reports/<public>                                                 ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/reports/<private>                                                404       404       404       404       404       404       404       404       404
GET    /v1/reports/<anonymous>                                              404       404       404       404       404       404       404       404       404
GET    /v1/reports/<withdrawn>                                              404       404       404       404       404       404       404       404       404
GET    /v1/reports/<public>/attachments/<number>                            ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/reports/<private>/attachments/<number>                           404       404       404       404       404       404       404       404       404
GET    /v1/reports/<anonymous>/attachments/<number>                         404       404       404       404       404       404       404       404       404
GET    /v1/reports/<public>/history/<resolved>/attachments/<number>         ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/reports/<public>/history/<replied>/attachments/<number>          404       404       404       404       404       404       404       404       404
GET    /v1/reports/<private>/history/<resolved>/attachments/<number>        404       404       404       404       404       404       404       404       404
GET    /v1/reports/<anonymous>/history/<resolved>/attachments/<number>      404       404       404       404       404       404       404       404       404
PUT    /v1/reports/<public>/vote                                            401       ok        ok        403       403       403       403       403       403
PUT    /v1/reports/<private>/vote                                           401       404       404       403       403       403       403       403       403
PUT    /v1/reports/<anonymous>/vote                                         401       404       404       403       403       403       403       403       403
PUT    /v1/reports/<withdrawn>/vote                                         401       404       404       403       403       403       403       403       403
DELETE /v1/reports/<public>/vote                                            401       ok        ok        403       403       403       403       403       403
DELETE /v1/reports/<private>/vote                                           401       404       404       403       403       403       403       403       403
PUT    /v1/reports/<public>/follow                                          401       ok        ok        403       403       403       403       403       403
PUT    /v1/reports/<anonymous>/follow                                       401       404       404       403       403       403       403       403       403
DELETE /v1/reports/<public>/follow                                          401       ok        ok        403       403       403       403       403       403
DELETE /v1/reports/<private>/follow                                         401       404       404       403       403       403       403       403       403
GET    /v1/me/follows                                                       401       ok        ok        403       403       403       403       403       403
POST   /v1/reports                                                          401       ok        ok        403       403       403       403       403       403
POST   /v1/media                                                            401       ok        ok        ok        ok        ok        403       403       403
POST   /v1/tracking/media                                                   ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/me/reports                                                       401       ok        ok        403       403       403       403       403       403
GET    /v1/me/reports/<public>                                              401       ok        404       403       403       403       403       403       403
GET    /v1/me/reports/<private>                                             401       ok        404       403       403       403       403       403       403
GET    /v1/me/reports/<withdrawn>                                           401       ok        404       403       403       403       403       403       403
GET    /v1/me/reports/<anonymous>                                           401       404       404       403       403       403       403       403       403
GET    /v1/me/reports/<private>/attachments/<number>                        401       ok        404       403       403       403       403       403       403
GET    /v1/me/reports/<anonymous>/attachments/<number>                      401       404       404       403       403       403       403       403       403
GET    /v1/me/reports/<private>/history/<replied>/attachments/<number>      401       ok        404       403       403       403       403       403       403
GET    /v1/me/reports/<anonymous>/history/<replied>/attachments/<number>    401       404       404       403       403       403       403       403       403
GET    /v1/me/notifications                                                 401       ok        ok        403       403       403       403       403       403
POST   /v1/me/notifications/read                                            401       ok        ok        403       403       403       403       403       403
GET    /v1/me/stream                                                        401       ok        ok        403       403       403       403       403       403
GET    /v1/me/notification-preferences                                      401       ok        ok        403       403       403       403       403       403
PUT    /v1/me/notification-preferences                                      401       ok        ok        403       403       403       403       403       403
POST   /v1/me/notification-preferences/confirm                              401       ok        ok        403       403       403       403       403       403
GET    /v1/push-key                                                         ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/me/push-subscriptions                                            401       ok        ok        403       403       403       403       403       403
POST   /v1/me/push-subscriptions                                            401       ok        ok        403       403       403       403       403       403
DELETE /v1/me/push-subscriptions/<subscription_id>                          401       404       404       403       403       403       403       403       403
GET    /v1/unsubscribe/<token>                                              ok        ok        ok        ok        ok        ok        ok        ok        ok
POST   /v1/unsubscribe/<token>                                              404       404       404       404       404       404       404       404       404
GET    /v1/tracking                                                         ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/tracking/history/<replied>/attachments/<number>                  ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /v1/agency/reports                                                   401       403       403       ok        ok        ok        403       403       403
GET    /v1/agency/queue                                                     401       403       403       ok        ok        ok        403       403       403
GET    /v1/agency/stream                                                    401       403       403       ok        ok        ok        403       403       403
GET    /v1/agency/reports/<public>                                          401       403       403       ok        ok        404       403       403       403
GET    /v1/agency/reports/<private>                                         401       403       403       ok        ok        404       403       403       403
GET    /v1/agency/reports/<anonymous>                                       401       403       403       ok        ok        404       403       403       403
GET    /v1/agency/reports/<private>/attachments/<number>                    401       403       403       ok        ok        404       403       403       403
GET    /v1/agency/reports/<anonymous>/attachments/<number>                  401       403       403       ok        ok        404       403       403       403
GET    /v1/agency/reports/<anonymous>/history/<noted>/attachments/<number>  401       403       403       ok        ok        404       403       403       403
GET    /v1/agency/canned-answers                                            401       403       403       ok        ok        ok        403       403       403
PUT    /v1/agency/canned-answers/<key>                                      401       403       403       403       ok        403       403       403       403
DELETE /v1/agency/canned-answers/<key>                                      401       403       403       403       404       403       403       403       403
POST   /v1/agency/invitations                                               401       403       403       403       ok        403       403       403       403
DELETE /v1/agency/officers/<username>                                       401       403       403       403       404       403       403       403       403
PUT    /v1/operator/agencies/<key>                                          401       403       403       403       403       403       ok        403       403
PUT    /v1/operator/categories/<key>                                        401       403       403       403       403       403       ok        403       403
PUT    /v1/operator/officers/<username>                                     401       403       403       403       403       403       ok        403       403
PUT    /v1/operator/accounts/<username>                                     401       403       403       403       403       403       ok        403       403
GET    /healthz                                                             ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /readyz                                                              ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /metrics                                                             ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /openapi.json                                                        ok        ok        ok        ok        ok        ok        ok        ok        ok
GET    /docs                                                                ok        ok        ok        ok        ok        ok        ok        ok        ok
"""
"""Of a report `owner` filed; `officer` and `head` are of the agency in charge, `elsewhere` is an officer of another.
`resolved`, `replied` and `noted` are lines of the history that something came with: who may see the line may see that,
and of what proves a public report resolved it is everybody.
"""
REPORTS: Final = ("public", "private", "anonymous", "withdrawn")


def read(table: str) -> dict[str, dict[str, str]]:
    """Each row's cells by the heads of their columns."""
    head, *lines = (line.split() for line in table.strip().splitlines())
    return {" ".join(line[: -len(head)]): dict(zip(head, line[-len(head) :], strict=True)) for line in lines}
