"""A live monitor put together: what it reads, what it asks, and what operators ask of it."""
