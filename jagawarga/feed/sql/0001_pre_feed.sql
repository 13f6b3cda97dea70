-- The feed context: who supports and follows which public report. The reports themselves are not here.
CREATE SCHEMA IF NOT EXISTS feed;

-- `voter` is a keyed digest of person and report together: no two rows of the same person are alike.
CREATE TABLE IF NOT EXISTS feed.vote (
    report_id uuid NOT NULL,
    voter bytea NOT NULL,
    CONSTRAINT vote_key PRIMARY KEY (report_id, voter)
);

-- A follower is told in their inbox, so this one knows the pseudonym.
CREATE TABLE IF NOT EXISTS feed.follow (
    follower text NOT NULL,
    report_id uuid NOT NULL,
    CONSTRAINT follow_key PRIMARY KEY (follower, report_id)
);

CREATE INDEX IF NOT EXISTS follow_report ON feed.follow (report_id, follower);

GRANT USAGE ON SCHEMA feed TO jagawarga_feed;

GRANT SELECT, INSERT, DELETE ON feed.vote, feed.follow TO jagawarga_feed;
