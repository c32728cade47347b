"""A Merkle tree as RFC 6962 shapes it: one hash for many, and a short proof that something is among them."""

import hashlib
from collections.abc import Sequence

LEAF, NODE = b"\x00", b"\x01"  # A leaf cannot pass for a node, nor a node for a leaf.


def leaf(content: bytes) -> bytes:
    """The hash of one thing in the tree."""
    return hashlib.sha256(LEAF + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two hashes, in this order."""
    return hashlib.sha256(NODE + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash of all leaves' hashes; their number is not in it, so it belongs beside it wherever it is signed."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0] if level else hashlib.sha256(b"").digest()


def inclusion(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """The hashes that lead from the leaf at a place to the root."""
    return inclusions(leaves, [place])[0]


def inclusions(leaves: Sequence[bytes], places: Sequence[int]) -> list[list[bytes]]:
    """The same for several leaves of one tree, which is built only once."""
    paths: list[list[bytes]] = [[] for _ in places]
    level, at = list(leaves), list(places)
    while len(level) > 1:
        for path, position in zip(paths, at, strict=True):
            beside = position ^ 1
            if beside < len(level):
                path.append(level[beside])
        level, at = _above(level), [position // 2 for position in at]
    return paths


def included(one: bytes, *, place: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether a leaf's hash stands at a place of a tree of this size that has this root."""
    if not 0 <= place < size:
        return False
    reached, left, position, last = one, iter(path), place, size - 1
    while last:
        if position % 2 or position < last:
            beside = next(left, None)
            if beside is None:
                return False
            reached = node(beside, reached) if position % 2 else node(reached, beside)
        position, last = position // 2, last // 2
    return next(left, None) is None and reached == root


def _above(level: list[bytes]) -> list[bytes]:
    """One level up; the last of an odd number goes up as it is."""
    pairs = [node(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return pairs + level[len(level) & ~1 :]
