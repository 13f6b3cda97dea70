"""Backup and restore of the embedded stack: database, streams and files in one sealed archive, the keys apart.

| room | what it is |
|---|---|
| `archive` | the file: framed, compressed, sealed, checked |
| `keyfile` | the keys, in a file of their own |
| `servers` | the embedded servers for a while, without the tree |
| `making` | a backup from the first look to its name |
| `taking` | one moment of a house, into an archive |
| `restoring` | an archive into a new data directory, and the comparison of both |
"""
