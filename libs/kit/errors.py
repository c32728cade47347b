"""What can go wrong, by meaning."""


class StartRefused(Exception):  # noqa: N818 - it says what happened, as every error here does
    """Something that a program needs to start is missing; its message is the sentence a person sees."""
