"""`/.well-known/acme-challenge/{token}`: what an ACME server fetches to see that a host name leads here. RFC 8555 §8.3.

Served beside the API, and alone on the listeners of `[acme]`, which are open to the world on port 80.
"""

import re

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from emailgw.api.operation import DescribedRoute, Operation, open_route
from emailgw.errors import NotFound

MOST = 100  # tokens that are remembered

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")


class Challenges:
    def __init__(self) -> None:
        self._answers: dict[str, str] = {}

    def publish(self, token: str, answer: str) -> None:
        """May be called in any thread."""
        if _TOKEN.match(token):
            self._answers[token] = answer
            for old in list(self._answers)[:-MOST]:
                self._answers.pop(old, None)

    def routes(self) -> list[DescribedRoute]:
        shown = Operation(
            summary="Proof that this host name leads here, for a certificate", media="text/plain", tag="Service"
        )
        return [open_route("GET", "/.well-known/acme-challenge/{token}", self.show, shown)]

    def app(self) -> Starlette:
        """Nothing else."""
        return Starlette(routes=self.routes())

    async def show(self, request: Request) -> Response:
        answer = self._answers.get(request.path_params["token"])
        if answer is None:
            raise NotFound("There is no such challenge")
        return PlainTextResponse(answer, headers={"cache-control": "no-store"})
