"""The functions that the .wit exports, as methods; there `count_words` is written `count-words`."""

import wit_world
from componentize_py_types import Err


class WitWorld(wit_world.WitWorld):
    def count_words(self, text: str, distinct: bool | None) -> int:
        words = text.split()
        if not words:
            # The `err` of the function's result: an error that the model reads.
            raise Err("`text` has no words in it")
        return len(set(words) if distinct else words)
