"""`/api-keys`: made, listed, changed, rotated, revoked. A key that is restricted to domains may do none of it, or it
could give itself what it was refused.
"""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard, unrestricted
from emailgw.api.limits import BodyLimits
from emailgw.api.operation import DescribedRoute, Operation
from emailgw.core.directory import ApiKey
from emailgw.errors import NotFound, Rejected
from emailgw.queue.keys import GRACE, KeyMaker
from emailgw.store.directory import Directory
from emailgw.wire.answers import Deleted, ListShown, show_deleted
from emailgw.wire.keys import KeyRequest, KeyShown, RotateRequest, read_grace, read_key, show_key
from emailgw.wire.lists import PageQuery, cut, read_page, show_list


class KeyResource:
    def __init__(self, directory: Directory, limits: BodyLimits, clock: Callable[[], int]) -> None:
        self._directory = directory
        self._maker = KeyMaker(directory, clock)
        self._limits = limits
        self._clock = clock

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        create = Operation(summary="Make an API key", body=KeyRequest, answer=KeyShown, statuses=(201,))
        listed = Operation(summary="List API keys", query=PageQuery, answer=ListShown[KeyShown])
        show = Operation(summary="An API key, without its token", answer=KeyShown)
        edit = Operation(summary="Change an API key", body=KeyRequest, optional=True, answer=KeyShown)
        revoke = Operation(summary="Revoke an API key", answer=Deleted)
        rotate = Operation(summary="Give an API key a new token", body=RotateRequest, optional=True, answer=KeyShown)
        return [
            guard.route("POST", "/api-keys", self.create, create),
            guard.route("GET", "/api-keys", self.list, listed),
            guard.route("GET", "/api-keys/{id}", self.show, show),
            guard.route("PATCH", "/api-keys/{id}", self.edit, edit),
            guard.route("PUT", "/api-keys/{id}", self.edit, edit),
            guard.route("DELETE", "/api-keys/{id}", self.revoke, revoke),
            guard.route("POST", "/api-keys/{id}/rotate", self.rotate, rotate),
        ]

    async def create(self, request: Request) -> Response:
        """201 with the key and its token, which is shown this once. The dialect is the asking key's unless given."""
        asking = unrestricted(request)
        edit = read_key(await self._limits.read(request))
        if edit.name is None:
            raise Rejected("Missing `name` field.", name="missing_required_field")
        key, token = self._maker.blank(edit.name, edit.dialect or asking.dialect)
        key = edit.applied(key)
        if edit.domains:
            key = await self._maker.restricted(key, edit.domains)
        await self._maker.add(key)
        return json_response(show_key(key, asking.dialect, token), 201)

    async def list(self, request: Request) -> Response:
        """Newest first, without those that were revoked."""
        asking = unrestricted(request)
        page = read_page(request.query_params)
        keys = [key for key in reversed(await self._directory.api_keys()) if key.revoked_at is None]
        shown, has_more = cut(keys, page, [key.id for key in keys])
        items = [show_key(key, asking.dialect) for key in shown]
        path = str(request.url.replace(query=""))
        return json_response(show_list(items, page, has_more, len(keys), path, request.query_params))

    async def show(self, request: Request) -> Response:
        asking = unrestricted(request)
        return json_response(show_key(await self._named(request), asking.dialect))

    async def edit(self, request: Request) -> Response:
        asking = unrestricted(request)
        key = await self._named(request)
        edit = read_key(await self._limits.read(request))
        if edit.dialect not in (None, key.dialect):
            raise Rejected("The `dialect` of an API key cannot change: its token begins with it. Make another key.")
        key = edit.applied(key)
        if edit.domains is not msgspec.UNSET:
            key = await self._maker.restricted(key, edit.domains)
        await self._directory.change_api_key(key)
        return json_response(show_key(key, asking.dialect))

    async def revoke(self, request: Request) -> Response:
        unrestricted(request)
        key = await self._named(request)
        await self._directory.revoke_api_key(key.id, self._clock())
        return json_response(show_deleted("api_key", key.id))

    async def rotate(self, request: Request) -> Response:
        """The key with a new token; the old one stays good for `grace` seconds, a day unless given."""
        asking = unrestricted(request)
        grace = read_grace(await self._limits.read(request))
        key, token = await self._maker.rotate(await self._named(request), GRACE if grace is None else grace * 1000)
        return json_response(show_key(key, asking.dialect, token))

    async def _named(self, request: Request) -> ApiKey:
        for key in await self._directory.api_keys():
            if key.id == request.path_params["id"] and key.revoked_at is None:
                return key
        raise NotFound("API key not found")
