// Proving what was said, for programs in a browser or in Node. What it does is told in franking.md; Python does the same.
// Nothing here is a secret, and nothing is sent anywhere.

const utf8 = new TextEncoder();
const WORDS = /[^ \t\n\r\u00a0]+[ \t\n\r\u00a0]*|[ \t\n\r\u00a0]+/gu;

/** The words, each with the spaces behind it; joined they are the text again. */
export const wordsOf = (text) => text.match(WORDS) ?? [];

/** 32 bytes that stand for a message. `salt` has 32 bytes, new for every message; `attachments` are SHA-256 digests. */
export async function commit(text, salt, attachments = []) {
  if (salt.length !== 32) throw new RangeError("a salt has 32 bytes");
  const words = wordsOf(text).map((word) => utf8.encode(word));
  const contents = [...words.map((word) => ["w", word]), ...attachments.map((digest) => ["a", digest])];
  const leaves = await Promise.all(
    contents.map(async ([kind, content], place) => leaf(await keyOf(salt, place), kind, place, content)),
  );
  return commitment(words.length, attachments.length, leaves);
}

/** Whether a message is what its sender committed to. If it is not, do not show it: it could never be proved. */
export async function fits(commitmentOfMessage, text, salt, attachments = []) {
  return salt.length === 32 && same(await commit(text, salt, attachments), commitmentOfMessage);
}

/** The commitment that an excerpt, as the API gives it, leads to. Throws for what no message can have left. */
export async function rootOf({ words, attachments, proofs }) {
  if (proofs.length !== words.length + attachments.length) throw new RangeError("one proof for each place");
  for (const run of runs(words)) {
    if (wordsOf(run.join("")).join("\0") !== run.join("\0")) throw new RangeError("a word is one word");
  }
  const contents = [
    ...words.map((word) => ["w", word === null ? null : utf8.encode(word)]),
    ...attachments.map((digest) => ["a", digest === null ? null : bytesOf(digest)]),
  ];
  const leaves = await Promise.all(
    contents.map(([kind, content], place) => {
      const proof = bytesOf(proofs[place]);
      if (proof.length !== 32 || (kind === "a" && content !== null && content.length !== 32)) {
        throw new RangeError("keys and hashes have 32 bytes");
      }
      return content === null ? proof : leaf(proof, kind, place, content);
    }),
  );
  return commitment(words.length, attachments.length, leaves);
}

/** The excerpt of a message, some of its places hidden: 0 is the first word, and attachments follow the last one. */
export async function excerptOf(text, salt, hidden, attachments = []) {
  const words = wordsOf(text);
  const proofOf = async (kind, place, content) => {
    const key = await keyOf(salt, place);
    return textOf(hidden.has(place) ? await leaf(key, kind, place, content) : key);
  };
  const proofs = await Promise.all([
    ...words.map((word, place) => proofOf("w", place, utf8.encode(word))),
    ...attachments.map((digest, number) => proofOf("a", words.length + number, digest)),
  ]);
  return {
    words: words.map((word, place) => (hidden.has(place) ? null : word)),
    attachments: attachments.map((digest, number) => (hidden.has(words.length + number) ? null : textOf(digest))),
    proofs,
  };
}

const leaf = (key, kind, place, content) =>
  sha256(Uint8Array.of(0), key, utf8.encode(kind), number(place), number(content.length), content);

const commitment = async (words, attachments, leaves) =>
  sha256(utf8.encode("dovira frank root/v1\0"), number(words), number(attachments), await treeOf(leaves));

async function treeOf(leaves) {
  if (leaves.length === 0) return sha256();
  let level = leaves;
  while (level.length > 1) {
    const above = [];
    for (let at = 0; at + 1 < level.length; at += 2) above.push(sha256(Uint8Array.of(1), level[at], level[at + 1]));
    const last = level.length % 2 ? [level.at(-1)] : [];
    level = [...(await Promise.all(above)), ...last];
  }
  return level[0];
}

async function keyOf(salt, place) {
  const key = await crypto.subtle.importKey("raw", salt, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, joined(utf8.encode("dovira frank leaf/v1\0"), number(place))));
}

const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));

const number = (value) => Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) whole.set(part, (at += part.length) - part.length);
  return whole;
}

function* runs(words) {
  let run = [];
  for (const word of [...words, null]) {
    if (word !== null) run.push(word);
    else if (run.length) yield run.splice(0);
  }
}

const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

/** Bytes as the API writes them: base64url without padding. */
export const textOf = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

export const bytesOf = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
