-- Schema version 11, SQLite. Figures: what happened, counted from the event log by half hours, author domains and tags.

CREATE TABLE figures (
    tag       TEXT NOT NULL,           -- as message_tags has it; '' counts all mail, whatever its tags
    half_hour INTEGER NOT NULL,        -- its beginning
    domain    TEXT NOT NULL,
    name      TEXT NOT NULL,           -- what is counted (store/figures.py)
    bound     INTEGER NOT NULL,        -- for 'delay' one of figure_bounds, else 0
    count     INTEGER NOT NULL,
    PRIMARY KEY (tag, half_hour, domain, name, bound)
) WITHOUT ROWID;

CREATE TABLE figure_tags (             -- the tags that are counted: as many as there is room for, first come
    tag TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE figure_bounds (           -- where classes of delays begin, in milliseconds: each an eighth wider, to 60 days
    bound INTEGER PRIMARY KEY
);
WITH RECURSIVE bounds (bound) AS (
    SELECT 0 UNION ALL SELECT bound + max(1, bound / 8) FROM bounds WHERE bound < 5184000000
)
INSERT INTO figure_bounds SELECT bound FROM bounds;
