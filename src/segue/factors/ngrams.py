"""Short texts as vectors of their letters: titles that are spelled nearly alike are near each other."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.library.names import letters

SHORTEST, LONGEST = 2, 4  # letters of an n-gram, the blanks around a word among them
_WHOLE = "\0"  # before the text as a whole, which is a feature of its own


class NGrams:
    """Character n-grams within words, and the whole text, by TF-IDF; vectors have length 1.

    Case, accents and punctuation do not count (`library/names.py`). N-grams are kept as 32-bit hashes: among
    300,000 of them some ten are taken for another.

    Learned:
        grams_: (g,) uint32, rising.
        idf_: (g,) log((1 + n) / (1 + how many of the n texts have it)) + 1.
    """

    _learned = ("grams_", "idf_")
    grams_: NDArray[np.uint32]
    idf_: NDArray[np.float32]

    def fit(self, texts: Sequence[str]) -> NGrams:
        """Learn which n-grams there are, and how rare; returns self."""
        having = Counter(gram for text in texts for gram in _grams(text))
        self.grams_ = np.array(sorted(having), np.uint32)
        counts = np.array([having[int(gram)] for gram in self.grams_], np.float64)
        self.idf_ = (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32)
        return self

    def vectors(self, texts: Sequence[str]) -> csr_matrix:
        """(n, g) of length 1; a text of which no n-gram is known is a row of zeros."""
        found = [_grams(text) for text in texts]
        sizes = [len(each) for each in found]
        grams = np.array([gram for each in found for gram in each], np.uint32)
        counts = np.array([count for each in found for count in each.values()], np.float32)
        at = np.minimum(np.searchsorted(self.grams_, grams), max(len(self.grams_) - 1, 0))
        known = self.grams_[at] == grams if len(self.grams_) else np.zeros(len(grams), bool)
        rows = np.repeat(np.arange(len(texts)), sizes)[known]
        values = (1 + np.log(counts[known])) * self.idf_[at[known]]
        squares = np.bincount(rows, values.astype(np.float64) ** 2, minlength=len(texts))
        values /= np.sqrt(squares)[rows]
        shape = (len(texts), len(self.grams_))
        vectors = csr_matrix((values.astype(np.float32), (rows, at[known])), shape=shape)
        vectors.sort_indices()
        return vectors

    def state(self) -> dict[str, NDArray]:
        """What was learned."""
        return {name: getattr(self, name) for name in self._learned}

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray]) -> NGrams:
        """From what `state` gave."""
        grams = cls()
        for name in cls._learned:
            setattr(grams, name, arrays[name])
        return grams


def _grams(text: str) -> Counter[int]:
    """How often each n-gram is in a text."""
    plain = letters(text)
    found = Counter([zlib.crc32((_WHOLE + plain).encode())]) if plain else Counter()
    for word in plain.split():
        padded = f" {word} "
        for n in range(SHORTEST, LONGEST + 1):
            found.update(zlib.crc32(padded[at : at + n].encode()) for at in range(len(padded) - n + 1))
    return found
