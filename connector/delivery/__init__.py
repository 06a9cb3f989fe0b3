"""The pure decisions of delivery: what may be committed, what may be sent now, what an answer means, what a dead letter says.

    ledger.py         which offset may be committed
    offset_map.py     what is settled beyond it, as text in the commit's metadata
    ordering.py       which event may be sent now
    verdict.py        what an answer, or the lack of one, means
    retry.py          what is done about it
    backpressure.py   which partitions are paused while memory is full
    envelope.py       the headers of a dead letter

**Rule**: pure. The clock and chance are arguments, and nothing is sent, written or told here. The first three can lose, double or
reorder an event (`connector` names all five files that can).
"""
