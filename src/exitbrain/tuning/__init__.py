"""Many configurations: which to try, in which pieces, and whether the best of them is more than luck."""
