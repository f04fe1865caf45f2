"""The heart: accept, the manager with its lanes and limits, disposition, late bounces, housekeeping.

Knows the store and the vocabulary, not the network: the manager is given what it delivers with.
"""
