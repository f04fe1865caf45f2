"""Open the store of a data directory: lock, schema, database, and the three classes that speak for it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from emailgw.store.deliveries import Deliveries
from emailgw.store.directory import Directory
from emailgw.store.events import EventLog
from emailgw.store.figures import Figures
from emailgw.store.history import History
from emailgw.store.idempotency import Idempotency
from emailgw.store.lock import DirectoryLock
from emailgw.store.messages import Messages
from emailgw.store.presence import Presence
from emailgw.store.queue import Queue
from emailgw.store.received import ReceivedMail
from emailgw.store.reports import Reports
from emailgw.store.schema import prepare
from emailgw.store.sqlite import SQLiteDatabase, Watch
from emailgw.store.suppressions import Suppressions
from emailgw.store.templates import Templates
from emailgw.store.visits import Visits
from emailgw.store.webhooks import Webhooks

DATABASE_FILE = "emailgw.db"


class Store:
    """The open store. Close it, or the lock stays taken until the process ends."""

    def __init__(self, database: SQLiteDatabase, lock: DirectoryLock, suppressed: Presence | None = None) -> None:
        self._database = database
        self._lock = lock
        self.queue = Queue(database)
        self.directory = Directory(database)
        self.history = History(database)
        self.events = EventLog(database)
        self.received = ReceivedMail(database, self.queue)
        self.figures = Figures(database, self.events)
        self.messages = Messages(database)
        self.idempotency = Idempotency(database)
        self.reports = Reports(database)
        self.suppressions = Suppressions(database, suppressed)
        self.templates = Templates(database)
        self.webhooks = Webhooks(database)
        self.deliveries = Deliveries(database)
        self.visits = Visits(database)

    async def close(self) -> None:
        await self._database.close()
        self._lock.release()


async def open_store(data_dir: Path, on_failure: Callable[[str], None] | None = None) -> Store:
    """Raises Locked when another process owns the data directory, StoreUnavailable when it can't be used."""
    lock = DirectoryLock.take(data_dir)
    try:
        path = data_dir / DATABASE_FILE
        await asyncio.to_thread(prepare, path)
        suppressed = Presence()
        watch = Watch("suppressions", "address", suppressed.add)
        return Store(await SQLiteDatabase.open(path, on_failure=on_failure, watches=(watch,)), lock, suppressed)
    except BaseException:
        lock.release()
        raise
