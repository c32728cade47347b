"""Programs in other languages come to the same commitments, and the document's vector is true."""

import base64
import json
import random
import subprocess
from pathlib import Path
from typing import Any

from services.chat.domain.excerpts import Excerpt
from services.chat.domain.franking import Context, Shown, commit, excerpt_of, words_of
from services.chat.schemas import MessageExcerpt
from tests.chat.scenes import NOW as MOMENT
from tests.people import ANNA

SALT = bytes(range(32))
TEXT = "Call me at 067 123 45 67, please."
TOLD = Path("docs/franking.md").read_text(encoding="utf-8")
CODE = Path("docs/franking.mjs").resolve()
RUN = f"""
import {{ wordsOf, commit, fits, rootOf, excerptOf, textOf, bytesOf }} from {json.dumps(CODE.as_uri())};
import {{ readFileSync }} from "node:fs";
const answers = [];
for (const {{ text, salt, attachments, hidden, excerpt, forged }} of JSON.parse(readFileSync(0, "utf-8"))) {{
  const digests = attachments.map(bytesOf);
  const commitment = await commit(text, bytesOf(salt), digests);
  answers.push({{
    words: wordsOf(text), commitment: textOf(commitment), root: textOf(await rootOf(excerpt)),
    forged: await rootOf(forged).then(textOf, () => "refused"),
    excerpt: await excerptOf(text, bytesOf(salt), new Set(hidden), digests),
    fits: await fits(commitment, text, bytesOf(salt), digests),
    other: await fits(commitment, text + "!", bytesOf(salt), digests),
  }});
}}
console.log(JSON.stringify(answers));
"""


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def cases() -> list[dict[str, Any]]:
    chance, found = random.Random(17), list[dict[str, Any]]()
    spaces = [" ", "\n", "\t", "\r", "\u00a0", "\u2003", "\u200b", "\x1c", "\x85", "\ufeff"]
    alphabet = ["a", "я", "ї", "😀", "7", "é", *spaces]
    texts = ["", " ", TEXT, *("".join(chance.choices(alphabet, k=chance.randint(1, 60))) for _ in range(60))]
    for text in texts:
        salt, digests = chance.randbytes(32), [chance.randbytes(32) for _ in range(chance.randint(0, 3))]
        hidden = {place for place in range(40) if chance.random() < 0.3}
        opened = excerpt_of(text, salt, hidden, digests)
        context = Context(conversation_id=ANNA.id, seq=1, side="client", sender_id=ANNA.id, form="text", at=MOMENT)
        shown = MessageExcerpt.of(Excerpt(opened, context, bytes(36))).model_dump(mode="json")
        forged = shown | {"words": [*shown["words"], "two words"], "proofs": [b64(bytes(32)), *shown["proofs"]]}
        found.append(
            {
                "text": text, "salt": b64(salt), "attachments": [b64(digest) for digest in digests],
                "hidden": sorted(hidden), "excerpt": shown, "forged": forged,
                "commitment": b64(commit(text, salt, digests)),
            }
        )  # fmt: skip
    return found


def test_d18_node_comes_to_what_python_does(judges: Path) -> None:
    assert judges.exists()
    asked = cases()
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", RUN],
        input=json.dumps(asked), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    for case, answer in zip(asked, json.loads(ran.stdout), strict=True):
        assert answer["words"] == words_of(case["text"])
        assert answer["commitment"] == answer["root"] == case["commitment"]
        assert answer["forged"] == "refused"
        assert answer["excerpt"] == {name: case["excerpt"][name] for name in ("words", "attachments", "proofs")}
        assert (answer["fits"], answer["other"]) == (True, False)


def test_d18_the_documents_vector_is_true() -> None:
    assert f"| commitment | `{commit(TEXT, SALT).hex()}` |" in TOLD
    assert f"`{commit(TEXT, SALT, [bytes([7] * 32)]).hex()}`" in TOLD
    assert f"`{commit('', SALT).hex()}`" in TOLD
    opened = excerpt_of(TEXT, SALT, {3})
    shown, hidden = opened.words[0], opened.words[3]
    assert isinstance(shown, Shown)
    assert f"shown (its key) | `{b64(shown.key)}` |" in TOLD
    assert f"hidden (its leaf) | `{b64(hidden.digest)}` |" in TOLD  # type: ignore[union-attr]
    assert " · ".join(f"`{word}`" for word in words_of(TEXT)) in TOLD
