"""Short texts as vectors of their letters: titles that are spelled nearly alike are near each other."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from segue.factors.decades import words

SHORTEST, LONGEST = 2, 4  # letters of an n-gram, the blanks around a word among them
WORD = 16.0  # length of a word's vector, in the mean square of what its n-grams weigh
_WHOLE = "\0"  # before the text as a whole, which is a feature of its own


class NGrams:
    """Character n-grams within words, and the whole text, by TF-IDF; vectors have length 1.

    Case, accents and punctuation do not count (`library/names.py`), and a decade is one word however it is
    written (`decades.py`). A word weighs by how rare its n-grams are and not by how many it has: "90s" tells
    as much of "90s workout" as "workout" does. N-grams are kept as 32-bit hashes: among 300,000 of them some
    ten are taken for another.

    Learned:
        grams_: (g,) uint32, rising.
        idf_: (g,) log((1 + n) / (1 + how many of the n texts have it)) + 1.
    """

    _learned = ("grams_", "idf_")
    grams_: NDArray[np.uint32]
    idf_: NDArray[np.float32]

    def fit(self, texts: Sequence[str]) -> NGrams:
        """Learn which n-grams there are, and how rare; returns self."""
        having = Counter(gram for text in texts for gram in set().union(*_parts(text)))
        self.grams_ = np.array(sorted(having), np.uint32)
        counts = np.array([having[int(gram)] for gram in self.grams_], np.float64)
        self.idf_ = (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32)
        return self

    def vectors(self, texts: Sequence[str]) -> csr_matrix:
        """(n, g) of length 1; a text of which no n-gram is known is a row of zeros."""
        parts = [(row, part) for row, text in enumerate(texts) for part in _parts(text)]
        row_of = np.array([row for row, _ in parts], np.int64)
        size = np.array([len(part) for _, part in parts], np.int64)
        of = np.repeat(np.arange(len(parts)), size)
        grams = np.array([gram for _, part in parts for gram in part], np.uint32)
        counts = np.array([count for _, part in parts for count in part.values()], np.float64)
        # A gram beyond the last one would be out of range; that it is another one is seen on the next line.
        at = np.minimum(np.searchsorted(self.grams_, grams), max(len(self.grams_) - 1, 0))
        known = self.grams_[at] == grams if len(self.grams_) else np.zeros(len(grams), bool)
        # What is not known is as rare as can be, so that of a word of which little is known little is left.
        idf = np.where(known, self.idf_[at], self.idf_.max(initial=1.0)) if len(self.idf_) else counts
        values = (1 + np.log(counts)) * idf
        whole = size == 1  # a word has three n-grams or more
        values *= np.where(whole, 1.0, WORD / np.sqrt(size))[of]
        rows, at, values = row_of[of][known], at[known], values[known]
        shape = (len(texts), len(self.grams_))
        vectors = csr_matrix((values, (rows, at)), shape=shape)  # what several words have is added up
        vectors.sort_indices()
        length = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
        vectors.data /= np.repeat(length, np.diff(vectors.indptr))
        return vectors.astype(np.float32)

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


def _parts(text: str) -> list[Counter[int]]:
    """How often each n-gram is in each word of a text, and the whole as one more part."""
    said = words(text)
    found = [Counter([zlib.crc32((_WHOLE + " ".join(said)).encode())])] if said else []
    for word in said:
        padded = f" {word} "
        found.append(
            Counter(
                zlib.crc32(padded[at : at + n].encode())
                for n in range(SHORTEST, LONGEST + 1)
                for at in range(len(padded) - n + 1)
            )
        )
    return found
