"""The intake's figures: what one report costs between the HTTP server and the disk.

`main` opens a real house (`house`), sends it submissions (`submissions`) with very many in flight (`whole`), then does
each step by itself (`stages`) and the same insert without any of our code around it (`bare`). `cpu` reads who worked.
"""
