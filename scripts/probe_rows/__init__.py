"""The isolation probe: what strangers get to see of a report, over HTTP and in the database."""
