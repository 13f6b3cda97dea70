"""Inboxes of named reporters and the live stream of agencies."""
