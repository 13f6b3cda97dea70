"""The house under load.

`arrivals` says when something comes, `traffic` sends it over `wire` whatever becomes of it, `findings` says what did;
`main` opens a house in a process of its own and asks in the end for every report promised.
"""
