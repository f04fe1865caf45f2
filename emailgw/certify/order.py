"""One order at an ACME server with HTTP-01, by certbot's own library: account, challenges, certificate. Blocking.

Called by `renewal` in a thread of its own; every request has a time-out and the whole a deadline. RFC 8555 §7, §8.3.
The library is loaded when the first order is made: it costs memory, and most installations bring their certificate.
"""

import datetime
import json
from collections.abc import Callable
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from emailgw.core.text import clean_line

REQUEST_TIMEOUT = 30  # seconds
DEADLINE = 120  # seconds for validation and issuance together

_REACH_US = "each name's A and AAAA records must lead to this machine, and port 80 must be open to the world"
_REACH_SERVER = "acme.directory must be right, and this machine must be allowed to connect to it by HTTPS"
_REFUSED = "the server's words say why; with a rate limit, wait, and try with its staging directory meanwhile"

Publish = Callable[[str, str], None]  # token, what is answered for it


class OrderFailed(Exception):
    """`str()` is one line; `retry_after` in seconds, 0 where the server did not say. `hint`: what the operator
    can do.
    """

    def __init__(self, reason: str, retry_after: int = 0, hint: str = "") -> None:
        super().__init__(clean_line(reason, 500))
        self.retry_after = retry_after
        self.hint = hint or "see the log; it is tried again by itself"


class Account(msgspec.Struct, frozen=True):
    """`key`: PKCS #8 PEM. `uri` empty: not registered yet, or at another server."""

    key: str
    uri: str = ""
    directory: str = ""


class Issued(msgspec.Struct, frozen=True):
    """PEM: the chain, and the certificate's key."""

    chain: bytes
    key: bytes
    account: Account


def new_key() -> bytes:
    """P-256, as PKCS #8 PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def order(directory: str, contact: str, account: Account | None, names: tuple[str, ...], publish: Publish) -> Issued:
    """A new certificate with a new key for `names`. Raises OrderFailed."""
    from acme import client, errors, messages
    from josepy.jwa import ES256
    from josepy.jwk import JWKEC

    account = account or Account(new_key().decode())
    key = new_key()
    try:
        net = client.ClientNetwork(
            JWKEC(key=serialization.load_pem_private_key(account.key.encode(), None)),
            alg=ES256,
            user_agent="emailgw",
            timeout=REQUEST_TIMEOUT,
        )
        server = client.ClientV2(client.ClientV2.get_directory(directory, net), net)
        account = _registered(server, account, directory, contact)
        wanted = server.new_order(_request(names, key))
        for authorization in wanted.authorizations:
            if authorization.body.status != messages.STATUS_VALID:
                _answer(server, authorization, publish)
        # The library compares with local time without a zone.
        deadline = datetime.datetime.now() + datetime.timedelta(seconds=DEADLINE)
        chain = server.poll_and_finalize(wanted, deadline).fullchain_pem.encode()
    except errors.ValidationError as error:
        raise OrderFailed(f"validation failed: {_reasons(error)}", hint=_REACH_US) from error
    except messages.Error as error:
        raise OrderFailed(
            f"the server refuses: {error.code or error.typ}: {error.detail}", _pause(error), _REFUSED
        ) from error
    except errors.TimeoutError as error:
        raise OrderFailed("the server did not finish in time") from error
    except Exception as error:  # whatever the library or the network does, mail goes on
        raise OrderFailed(f"{type(error).__name__}: {error}", hint=_REACH_SERVER) from error
    _must_fit(chain, key, names)
    return Issued(chain, key, account)


def ask_when(directory: str, chain: bytes) -> int | None:
    """When the server wants the certificate renewed (ARI, RFC 9773), in milliseconds, anew each time within its window;
    None where it does not say or does not answer.
    """
    from acme import client

    try:
        net = client.ClientNetwork(user_agent="emailgw", timeout=REQUEST_TIMEOUT)
        at, _ = client.ClientV2(client.ClientV2.get_directory(directory, net), net).renewal_time(chain)
    except Exception:  # noqa: BLE001  (advice that does not come is none)
        return None
    return None if at is None else int(at.timestamp() * 1000)


def _registered(server: Any, account: Account, directory: str, contact: str) -> Account:
    """With the account's URI at this server; a key that is known there already stays what it is."""
    from acme import errors, messages

    if account.uri and account.directory == directory:
        server.net.account = messages.RegistrationResource(body=messages.Registration(), uri=account.uri)
        return account
    new = messages.NewRegistration.from_data(email=contact or None, terms_of_service_agreed=True)
    try:
        uri = server.new_account(new).uri
    except errors.ConflictError as error:
        uri = error.location
        server.net.account = messages.RegistrationResource(body=messages.Registration(), uri=uri)
    return Account(account.key, uri, directory)


def _answer(server: Any, authorization: Any, publish: Publish) -> None:
    from acme import challenges

    for challenge in authorization.body.challenges:
        if isinstance(challenge.chall, challenges.HTTP01):
            response, validation = challenge.response_and_validation(server.net.key)
            publish(challenge.chall.encode("token"), validation)
            server.answer_challenge(challenge, response)
            return
    raise OrderFailed(f"the server offers no http-01 challenge for {authorization.body.identifier.value}")


def _request(names: tuple[str, ...], key: bytes) -> bytes:
    built = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(_private(key), hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


def _must_fit(chain: bytes, key: bytes, names: tuple[str, ...]) -> None:
    """Raises OrderFailed for what no listener could use."""
    try:
        certificate = x509.load_pem_x509_certificate(chain)
        shown = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, x509.ExtensionNotFound) as error:
        raise OrderFailed(f"the server's certificate cannot be read: {error}") from error
    if certificate.public_key() != _private(key).public_key():
        raise OrderFailed("the server's certificate is for another key")
    missing = set(names) - set(shown.value.get_values_for_type(x509.DNSName))
    if missing:
        raise OrderFailed(f"the server's certificate does not name {', '.join(sorted(missing))}")


def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    loaded = serialization.load_pem_private_key(key, None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return loaded


def _reasons(error: Any) -> str:
    found = [
        f"{authorization.body.identifier.value}: {challenge.error.detail}"
        for authorization in error.failed_authzrs
        for challenge in authorization.body.challenges
        if challenge.error is not None
    ]
    return "; ".join(found) or json.dumps(str(error))


def _pause(error: Any) -> int:
    """A rate limit of such a server lasts hours; asking again soon only prolongs it."""
    return 6 * 3600 if error.code == "rateLimited" else 0
