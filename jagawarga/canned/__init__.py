"""Texts an agency keeps because its officers say them again and again."""
