"""Replaying a city's old complaints through the public API, as if its citizens filed them now."""
