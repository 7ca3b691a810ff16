"""Where the service remembers: the food table on disk, estimates in Redis, a watched database."""
