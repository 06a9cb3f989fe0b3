"""From bytes to what a record becomes.

interpreter.py   wire format, schema by topic and id, the plan applied
reader.py        a writer's schema, ready to decode with
hazards.py       what in a schema decides how it can be decoded
"""

from connector.adapters.decoding.interpreter import Decoding, TopicDecoding
from connector.adapters.decoding.reader import reader

__all__ = ["Decoding", "TopicDecoding", "reader"]
