-- The whole life-cycle. Who holds a report is the last of its authorities, reckoned for the queues; `past` (JSON) is what
-- of its course still counts; `assignee` is an officer's pseudonym. Statements that do not know the columns leave them.
ALTER TABLE reports.report ADD COLUMN IF NOT EXISTS holder text
    GENERATED ALWAYS AS (authorities[array_length(authorities, 1)]) STORED;

ALTER TABLE reports.report ADD COLUMN IF NOT EXISTS assignee text;

ALTER TABLE reports.report ADD COLUMN IF NOT EXISTS past text;

ALTER TABLE reports.report ADD COLUMN IF NOT EXISTS satisfaction int;

ALTER TABLE reports.report DROP CONSTRAINT IF EXISTS report_status_known;

ALTER TABLE reports.report ADD CONSTRAINT report_status_known CHECK (
    status IN (
        'received', 'acknowledged', 'in_progress', 'waiting_for_reporter', 'escalated', 'resolved', 'reopened', 'closed',
        'rejected', 'withdrawn'
    )
) NOT VALID;

-- What is resolved has a clock now: it closes by itself.
ALTER TABLE reports.report DROP CONSTRAINT IF EXISTS report_ended_has_no_clock;

ALTER TABLE reports.report DROP CONSTRAINT IF EXISTS report_over_has_no_clock;

ALTER TABLE reports.report ADD CONSTRAINT report_over_has_no_clock
    CHECK (due_at IS NULL OR status NOT IN ('closed', 'rejected', 'withdrawn')) NOT VALID;

ALTER TABLE reports.report DROP CONSTRAINT IF EXISTS report_satisfaction_known;

ALTER TABLE reports.report ADD CONSTRAINT report_satisfaction_known
    CHECK (satisfaction IS NULL OR satisfaction BETWEEN 1 AND 5) NOT VALID;

-- Reports with an actor, the most urgent first.
CREATE INDEX IF NOT EXISTS report_alive ON reports.report (due_at, report_id)
    WHERE status NOT IN ('closed', 'rejected', 'withdrawn');

DROP INDEX IF EXISTS reports.report_open;

-- The queues of those who have to act.
CREATE INDEX IF NOT EXISTS report_queue ON reports.report (holder, due_at, report_id)
    WHERE status NOT IN ('resolved', 'closed', 'rejected', 'withdrawn');
