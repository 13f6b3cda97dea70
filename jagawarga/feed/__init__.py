"""Public reports, fast: found, counted and followed by others than who filed them."""
