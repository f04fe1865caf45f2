"""How a command gets its answer: from the running daemon, or from the store itself when none runs."""

import asyncio
import os
from pathlib import Path

import msgspec

from emailgw.config import Config, load
from emailgw.control.client import ask_daemon
from emailgw.control.requests import AnyRequest
from emailgw.errors import ConfigError

DEFAULT_CONFIG = "/etc/emailgw/emailgw.toml"


class Context:
    """What every command is given: where the configuration is."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.daemon_runs = False

    def config(self) -> Config:
        """Raises ConfigError."""
        if not self.path.exists():
            raise ConfigError(f"{self.path}: no such file; `emailgw -c {self.path} init` makes one")
        return load(self.path)

    def ask(self, request: AnyRequest) -> msgspec.Struct:
        """The answer; `daemon_runs` tells afterwards whose it was. Raises EmailgwError."""
        return asyncio.run(self._ask(request))

    async def _ask(self, request: AnyRequest) -> msgspec.Struct:
        config = self.config()
        answer = await ask_daemon(Path(config.data_dir), request)
        self.daemon_runs = answer is not None
        if answer is not None:
            return answer
        # Half of what the program takes to load, which a command that asked the daemon does not need.
        from emailgw.service.core import Core
        from emailgw.store.open import DATABASE_FILE

        data_dir = Path(config.data_dir)
        if not (data_dir / DATABASE_FILE).exists() and not os.access(data_dir.parent, os.W_OK):
            raise ConfigError(f"data_dir: {data_dir} does not exist and cannot be made by this user")
        core = await Core.open(config)
        try:
            return await core.operations(None).run(request)
        finally:
            await core.store.close()
