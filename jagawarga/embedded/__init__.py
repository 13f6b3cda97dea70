"""Private servers for a host that has none: PostgreSQL and nats-server in the data directory, as supervised children.

`DataDirectory.open`, then `prepare_postgres` and `prepare_nats` before the tree (their `StartupError` is
for the operator), then `tree.embedded_children` in it. Each prepared server knows its `url`.
"""
