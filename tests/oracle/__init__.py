"""The independent oracle: a slow, obvious reading of the specification in fractions.

It shares no function, table or constant with the product, so that it can judge the product's engine.
Where the specification is silent, each module lists its reading in `CHOICES`.
"""
