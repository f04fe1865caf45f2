"""Carries events to the endpoints that customers name, and keeps those endpoints."""
