"""A ledger that shows when somebody changed it: chains of entries, and signed checkpoints that are kept elsewhere.

A chain alone proves nothing, for whoever can change an entry can compute all later ones anew. A checkpoint is signed
with a key that the database does not have, and kept where the database's owner cannot reach; what it covers can be
neither changed nor left out unnoticed. What was written after the last one is proved by the next.
"""

from libs.kit.ledger.chain import Broken, Entry, Head, Why, after, genesis, verify_chain
from libs.kit.ledger.checkpoints import Checkpoint, Keys, Proof, Signer, keys_of, verify_checkpoint, verify_proof

__all__ = [
    "Broken", "Checkpoint", "Entry", "Head", "Keys", "Proof", "Signer", "Why", "after", "genesis", "keys_of",
    "verify_chain", "verify_checkpoint", "verify_proof",
]  # fmt: skip
