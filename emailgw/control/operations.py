"""Carry out what the operator asks. The daemon and the CLI run this same code, one with its manager beside it."""

import msgspec

from emailgw.control import inward
from emailgw.control import requests as ask
from emailgw.control.directory import DirectoryOperations
from emailgw.control.queue import QueueOperations
from emailgw.control.receiving import ReceivingOperations
from emailgw.control.suppressions import SuppressionOperations
from emailgw.control.tls import TlsOperations
from emailgw.control.webhooks import WebhookOperations
from emailgw.core.address import AddressError, Mailbox
from emailgw.core.directory import ApiKey, Dialect
from emailgw.core.ids import KeyId
from emailgw.core.model import Content, Submission
from emailgw.errors import Rejected
from emailgw.queue.accept import Accept

# Mail that the operator sends from the command line belongs to this key, which exists nowhere else.
OPERATOR = ApiKey(KeyId("operator"), "operator", b"", "", Dialect.RESEND, 0)


class Operations:
    def __init__(
        self,
        directory: DirectoryOperations,
        queue: QueueOperations,
        suppressions: SuppressionOperations,
        receiving: ReceivingOperations,
        tls: TlsOperations,
        webhooks: WebhookOperations,
        accept: Accept,
    ) -> None:
        self._directory = directory
        self._queue = queue
        self._suppressions = suppressions
        self._receiving = receiving
        self._tls = tls
        self._webhooks = webhooks
        self._accept = accept

    async def run(self, request: ask.AnyRequest) -> msgspec.Struct:
        """The answer. Raises EmailgwError for what cannot be done."""
        match request:
            case ask.AddDomain():
                return await self._directory.add_domain(request)
            case ask.ListDomains():
                return await self._directory.list_domains()
            case ask.ShowDomain():
                return await self._directory.show_domain(request)
            case ask.SetDomain():
                return await self._directory.set_domain(request)
            case ask.ReceiveDomain():
                return await self._directory.receive_domain(request)
            case inward.ListRules():
                return await self._receiving.list(request)
            case inward.AddRule():
                return await self._receiving.add(request)
            case inward.RemoveRule():
                return await self._receiving.remove(request)
            case inward.ShowTls():
                return await self._tls.show()
            case inward.RenewTls():
                return await self._tls.renew()
            case ask.VerifyDomain():
                return await self._directory.verify_domain(request)
            case ask.RotateDomain():
                return await self._directory.rotate_domain(request)
            case ask.DeleteDomain():
                return await self._directory.delete_domain(request)
            case ask.RotateKey():
                return await self._directory.rotate_key(request)
            case ask.ListSuppressions():
                return await self._suppressions.list(request)
            case ask.AddSuppressions():
                return await self._suppressions.add(request)
            case ask.RemoveSuppressions():
                return await self._suppressions.remove(request)
            case ask.ImportSuppressions():
                return await self._suppressions.import_csv(request)
            case ask.ExportSuppressions():
                return await self._suppressions.export_csv(request)
            case ask.CreateKey():
                return await self._directory.create_key(request)
            case ask.ListKeys():
                return await self._directory.list_keys()
            case ask.RevokeKey():
                return await self._directory.revoke_key(request)
            case ask.ListQueue():
                return await self._queue.list(request)
            case ask.ShowMessage():
                return await self._queue.show(request)
            case ask.ChangeQueue():
                return await self._queue.change(request)
            case ask.SendTest():
                return await self._send(request)
            case ask.ListUnparsed():
                return await self._queue.list_unparsed(request)
            case ask.ShowUnparsed():
                return await self._queue.show_unparsed(request)
            case _:
                return await self._webhooks.run(request)

    async def _send(self, request: ask.SendTest) -> ask.SentAnswer:
        try:
            submission = Submission(
                key_id=OPERATOR.id,
                content=Content(
                    author=Mailbox.parse(request.author),
                    subject=request.subject,
                    text=request.text,
                    html=request.html,
                ),
                to=tuple(map(Mailbox.parse, request.to)),
            )
        except AddressError as error:
            raise Rejected(f"{error}") from None
        return ask.SentAnswer(await self._accept.submit(submission, OPERATOR, "cli"))
