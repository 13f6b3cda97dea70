-- What the clock that runs has had its holder told; see `notices.py`. Statements that do not know the column leave it.
ALTER TABLE reports.report ADD COLUMN IF NOT EXISTS told bigint NOT NULL DEFAULT 0;

-- Every calendar a report was ever filed under, by the lasting reference in its terms. A definition never changes: its
-- digest is part of the reference.
CREATE TABLE IF NOT EXISTS reports.calendar (
    reference text NOT NULL,
    definition text NOT NULL,
    CONSTRAINT calendar_key PRIMARY KEY (reference)
);

GRANT SELECT, INSERT ON reports.calendar TO jagawarga_reports;
