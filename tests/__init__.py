"""Tests, by feature; `tests/emulators` holds the local servers they run against."""
