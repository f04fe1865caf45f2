"""`/domains`: added, listed, changed, verified, rotated, removed. A restricted key may look at its own domains only."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard, key_of, unrestricted
from emailgw.api.limits import BodyLimits
from emailgw.api.operation import DescribedRoute, Operation
from emailgw.core.directory import Domain, DomainStatus
from emailgw.errors import NotFound, Rejected
from emailgw.queue.domains import Domains
from emailgw.store.directory import Directory
from emailgw.wire.answers import Deleted, ListShown, show_deleted
from emailgw.wire.domains import DomainRequest, DomainShown, read_domain, show_domain
from emailgw.wire.lists import PageQuery, cut, read_page, show_list


class DomainResource:
    def __init__(self, directory: Directory, domains: Domains, limits: BodyLimits) -> None:
        self._directory = directory
        self._domains = domains
        self._limits = limits

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        add = Operation(summary="Add a domain", body=DomainRequest, answer=DomainShown, statuses=(201,))
        listed = Operation(summary="List domains", query=PageQuery, answer=ListShown[DomainShown])
        show = Operation(summary="A domain with its DNS records, by id or name", answer=DomainShown)
        edit = Operation(summary="Change a domain", body=DomainRequest, optional=True, answer=DomainShown)
        remove = Operation(
            summary="Remove a domain that has no unfinished mail", answer=Deleted, errors=("validation_error",)
        )
        verify = Operation(summary="Look its records up now", answer=DomainShown)
        rotate = Operation(
            summary="Make new DKIM keys, which sign once DNS shows them",
            answer=DomainShown,
            errors=("validation_error",),
        )
        return [
            guard.route("POST", "/domains", self.add, add),
            guard.route("GET", "/domains", self.list, listed),
            guard.route("GET", "/domains/{id}", self.show, show),
            guard.route("PATCH", "/domains/{id}", self.edit, edit),
            guard.route("PUT", "/domains/{id}", self.edit, edit),
            guard.route("DELETE", "/domains/{id}", self.remove, remove),
            guard.route("POST", "/domains/{id}/verify", self.verify, verify),
            guard.route("POST", "/domains/{id}/rotate", self.rotate, rotate),
        ]

    async def add(self, request: Request) -> Response:
        """201 with the records to publish; it may send once it is verified."""
        unrestricted(request)
        name, fields = read_domain(await self._limits.read(request))
        if name is None:
            raise Rejected("Missing `name` field.", name="missing_required_field")
        domain = msgspec.structs.replace(self._domains.blank(name, DomainStatus.PENDING), **fields)
        _check_hosts(domain)
        return await self._shown(request, await self._domains.add(domain), 201)

    async def list(self, request: Request) -> Response:
        key = key_of(request)
        page = read_page(request.query_params)
        domains = sorted(await self._directory.domains(), key=lambda domain: domain.id, reverse=True)
        domains = [domain for domain in domains if key.sees(domain.name)]
        shown, has_more = cut(domains, page, [domain.id for domain in domains])
        items = [show_domain(domain, None, key.dialect) for domain in shown]
        path = str(request.url.replace(query=""))
        return json_response(show_list(items, page, has_more, len(domains), path, request.query_params))

    async def show(self, request: Request) -> Response:
        return await self._shown(request, await self._named(request))

    async def edit(self, request: Request) -> Response:
        unrestricted(request)
        domain = await self._named(request)
        name, fields = read_domain(await self._limits.read(request))
        if name not in (None, domain.name):
            raise Rejected("A domain cannot be renamed: add the other one.")
        domain = msgspec.structs.replace(domain, **fields)
        _check_hosts(domain)
        await self._domains.change(domain)
        return await self._shown(request, domain)

    async def remove(self, request: Request) -> Response:
        """Refused while mail of it is unfinished."""
        unrestricted(request)
        domain = await self._named(request)
        await self._domains.remove(domain)
        return json_response(show_deleted("domain", domain.id))

    async def verify(self, request: Request) -> Response:
        """Looks the records up now; the answer says what was found."""
        return await self._shown(request, await self._domains.verify(await self._named(request)))

    async def rotate(self, request: Request) -> Response:
        """The domain with the records of its next keys."""
        unrestricted(request)
        domain = await self._named(request)
        await self._domains.rotate(domain)
        return await self._shown(request, domain)

    async def _named(self, request: Request) -> Domain:
        """By id or name. Raises NotFound."""
        domain = await self._directory.domain_named(request.path_params["id"].lower())
        if not key_of(request).sees(domain.name):
            raise NotFound("Domain not found")
        return domain

    async def _shown(self, request: Request, domain: Domain, status: int = 200) -> Response:
        records = await self._domains.records(domain)
        return json_response(show_domain(domain, records, key_of(request).dialect), status)


def _check_hosts(domain: Domain) -> None:
    if domain.return_path == domain.tracking:
        raise Rejected("`custom_return_path` and `tracking_subdomain` must differ: one host cannot have both records.")
