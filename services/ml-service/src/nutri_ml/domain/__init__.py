"""What a meal text means. Imports neither `http` nor `store`: it is handed what it needs."""
