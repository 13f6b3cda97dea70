"""The proof of concept as a narrated run: every sentence it says is checked on a real process."""
