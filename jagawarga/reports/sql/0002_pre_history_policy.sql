-- An agency reads the history of the one report its unit of work has just seen under the policy of report itself; the
-- query `report_for_agency` says which, until the end of its transaction. Not a query within the policy: CockroachDB
-- takes none. Nothing said (NULL) shows nothing.
DROP POLICY IF EXISTS history_agency ON reports.history;

CREATE POLICY history_agency ON reports.history FOR SELECT TO jagawarga_agency
    USING (current_setting('jagawarga.report', true) = report_id::text);
