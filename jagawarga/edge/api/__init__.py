"""The routes, one module for each kind of caller; each has its rows in `ROUTES`."""
