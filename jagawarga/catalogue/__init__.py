"""Agencies, categories, areas, and the routes between them: read from memory, changed by operators."""
