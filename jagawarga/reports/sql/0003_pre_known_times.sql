-- Times that every reader understands. One that is none of the calendar's takes every list that has it along: the driver
-- can not give a page with it. Rows that are there already are left as they are.
ALTER TABLE reports.report DROP CONSTRAINT IF EXISTS report_times_known;

ALTER TABLE reports.report ADD CONSTRAINT report_times_known CHECK (
    created_at BETWEEN '1970-01-01T00:00:00Z' AND '9000-01-01T00:00:00Z'
    AND level_since BETWEEN '1970-01-01T00:00:00Z' AND '9000-01-01T00:00:00Z'
    AND (due_at IS NULL OR due_at BETWEEN '1970-01-01T00:00:00Z' AND '9000-01-01T00:00:00Z')
) NOT VALID;

ALTER TABLE reports.history DROP CONSTRAINT IF EXISTS history_time_known;

ALTER TABLE reports.history ADD CONSTRAINT history_time_known
    CHECK (at BETWEEN '1970-01-01T00:00:00Z' AND '9000-01-01T00:00:00Z') NOT VALID;
