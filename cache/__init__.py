"""What outlives a session: final records and the last answer of every scope."""
