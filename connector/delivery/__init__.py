"""The pure decisions of delivery: what may be committed, what may be sent now, what an answer means, what a dead letter says.

Five files of the house can lose, double or reorder an event; `ledger`, `ordering` and `offset_map` are three of them.
"""
