"""A simulated identity provider: a real HTTP service over invented people. It knows nothing of our accounts."""
