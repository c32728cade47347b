"""Links to results, and which of them may be shown to a client as something to open."""

from urllib.parse import urlsplit

from libs.kit.errors import Invalid

LONGEST = 2000


class LinkUnusable(Invalid):
    """A link to a result is an https address of a public host, without a user name."""


def usable(link: str) -> str:
    """The link itself, if a browser that opens it goes where it seems to go."""
    if not 0 < len(link) <= LONGEST or not link.isascii() or not link.isprintable() or " " in link:
        raise LinkUnusable
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise LinkUnusable from None
    # A backslash is a slash to a browser and none to us; what stands before an @ is not where the link goes.
    if parts.scheme != "https" or "\\" in link or "@" in parts.netloc or port == 0:
        raise LinkUnusable
    if not _public(host):
        raise LinkUnusable
    return link


def _public(host: str) -> bool:
    """A name with a dot in it that is no address; results lie on the web, not in somebody's own network."""
    labels = host.removesuffix(".").split(".")
    named = all(label and label.replace("-", "a").isalnum() for label in labels)
    return (
        len(labels) > 1 and named and not labels[-1].isdigit() and labels[-1] not in {"local", "internal", "localhost"}
    )
