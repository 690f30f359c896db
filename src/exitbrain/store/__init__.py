"""Runs and what they hold, kept: SQLite by default, PostgreSQL by URL."""
