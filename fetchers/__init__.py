"""Sources of records: what a worker process runs, and the types that travel from it to the screen."""
