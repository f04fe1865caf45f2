"""A small ACME server (RFC 8555) for tests: it verifies every JWS and really fetches the challenge's URL.

with AcmeServer(challenge_port) as acme:
    ... program with acme.directory = acme.url ...
    acme.faults.append("badNonce")      # the next POSTs are refused so, one each
    acme.lifetime = timedelta(seconds=30)
"""

import datetime
import json
import secrets
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from josepy.b64 import b64decode, b64encode
from josepy.jwa import ES256
from josepy.jwk import JWK

PREFIX = "urn:ietf:params:acme:error:"
_STATUS = {"badNonce": 400, "rateLimited": 429, "serverInternal": 500, "malformed": 400, "unauthorized": 403}


class AcmeServer:
    """`challenge_port`: where http-01 is looked for, on loopback, whatever the name. `issued`: each chain's names."""

    def __init__(self, challenge_port: int) -> None:
        self.challenge_port = challenge_port
        self.lifetime = datetime.timedelta(days=90)
        self.started_ago = datetime.timedelta(hours=1)
        self.faults: list[str] = []
        self.window: tuple[datetime.datetime, datetime.datetime] | None = None  # of renewal, where it advises one
        self.issued: list[list[str]] = []
        self.posts: list[str] = []
        self.accounts: dict[str, Any] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.nonces: set[str] = set()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.get(self)

            def do_HEAD(self) -> None:
                server.get(self)

            def do_POST(self) -> None:
                server.post(self)

            def log_message(self, *_: object) -> None:
                pass

        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._httpd.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._httpd.server_port}"
        self.url = f"{self.base}/directory"

    def __enter__(self) -> Self:
        threading.Thread(target=self._httpd.serve_forever, name="acme server", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._httpd.shutdown()
        self._httpd.server_close()

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        if self.window is not None and handler.path.startswith("/advice/"):
            start, end = (one.isoformat().replace("+00:00", "Z") for one in self.window)
            self._reply(handler, 200, {"suggestedWindow": {"start": start, "end": end}})
            return
        names = {"newNonce": "nonce", "newAccount": "account", "newOrder": "order", "revokeCert": "revoke"}
        if self.window is not None:
            names["renewalInfo"] = "advice"
        self._reply(handler, 200, {name: f"{self.base}/{path}" for name, path in names.items()})

    def post(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        self.posts.append(handler.path)
        if self.faults:
            fault = self.faults.pop(0)
            self._refuse(handler, fault, "as the test wants it")
            return
        try:
            payload, key, kid = self._verified(body, f"{self.base}{handler.path}")
        except _Refused as refused:
            self._refuse(handler, refused.name, str(refused))
            return
        _, kind, *rest = handler.path.split("/")
        if kind == "account":
            thumbprint = key.thumbprint().hex()
            known = thumbprint in self.accounts
            self.accounts[thumbprint] = key
            if not (known or payload.get("termsOfServiceAgreed")):
                self._refuse(handler, "malformed", "agree first")
                return
            location = f"{self.base}/account/{thumbprint}"
            self._reply(handler, 200 if known else 201, {"status": "valid"}, {"Location": location})
        elif kid is None:
            self._refuse(handler, "malformed", "who are you?")
        elif kind == "order" and not rest:
            self._new_order(handler, payload)
        else:
            self._of_order(handler, kind, rest, payload, key)

    def _new_order(self, handler: BaseHTTPRequestHandler, payload: Any) -> None:
        id = secrets.token_hex(4)
        names = [one["value"] for one in payload["identifiers"]]
        tokens = {name: secrets.token_urlsafe(32) for name in names}
        self.orders[id] = {"names": names, "tokens": tokens, "status": dict.fromkeys(names, "pending"), "error": {}}
        self._reply(handler, 201, self._order(id), {"Location": f"{self.base}/order/{id}"})

    def _of_order(self, handler: BaseHTTPRequestHandler, kind: str, rest: list[str], payload: Any, key: Any) -> None:
        order = self.orders[rest[0]]
        up = {"Link": f'<{self.base}/authz/{"/".join(rest)}>;rel="up"'}
        if kind == "order":
            self._reply(handler, 200, self._order(rest[0]))
        elif kind == "authz":
            self._reply(handler, 200, self._authorization(rest[0], rest[1]))
        elif kind == "challenge":
            self._validate(order, rest[1], key)
            self._reply(handler, 200, self._challenge(rest[0], rest[1]), up)
        elif kind == "finalize":
            if set(order["status"].values()) != {"valid"}:
                self._refuse(handler, "unauthorized", "not yet")
                return
            request = x509.load_der_x509_csr(b64decode(payload["csr"]))
            order["chain"] = self._sign(request)
            self._reply(handler, 200, self._order(rest[0]))
        else:
            self._reply(handler, 200, order["chain"])

    def _validate(self, order: dict[str, Any], name: str, key: Any) -> None:
        token = order["tokens"][name]
        wanted = f"{token}.{b64encode(key.thumbprint()).decode()}"
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.challenge_port}/.well-known/acme-challenge/{token}", headers={"Host": name}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                found = response.read().decode().strip()
        except (urllib.error.URLError, OSError) as error:
            found = f"nothing: {error}"
        order["status"][name] = "valid" if found == wanted else "invalid"
        if found != wanted:
            order["error"][name] = {"type": f"{PREFIX}unauthorized", "detail": f"found {found[:60]}", "status": 403}

    def _sign(self, request: x509.CertificateSigningRequest) -> str:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.issued.append(names.get_values_for_type(x509.DNSName))
        start = datetime.datetime.now(datetime.UTC) - self.started_ago
        certificate = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(self._name)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + self.lifetime)
            .add_extension(names, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def _order(self, id: str) -> dict[str, Any]:
        order = self.orders[id]
        states = set(order["status"].values())
        status = "invalid" if "invalid" in states else "ready" if states == {"valid"} else "pending"
        shown = {
            "status": "valid" if "chain" in order else status,
            "identifiers": [{"type": "dns", "value": name} for name in order["names"]],
            "authorizations": [f"{self.base}/authz/{id}/{name}" for name in order["names"]],
            "finalize": f"{self.base}/finalize/{id}",
        }
        return {**shown, "certificate": f"{self.base}/certificate/{id}"} if "chain" in order else shown

    def _authorization(self, id: str, name: str) -> dict[str, Any]:
        return {
            "status": self.orders[id]["status"][name],
            "identifier": {"type": "dns", "value": name},
            "challenges": [self._challenge(id, name)],
        }

    def _challenge(self, id: str, name: str) -> dict[str, Any]:
        order = self.orders[id]
        error = order["error"].get(name)
        shown = {
            "type": "http-01",
            "url": f"{self.base}/challenge/{id}/{name}",
            "status": order["status"][name],
            "token": order["tokens"][name],
        }
        return {**shown, "error": error} if error else shown

    def _verified(self, body: bytes, url: str) -> tuple[Any, Any, str | None]:
        """Payload, account key and `kid`. Raises _Refused for what no server would take."""
        jws = json.loads(body)
        header = json.loads(b64decode(jws["protected"]))
        if header["nonce"] not in self.nonces:
            raise _Refused("badNonce", "unknown or used")
        self.nonces.discard(header["nonce"])
        kid = header.get("kid")
        key: Any = self.accounts.get(kid.rpartition("/")[2]) if kid else JWK.from_json(header["jwk"])
        if key is None or header["url"] != url or header["alg"] != "ES256":
            raise _Refused("malformed", "wrong key, URL or algorithm")
        signed = f"{jws['protected']}.{jws['payload']}".encode()
        public = key.key.public_key() if hasattr(key.key, "sign") else key.key
        if not ES256.verify(public, signed, b64decode(jws["signature"])):
            raise _Refused("malformed", "wrong signature")
        payload = b64decode(jws["payload"])
        return json.loads(payload) if payload else None, key, kid

    def _refuse(self, handler: BaseHTTPRequestHandler, name: str, detail: str) -> None:
        problem = {"type": f"{PREFIX}{name}", "detail": detail, "status": _STATUS[name]}
        self._reply(handler, _STATUS[name], problem, kind="application/problem+json")

    def _reply(
        self,
        handler: BaseHTTPRequestHandler,
        status: int,
        body: Any,
        headers: dict[str, str] | None = None,
        kind: str = "application/json",
    ) -> None:
        nonce = b64encode(secrets.token_bytes(12)).decode()
        self.nonces.add(nonce)
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/pem-certificate-chain" if isinstance(body, str) else kind)
        handler.send_header("Replay-Nonce", nonce)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(data)


class _Refused(Exception):
    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name
