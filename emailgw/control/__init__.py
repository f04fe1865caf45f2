"""What the operator asks: the same operations, run by the daemon over a Unix socket or, when none runs, by the CLI."""
