"""An example client of the API, to be copied: `client`, `events` and `answers` need httpx and nothing of JagaWarga."""
