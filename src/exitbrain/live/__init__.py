"""The live monitor around `core.live`: what is decided is on disk before it goes out."""
