"""JSON dialects ↔ vocabulary: what Sendkit's and Resend's clients send and expect to read. Pure functions."""
