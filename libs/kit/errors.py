"""What can go wrong, by meaning."""


class StartRefused(Exception):
    """Something that a program needs to start is missing; its message is the sentence a person sees."""
