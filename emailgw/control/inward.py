"""Questions about what comes in, part of `requests`: who wants received mail, and the certificate of the listeners."""

import msgspec

from emailgw.control.asking import Request


class RuleEntry(msgspec.Struct, frozen=True):
    """`forward_to` empty: nowhere."""

    id: str
    address: str
    action: str
    forward_to: str
    created_at: str


class RulesAnswer(msgspec.Struct, frozen=True):
    rules: tuple[RuleEntry, ...]


class TlsAnswer(msgspec.Struct, frozen=True):
    """Without a certificate there are no names."""

    names: tuple[str, ...]
    issuer: str
    not_before: str | None
    not_after: str | None
    renews_at: str
    trouble: str
    hint: str


class ListRules(Request, frozen=True, tag="receive.list"):
    answer = RulesAnswer


class AddRule(Request, frozen=True, tag="receive.add"):
    """`action` None: as `forward_to` says."""

    answer = RuleEntry
    address: str
    forward_to: str | None = None
    action: str | None = None


class RemoveRule(Request, frozen=True, tag="receive.remove"):
    """By id or address."""

    answer = RuleEntry
    name: str


class ShowTls(Request, frozen=True, tag="tls.show"):
    answer = TlsAnswer


class RenewTls(Request, frozen=True, tag="tls.renew"):
    answer = TlsAnswer
