"""Figures: a reader of the event log that counts it, and the counts by periods, domains and tags.

Counting is done by the database, a step of the log at a time, in one transaction with the reader's position: each event
counts once, whatever happens. So accepting and delivering pay nothing, and a question costs the same at a thousand
events and at a hundred million.
"""

import asyncio

from emailgw.core.figures import DELAY, FIRST_CLICKED, FIRST_OPENED, HALF_HOUR, FiguresFilter, FiguresLine
from emailgw.store.events import EventLog
from emailgw.store.messages import show_tag, tag_key
from emailgw.store.verb import Database, Parameters, Statement, Value, Verb

READER = "figures"
STEP = 2_000  # events counted in one transaction, at 2 to 5 us each
MOST_TAGS = 2_000  # that are counted: tags are for kinds of mail, and whoever tags each message with an id needs no sum
MOST_STEPS = 100  # that a question waits for

_STEP = "e.id > :low AND e.id <= :high"
# Booleans of a detail are written when they are true; a quote within a text is escaped, so no text looks like one.
_BY_MACHINE = "e.detail LIKE '%\"machine\":true%'"
_TOLD_AGAIN = "(e.type = 'delivered' AND e.detail LIKE '%\"source\":\"dsn\"%')"  # delivered was counted before
_NAME = f"CASE WHEN e.type IN ('opened', 'clicked') AND {_BY_MACHINE} THEN 'machine_' || e.type ELSE e.type END"
_FIRST = (
    f"CASE e.type WHEN 'opened' THEN '{FIRST_OPENED}' ELSE '{FIRST_CLICKED}' END",
    f"e.type IN ('opened', 'clicked') AND NOT {_BY_MACHINE} AND NOT EXISTS (SELECT 1 FROM events p WHERE "
    "p.message_id = e.message_id AND p.recipient_id = e.recipient_id AND p.type = e.type AND p.id < e.id AND "
    f"NOT {_BY_MACHINE.replace('e.', 'p.')})",
)
_ALL = "events e LEFT JOIN messages m ON m.id = e.message_id"
_TAGGED = (
    "events e JOIN messages m ON m.id = e.message_id JOIN message_tags t ON t.message_id = e.message_id "
    "JOIN figure_tags f ON f.tag = t.tag"
)


_HALF_HOUR = f"e.at - e.at % {HALF_HOUR}"
_BOUND = "(SELECT max(b.bound) FROM figure_bounds b WHERE b.bound <= max(0, e.at - m.date))"
# (tag, tables, name, class of delay, condition) of all that is counted.
_THINGS = tuple(
    (tag, tables, *thing)
    for tag, tables in (("''", _ALL), ("t.tag", _TAGGED))
    for thing in (
        (_NAME, "0", f"NOT {_TOLD_AGAIN}"),
        (_FIRST[0], "0", _FIRST[1]),
        (f"'{DELAY}'", _BOUND, f"e.type = 'delivered' AND NOT {_TOLD_AGAIN} AND m.id IS NOT NULL"),
    )
)
_COUNTS = (
    f"INSERT INTO figure_tags SELECT DISTINCT t.tag FROM events e JOIN message_tags t ON t.message_id = e.message_id "
    f"WHERE {_STEP} AND (SELECT count(*) FROM figure_tags) < {MOST_TAGS} ON CONFLICT (tag) DO NOTHING",
    *(
        "INSERT INTO figures (tag, half_hour, domain, name, bound, count) "
        f"SELECT {tag}, {_HALF_HOUR}, e.domain, {name}, {bound}, count(*) FROM {tables} "
        f"WHERE {_STEP} AND {condition} GROUP BY 1, 2, 3, 4, 5 "
        "ON CONFLICT (tag, half_hour, domain, name, bound) DO UPDATE SET count = figures.count + excluded.count"
        for tag, tables, name, bound, condition in _THINGS
    ),
)
# One message has so few events that they are counted when somebody asks.
_OF_MESSAGE = " UNION ALL ".join(
    f"SELECT {tag} AS tag, {_HALF_HOUR} AS half_hour, e.domain AS domain, {name} AS name, {bound} AS bound, 1 AS count "
    f"FROM {tables} WHERE e.message_id = :message AND {condition}"
    for tag, tables, name, bound, condition in _THINGS
)


class Figures:
    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log
        self._counting = asyncio.Lock()  # two steps from one position would count twice

    async def catch_up(self, steps: int = MOST_STEPS) -> bool:
        """Count what happened since; whether nothing is left. Raises StoreUnavailable."""
        async with self._counting:
            head = await self._log.head()
            position = await self._log.position(READER)
            for _ in range(steps):
                if position >= head:
                    return True
                low, position = position, min(head, position + STEP)
                within: Parameters = {"low": low, "high": position}
                await self._log.advance(READER, position, [Statement(sql, within) for sql in _COUNTS])
            return position >= head

    async def lines(self, wanted: FiguresFilter) -> list[FiguresLine]:
        """Of each period (and domain, and tag) in which anything happened."""
        parameters: dict[str, Value] = {}
        periods: list[str] = []
        for number, (low, high) in enumerate(wanted.periods):
            periods.append(f"({number}, :low{number}, :high{number})")
            parameters |= {f"low{number}": low, f"high{number}": high}
        conditions = ["f.half_hour >= p.low", "f.half_hour < p.high"]
        counted = "figures f"
        if wanted.message is not None:
            counted = f"({_OF_MESSAGE}) AS f"
            parameters["message"] = wanted.message
        tables = f"periods p JOIN {counted}"
        if wanted.by_tag and wanted.tag is None:
            tables = f"periods p JOIN figure_tags g JOIN {counted} ON f.tag = g.tag"
            conditions.append("g.tag NOT LIKE '*:%'")  # with their values: by name alone they would count twice
        else:
            conditions.append("f.tag = :tag")
            parameters["tag"] = tag_key(*wanted.tag) if wanted.tag else ""
        if wanted.domains:
            names = {f"domain{number}": domain for number, domain in enumerate(wanted.domains)}
            parameters |= names
            conditions.append(f"f.domain IN ({', '.join(f':{name}' for name in names)})")
        domain = "f.domain" if wanted.by_domain else "''"
        tag = "f.tag" if wanted.by_tag else "''"
        sql = (
            f"WITH periods (number, low, high) AS (VALUES {', '.join(periods)}) "
            f"SELECT p.number, {domain}, {tag}, f.name, f.bound, sum(f.count) FROM {tables} "
            f"WHERE {' AND '.join(conditions)} GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3"
        )
        found: dict[tuple[int, str, str], tuple[dict[str, int], dict[int, int]]] = {}
        for period, domain_name, key, name, bound, count in await self._database.read(sql, parameters):
            place = (int(period or 0), str(domain_name), show_tag(str(key)))
            counts, delays = found.setdefault(place, ({}, {}))
            if name == DELAY:
                delays[int(bound or 0)] = int(count or 0)
            else:
                counts[str(name)] = int(count or 0)
        return [FiguresLine(*place, counts, delays) for place, (counts, delays) in found.items()]

    async def forget(self, before: int) -> None:
        """Figures of half hours that began before this time, and tags that nothing is counted for any more."""
        within: Parameters = {"before": before}
        forget = Statement("DELETE FROM figures WHERE half_hour < :before", within)
        tags = Statement("DELETE FROM figure_tags WHERE tag NOT IN (SELECT DISTINCT tag FROM figures)", {})
        await self._database.write(Verb((forget, tags), durable=False))
