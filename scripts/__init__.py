"""Programs around JagaWarga."""
