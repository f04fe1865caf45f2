"""emailgw: an email gateway in one process. `docs/internals.md` is the map; start at `service`."""

__version__ = "0.1.0"
