"""JagaWarga: citizens report, the right agency hears of it, lateness climbs."""
