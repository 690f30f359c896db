"""The examples are held to what they promise."""
