"""The life of reports, one actor each."""
