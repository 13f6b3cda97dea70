"""Starting with much history: a filled database, a real process on it, and somebody who asks all the while."""
