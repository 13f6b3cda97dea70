"""The runtime's figures: `main` asks for rows, `trial` measures each in fresh processes, `measure` is such a process.

A module a theme (`memory`, `spawning`, …) holds what is measured: `ours` on a population with everything an actor may
have (`population`), and what bare Trio tasks do instead (`bare`). Its `ROWS` say how large, how often, and what is to
be reached; `catalogue` collects them.
"""
