"""Which organisation a domain belongs to, by the Public Suffix List: RFC 7489 §3.2. The list comes with its library,
which follows it every few days; it takes 2 MB, and is read when the first message needs it.
"""

import functools

from publicsuffixlist import PublicSuffixList


@functools.cache
def _list() -> PublicSuffixList:
    return PublicSuffixList()


def load() -> None:
    """Takes a tenth of a second: for a thread."""
    _list()


def organisation_of(domain: str) -> str:
    """The domain that was registered: one label more than its public suffix; a public suffix is its own."""
    return _list().privatesuffix(domain) or domain
