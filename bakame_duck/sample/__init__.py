"""Write sample logs from a seeded model of the service."""
