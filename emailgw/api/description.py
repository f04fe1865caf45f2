"""`/openapi.json` and `/docs`: what is served, as programs and as people read it. Made when it is first asked for."""

import functools
from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from emailgw import __version__
from emailgw.api.openapi import Json, describe
from emailgw.api.operation import JSON, DescribedRoute, Operation, open_route
from emailgw.api.reference import POLICY, render

_CACHED = {"cache-control": "public, max-age=300"}


class Description:
    """Of `routes` and of its own."""

    def __init__(self, routes: Sequence[DescribedRoute]) -> None:
        own = [
            open_route("GET", "/openapi.json", self.get, Operation(
                summary="This description, as OpenAPI 3.1", answer=dict[str, object], tag="Service"
            )),
            open_route("GET", "/docs", self.read, Operation(
                summary="This description, as a page", media="text/html", tag="Service"
            )),
        ]  # fmt: skip
        self.routes = [*routes, *own]

    async def get(self, request: Request) -> Response:
        return Response(self._json, 200, _CACHED, JSON)

    async def read(self, request: Request) -> Response:
        headers = {**_CACHED, "content-security-policy": POLICY, "x-content-type-options": "nosniff"}
        return Response(self._page, 200, headers, "text/html; charset=utf-8")

    @functools.cached_property
    def _described(self) -> Json:
        return describe(self.routes, __version__)

    @functools.cached_property
    def _json(self) -> bytes:
        return msgspec.json.encode(self._described)

    @functools.cached_property
    def _page(self) -> str:
        return render(self._described)
