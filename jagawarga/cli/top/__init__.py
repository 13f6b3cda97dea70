"""`jagawarga top`: the running tree on a live screen, from another process.

    link -> look -> feed -> screen (or plain)

`link` asks over the control socket, `look` asks everything one picture needs, `feed` makes figures of an interval out
of two answers, `screen` shows them. The screen never waits: questions are asked in threads, and `inquiry` sees to it
that an answer nobody wants any more is dropped. What decides is pure; only `screen` and its parts (`layout`, `tables`,
`dialog`) know textual, which is optional.
"""
