-- Suppressions of one list of a domain's mail ('' for all of it). The table is made anew, for its key changes.

CREATE TABLE suppressions_with_lists (
    id         TEXT PRIMARY KEY,
    address    TEXT NOT NULL,          -- lower case
    domain     TEXT NOT NULL,          -- the author domain it holds for; '' for the whole gateway
    reason     TEXT NOT NULL CHECK (reason IN ('manual', 'bounce', 'complaint', 'unsubscribe')),
    cause      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    list       TEXT NOT NULL DEFAULT '',  -- of that domain's mail; '' for all of it
    UNIQUE (address, domain, list),
    CHECK (list = '' OR domain <> '')
) WITHOUT ROWID;
INSERT INTO suppressions_with_lists (id, address, domain, reason, cause, created_at)
    SELECT id, address, domain, reason, cause, created_at FROM suppressions;
DROP TABLE suppressions;
ALTER TABLE suppressions_with_lists RENAME TO suppressions;
