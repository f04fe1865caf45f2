"""Which author domains a request is about: what it asks for, within what its key may see."""

from collections.abc import Mapping

from emailgw.core.directory import ApiKey
from emailgw.store.directory import Directory

NOTHING = "~"  # no domain is called so


async def asked_domain(directory: Directory, query: Mapping[str, str]) -> str | None:
    """The name of the domain that `domain_id` means; one that matches nothing when there is none."""
    id = query.get("domain_id")
    if not id:
        return None
    return next((domain.name for domain in await directory.domains() if domain.id == id), NOTHING)


def visible(domains: tuple[str, ...], key: ApiKey) -> tuple[str, ...]:
    """Those of `domains` (none means all) that the key may see; none only for a key that sees everything."""
    if not key.domains:
        return domains
    return (tuple(domain for domain in domains if key.sees(domain)) or (NOTHING,)) if domains else key.domains
