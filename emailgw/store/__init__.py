"""Durable memory, and the only place with SQL. Callers see core types and nothing else (`docs/internals.md`, store)."""
