"""Holds every answer of a gateway against the description that it serves, while tests of something else run."""

import json
import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from emailgw.api.app import plain_path


def pattern_of(path: str, operations: Any) -> re.Pattern[str]:
    """What a described path serves."""
    with_slashes = any("x-slashes" in parameter for one in operations.values() for parameter in one["parameters"])
    return re.compile(re.sub(r"\\\{\w+\\\}", ".+" if with_slashes else "[^/]+", re.escape(path)))


# What Resend's PHP client throws an exception for; any other name is success to it (contracts 0.4 and 2.2).
KNOWN_NAMES = """
    application_error concurrent_idempotent_requests daily_quota_exceeded internal_server_error invalid_access
    invalid_api_key invalid_attachment invalid_from_address invalid_idempotency_key invalid_idempotent_request
    invalid_parameter invalid_region method_not_allowed missing_api_key missing_required_field monthly_quota_exceeded
    not_found rate_limit_exceeded restricted_api_key security_error validation_error
"""


def keep_the_rules(response: httpx.Response, said: str) -> None:
    """What clients that no test calls rely on: Ruby's, PHP's and Go's (contracts 0)."""
    assert response.status_code != 204, said
    if response.headers.get("content-type", "").startswith("application/json") and response.request.method != "HEAD":
        body = response.json()
        if response.status_code < 400:
            assert "statusCode" not in body, said
        elif "statusCode" in body or response.status_code != 503:  # but for `/healthz`
            assert body["statusCode"] == response.status_code, said
            assert body["name"] in KNOWN_NAMES.split(), said
            assert body["message"], said
    if response.status_code == 429:
        assert int(response.headers["retry-after"]) > 0, said


class Judge:
    """`watch` is a hook of an `httpx.Client`: it raises AssertionError for an answer that is not described."""

    def __init__(self, description: Any) -> None:
        self.description = description
        self._paths = [
            (pattern_of(path, operations), operations)
            # A path that is a word goes before one that has it as a parameter.
            for path, operations in sorted(description["paths"].items(), key=lambda pair: pair[0].count("{"))
        ]
        self._validator = cache(self._make_validator)
        self.watched = 0

    @classmethod
    def of(cls, url: str) -> "Judge":
        return cls(httpx.get(f"{url}/openapi.json", timeout=30).raise_for_status().json())

    def watch(self, response: httpx.Response) -> None:
        response.read()
        request = response.request
        said = f"{request.method} {request.url.path} → {response.status_code}: {response.text[:1000]}"
        operation = self._operation(request.method, plain_path(request.url.path))
        media = response.headers.get("content-type", "").partition(";")[0]
        if operation is None:
            assert response.status_code in (400, 404, 405), said
            schema: Any = {"$ref": "#/components/schemas/ErrorBody"}
        else:
            answer = operation["responses"].get(str(response.status_code))
            assert answer is not None, f"status not described: {said}"
            assert media in answer["content"], f"media type not described: {said}"
            schema = answer["content"][media]["schema"]
        if media == "application/json":
            errors = [error.message for error in self._validator(json.dumps(schema)).iter_errors(response.json())]
            assert errors == [], f"{errors} in {said}"
        keep_the_rules(response, said)
        self.watched += 1

    def _operation(self, method: str, path: str) -> Any:
        """None for what is not described; the first path that fits, as the server tries them."""
        fitting = [operations for pattern, operations in self._paths if pattern.fullmatch(path)]
        return next((operations[method.lower()] for operations in fitting if method.lower() in operations), None)

    def _make_validator(self, schema: str) -> Any:
        return jsonschema_rs.Draft202012Validator(
            {**json.loads(schema), "components": self.description["components"]}, validate_formats=True
        )
