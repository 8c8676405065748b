"""I13: no card number, and no other secret, leaves the engine in clear.

Rule. What the engine answers, raises, logs, stores or exports contains none of the secrets that were handed to it: the
full number of a card, alone, inside other text, or with blanks or hyphens between its digits, nor any other value that
the world has named (``Auditor.secret``).

Evidence. The texts themselves: answers but for what they repeat of their request, messages of exceptions and of their
causes, references and owners of the journal, statement lines, and what the world overhears (logs, stored rows, the
trace). A finding shows what kind of secret it was, and its last four characters.

No false alarm. Only whole secrets that were handed over are looked for; thirteen digits or more are not hit by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from simulators.auditor.words import when

if TYPE_CHECKING:
    from simulators.auditor.book import Book

SHORTEST = 8
"""Shorter values stand in many a text by chance."""
LONGEST_TEXT = 1_000_000
_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){7,}+")  # each run is tried once: most texts are full of short ones
_BETWEEN = re.compile(r"[ -]")


class Secrets:
    """What must not be seen, and where it was seen already."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}
        self._lengths: tuple[int, ...] = ()
        self._words: dict[str, str] = {}
        self._shortest = LONGEST_TEXT
        self._clean: set[str] = set()
        """Names without a secret: the same few stand in very many entries."""
        self._seen: set[tuple[str, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._numbers or self._words)

    def add(self, value: str, what: str) -> None:
        """Raises ValueError for a value too short to be told from chance."""
        if len(value) < SHORTEST:
            raise ValueError(f"a secret of {len(value)} characters ({what}) is too short to be looked for")
        self._shortest = min(self._shortest, len(value))
        self._clean.clear()
        if value.isdecimal():
            self._numbers[value] = what
            if len(value) not in self._lengths:  # there may be as many numbers as cards
                self._lengths = tuple(sorted((*self._lengths, len(value))))
        else:
            self._words[value] = what

    def within(self, text: str) -> Iterable[str]:
        """The secrets in a text."""
        for run in _DIGITS.findall(text):
            digits = _BETWEEN.sub("", run)
            for length in self._lengths:
                for start in range(len(digits) - length + 1):
                    if digits[start : start + length] in self._numbers:
                        yield digits[start : start + length]
        for word in self._words:
            if word in text:
                yield word

    def scan(self, book: Book, at_ns: int, where: str, text: str, ref: str = "") -> None:
        """Report each secret in a text, once for each place."""
        if len(text) < self._shortest:
            return
        for value in self.within(text[:LONGEST_TEXT]):
            if (where, value) in self._seen:
                continue
            self._seen.add((where, value))
            what = self._numbers.get(value) or self._words[value]
            book.found(
                "I13", at_ns, self.masked(ref), "",
                f"{what} stands in clear in {where}, seen at {when(at_ns)}; it ends in {value[-4:]}",
            )  # fmt: skip

    def scan_entry(self, book: Book, entry: Any) -> None:
        """The same for the texts of a journal entry."""
        if len(entry.ref) >= self._shortest:
            self.scan(book, entry.at_ns, "the journal", entry.ref, entry.ref)
        clean = self._clean
        for _, owner, _, _ in entry.postings:
            if owner not in clean:
                self.scan(book, entry.at_ns, "the journal", owner, entry.ref)
                if not any(self.within(owner)):
                    clean.add(owner)

    def error(self, book: Book, at_ns: int, error: BaseException) -> None:
        """The message of an exception, with those of its causes."""
        if not self:
            return
        told, left = [], [error]
        while left and len(told) < 10:
            one = left.pop()
            told.append(f"{one!r} {one} {getattr(one, '__notes__', '')}")
            left += [cause for cause in (one.__cause__, one.__context__) if cause is not None]
        self.scan(book, at_ns, f"the message of {type(error).__name__}", " ".join(told))

    def masked(self, text: str) -> str:
        """A text without its secrets."""
        for value in self.within(text):
            text = text.replace(value, "*" * (len(value) - 4) + value[-4:])
        return text
