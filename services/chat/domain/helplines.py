"""When a conversation shows helplines, without anybody having read it (B17)."""

from libs.events.intake import ClientReferred, DangerSignalled, RequestReleased


def calls_for_help(said: ClientReferred | DangerSignalled | RequestReleased) -> bool:
    """Whether somebody is in danger, a minor who is handed over, or sent to a crisis team."""
    match said:
        case DangerSignalled():
            return True
        case RequestReleased():
            return said.reason == "handed_over"
        case ClientReferred():
            return said.to == "crisis_team"
