"""What users write: plans, profiles and config files, in YAML or JSON, turned into values of core.

A file passes three doors. `documents` reads its text and remembers the line and column of each key and value;
`fields` and the models say what each key may hold; core's own constructors judge what belongs together. Each fault
becomes a `Problem` with its place, and all faults of a file are told at once.
"""
