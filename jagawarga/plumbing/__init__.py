"""What all contexts stand on: the door to asyncio, database, bus, keys, logs, metrics."""
