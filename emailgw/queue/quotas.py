"""How many recipients a key may send to in a day and in a month (both UTC). Called by `accept` before it stores.

Counted in memory, from the store when a key is first seen: a restart forgets nothing, and accepting costs no statement.
What is taken and then not stored (the disk failed) stays counted until the next start.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from emailgw.core.directory import ApiKey
from emailgw.core.ids import KeyId, uuid7_floor
from emailgw.errors import TooManyRequests
from emailgw.store.keys import ApiKeys


class _Used(msgspec.Struct):
    day: int = 0
    month: int = 0
    day_ends: int = 0
    month_ends: int = 0


class Quotas:
    """`daily`, `monthly`: recipients, for keys that say nothing else; 0 is no quota."""

    def __init__(self, keys: ApiKeys, daily: int, monthly: int) -> None:
        self._keys = keys
        self._daily = daily
        self._monthly = monthly
        self._used: dict[KeyId, _Used] = {}

    async def take(self, key: ApiKey, recipients: int, now: int) -> None:
        """Count `recipients` more. Raises TooManyRequests, and then none of them counts."""
        daily = self._daily if key.daily_quota is None else key.daily_quota
        monthly = self._monthly if key.monthly_quota is None else key.monthly_quota
        if not (daily or monthly):
            return
        used = self._used.get(key.id)
        if used is None:
            counted = await self._count(key, now)
            used = self._used.setdefault(key.id, counted)  # another request may have counted meanwhile
        if now >= used.day_ends:
            used.day, used.day_ends = 0, _end_of_day(now)
        if now >= used.month_ends:
            used.month, used.month_ends = 0, _end_of_month(now)
        if daily and used.day + recipients > daily:
            raise _exceeded("daily", daily, used.day, used.day_ends - now)
        if monthly and used.month + recipients > monthly:
            raise _exceeded("monthly", monthly, used.month, used.month_ends - now)
        used.day += recipients
        used.month += recipients

    async def _count(self, key: ApiKey, now: int) -> _Used:
        moment = _moment(now)
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        first = midnight.replace(day=1)
        month = await self._keys.count_recipients(key.id, uuid7_floor(int(first.timestamp() * 1000)))
        day = await self._keys.count_recipients(key.id, uuid7_floor(int(midnight.timestamp() * 1000)))
        return _Used(day, month, _end_of_day(now), _end_of_month(now))


def _exceeded(what: str, quota: int, used: int, left: int) -> TooManyRequests:
    return TooManyRequests(
        f"You have reached the {what} quota of this API key: {used} of {quota} recipients are used.",
        retry_after=max(1, left // 1000),
        name=f"{what}_quota_exceeded",
    )


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def _end_of_day(now: int) -> int:
    midnight = _moment(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((midnight + timedelta(days=1)).timestamp() * 1000)


def _end_of_month(now: int) -> int:
    first = _moment(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int((first + timedelta(days=32)).replace(day=1).timestamp() * 1000)
