-- How grave a category of operators is: rules of the policy may ask for it.
ALTER TABLE catalogue.category ADD COLUMN IF NOT EXISTS severity text NOT NULL DEFAULT 'normal';

ALTER TABLE catalogue.category DROP CONSTRAINT IF EXISTS category_severity_known;

ALTER TABLE catalogue.category ADD CONSTRAINT category_severity_known CHECK (severity IN ('low', 'normal', 'high'));
