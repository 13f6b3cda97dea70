"""Who is who, and who is asking."""
