"""What the feed refuses."""

from libs.kit.errors import Forbidden


class TicketRefused(Forbidden):
    """This ticket was used, has expired or never was; ask for another one."""
