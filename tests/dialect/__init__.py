"""Every statement of the application, held against what PostgreSQL and CockroachDB both take."""
