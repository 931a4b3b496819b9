"""A `sitecustomize` for programs under test; never imported by a test."""
