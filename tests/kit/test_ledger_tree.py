"""The tree is RFC 6962's."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from libs.kit.ledger import tree

# The inputs and roots that implementations of Certificate Transparency are tested with.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def by_the_letter(contents: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not contents:
        return hashlib.sha256().digest()
    if len(contents) == 1:
        return hashlib.sha256(b"\x00" + contents[0]).digest()
    k = 1
    while 2 * k < len(contents):
        k *= 2
    return hashlib.sha256(b"\x01" + by_the_letter(contents[:k]) + by_the_letter(contents[k:])).digest()


def test_the_known_roots() -> None:
    contents = [bytes.fromhex(each) for each in INPUTS]
    for size, root in ROOTS.items():
        assert tree.root([tree.leaf(content) for content in contents[:size]]).hex() == root


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_the_root_is_what_the_rfc_says(contents: list[bytes]) -> None:
    assert tree.root([tree.leaf(content) for content in contents]) == by_the_letter(contents)


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40, unique=True), st.data())
def test_a_leaf_is_proved_in_its_own_place_and_in_no_other(contents: list[bytes], data: st.DataObject) -> None:
    leaves = [tree.leaf(content) for content in contents]
    place, other = (data.draw(st.integers(0, len(leaves) - 1)) for _ in range(2))
    path, root = tree.inclusion(leaves, place), tree.root(leaves)
    assert tree.included(leaves[place], place=place, size=len(leaves), path=path, root=root)
    found = tree.included(leaves[other], place=other, size=len(leaves), path=path, root=root)
    assert found == (other == place)
    assert not tree.included(leaves[place], place=place, size=len(leaves), path=[*path, bytes(32)], root=root)
    assert not tree.included(leaves[place], place=len(leaves), size=len(leaves), path=path, root=root)


def test_a_node_cannot_pass_for_a_leaf() -> None:
    """Two leaves' hashes, given as the content of one, would lead to the same root without the prefixes."""
    leaves = [tree.leaf(b"one"), tree.leaf(b"two")]
    assert tree.leaf(leaves[0] + leaves[1]) != tree.root(leaves)
