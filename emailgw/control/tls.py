"""The certificate, as the operator looks at it and has it renewed."""

from typing import Protocol

from emailgw.control import inward
from emailgw.errors import EmailgwError, NotFound
from emailgw.wire.times import show_iso


class Held(Protocol):
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def issuer(self) -> str: ...
    @property
    def not_before(self) -> int: ...
    @property
    def not_after(self) -> int: ...


class Status(Protocol):
    @property
    def held(self) -> Held | None: ...
    @property
    def due_at(self) -> int: ...
    @property
    def trouble(self) -> str: ...
    @property
    def hint(self) -> str: ...


class Renewing(Protocol):
    """What `certify.renewal` is to the operator."""

    @property
    def trouble(self) -> str: ...
    def status(self) -> Status: ...
    async def renew(self) -> object: ...


class TlsOperations:
    """`renewal` None: no daemon, or certificates come from files."""

    def __init__(self, renewal: Renewing | None) -> None:
        self.renewal = renewal

    def warnings(self) -> list[str]:
        """What does not keep mail from flowing yet, for `/healthz`."""
        if self.renewal is None or not self.renewal.trouble:
            return []
        return ["no certificate could be ordered: `emailgw tls show` says why and what to do"]

    async def show(self) -> inward.TlsAnswer:
        """Raises NotFound."""
        if self.renewal is None:
            raise NotFound("no certificate is ordered here: [acme] is not set, or the daemon does not run")
        status = self.renewal.status()
        held = status.held
        return inward.TlsAnswer(
            names=held.names if held is not None else (),
            issuer=held.issuer if held is not None else "",
            not_before=show_iso(held.not_before) if held is not None else None,
            not_after=show_iso(held.not_after) if held is not None else None,
            renews_at=show_iso(status.due_at),
            trouble=status.trouble,
            hint=status.hint,
        )

    async def renew(self) -> inward.TlsAnswer:
        """Order one now. Raises NotFound, or EmailgwError that says why there is none."""
        if self.renewal is None:
            raise EmailgwError("only the running daemon renews, and only with [acme] set")
        await self.renewal.renew()
        return await self.show()
