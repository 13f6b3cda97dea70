"""Attachments: what citizens upload, made harmless before it is stored, and stored so that the disk tells nothing."""
