"""Certificates by ACME (RFC 8555): ordered, kept, renewed in the background. Knows no listener and no store."""
