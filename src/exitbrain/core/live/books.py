"""The books of all keys as a value: putting one in makes new books, and copies a page of them instead of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exitbrain.core.live.book import Book

PAGE = 64
_NOWHERE = 1 << 62


class Books(Mapping[str, "Book"]):
    """In the order in which keys came. Never changed: `put` gives the next."""

    __slots__ = ("_count", "_pages", "_places")

    def __init__(self, books: Mapping[str, Book] | None = None) -> None:
        held = list((books or {}).items())
        self._count = len(held)
        self._places = {key: place for place, (key, _) in enumerate(held)}
        self._pages = tuple(tuple(book for _, book in held[at : at + PAGE]) for at in range(0, len(held), PAGE))

    def put(self, book: Book) -> Books:
        made = Books.__new__(Books)
        place = self._places.get(book.key, _NOWHERE)
        made._places, made._count = self._places, self._count
        if place >= self._count:
            # Places are shared with those made before, which see nothing beyond their own count.
            if len(self._places) != self._count:
                made._places = dict(list(self._places.items())[: self._count])
            made._places[book.key] = place = self._count
            made._count += 1
        page, at = divmod(place, PAGE)
        old = self._pages[page] if page < len(self._pages) else ()
        made._pages = (*self._pages[:page], (*old[:at], book, *old[at + 1 :]), *self._pages[page + 1 :])
        return made

    def all(self) -> Iterator[Book]:
        for page in self._pages:
            yield from page

    def unlike(self, before: Books) -> Iterator[tuple[Book | None, Book]]:
        """Books that are other objects than before, each beside the one it was: pages that both share are passed over."""
        if before._places is not self._places:
            yield from ((before.get(key), book) for key, book in self.items() if before.get(key) is not book)
            return
        for number, page in enumerate(self._pages):
            old = before._pages[number] if number < len(before._pages) else ()
            if old is not page:
                for at, book in enumerate(page):
                    was = old[at] if at < len(old) else None
                    if was is not book:
                        yield was, book

    def __getitem__(self, key: str) -> Book:
        place = self._places.get(key, _NOWHERE)
        if place >= self._count:
            raise KeyError(key)
        page, at = divmod(place, PAGE)
        return self._pages[page][at]

    def __iter__(self) -> Iterator[str]:
        for book in self.all():
            yield book.key

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]
