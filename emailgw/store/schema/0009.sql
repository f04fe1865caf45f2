-- Mail that is received for people and programs: who wants it, what came, and what came just now already.

CREATE TABLE receiving_rules (
    id         TEXT PRIMARY KEY,
    local      TEXT NOT NULL,          -- lower case, or '*'
    domain     TEXT NOT NULL,
    action     TEXT NOT NULL CHECK (action IN ('store', 'forward', 'both')),
    forward_to TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (domain, local)
) WITHOUT ROWID;

CREATE TABLE received (
    id           TEXT PRIMARY KEY,
    domain       TEXT NOT NULL,
    at           INTEGER NOT NULL,
    client       TEXT NOT NULL,
    reverse_path TEXT NOT NULL,
    recipients   TEXT NOT NULL,        -- JSON: addresses
    size         INTEGER NOT NULL,
    summary      TEXT NOT NULL         -- JSON of core.receiving.Summary
) WITHOUT ROWID;
CREATE INDEX received_domain ON received (domain);

CREATE TABLE received_raw (            -- apart, so that a list does not read it
    id  TEXT PRIMARY KEY,
    raw BLOB NOT NULL
);

CREATE TABLE received_digests (        -- by which the same message from the same client is known again
    digest BLOB PRIMARY KEY,
    at     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX received_digests_at ON received_digests (at);
