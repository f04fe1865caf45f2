"""The unmodified npm package `resend`, driven from Python: one Node process, a line of JSON for each call."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Self

from tests.harness.need import missing, need

ROOT = Path(__file__).parent.parent.parent
MODULES = ROOT / ".work" / "peers" / "node" / "node_modules"
DRIVER = ROOT / "tests" / "node" / "driver.cjs"


class NodeResend:
    """`url` is given as users give it, in RESEND_BASE_URL."""

    def __init__(self, url: str, key: str) -> None:
        node = need("node")
        if not (MODULES / "resend").exists():
            missing("npm's `resend` is not installed; `make peers` installs it where npm is")
        self.called: set[str] = set()
        environment = {**os.environ, "NODE_PATH": str(MODULES), "RESEND_BASE_URL": url, "RESEND_API_KEY": key}
        self._process = subprocess.Popen(
            [node, str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)

    def methods(self, resource: str) -> set[str]:
        return {f"{resource}.{name}" for name in self._ask({"list": resource})["data"]}

    def call(self, method: str, *args: Any, then: str | None = None) -> Any:
        """The data of a call that must succeed."""
        result = self._call(method, args, then)
        assert result["error"] is None, result
        return result["data"]

    def refusal(self, method: str, *args: Any) -> Any:
        """The error of a call that must fail."""
        result = self._call(method, args, None)
        assert result["data"] is None, result
        return result["error"]

    def thrown(self, method: str, *args: Any) -> str:
        """What a call throws, which must."""
        self.called.add(method)
        text: str = self._ask({"call": method, "args": args})["thrown"]
        return text

    def verified(self, payload: str, headers: dict[str, str], secret: str) -> Any:
        """What `resend.webhooks.verify` makes of a webhook. Raises ValueError when it refuses it."""
        self.called.add("webhooks.verify")
        question = {"payload": payload, "headers": headers, "webhookSecret": secret}
        answer = self._ask({"call": "webhooks.verify", "args": [question]})
        if "thrown" in answer:
            raise ValueError(answer["thrown"])
        return answer

    def _call(self, method: str, args: tuple[Any, ...], then: str | None) -> Any:
        self.called.add(method)
        if then:
            self.called.add(f"{method.partition('.')[0]}.{then}")
        result = self._ask({"call": method, "args": args, "then": then})
        assert "thrown" not in result, result["thrown"]
        return result

    def _ask(self, request: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
