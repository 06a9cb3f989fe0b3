"""The composition root: the only floor that knows every concrete class.

process.py   App: builds adapters and engine, owns their lifetimes and the signals
files.py     settings, mapping and schema files, read together
topics.py    for each topic: its schema, and its rules compiled against it
summary.py   what was done between two moments

**Rule**: it wires and owns lifetimes; what a record becomes is decided below.
"""
