"""The HTTP edge: everything that knows HTTP, and nothing that decides."""
