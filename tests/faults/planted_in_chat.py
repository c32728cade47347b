"""Bugs of live connections, which the run of a hundred thousand messages must notice, small as it is here."""

from tests.faults.planting import Bug

IN_CHAT = {
    "what another instance tells is what comes next": Bug(
        "services/chat/api/hub.py",
        "            hall.reached(news)\n            return\n",
        "            for socket in hall.sockets:\n"
        "                socket.served = max(socket.served, news - 1)\n"
        "            hall.reached(news)\n"
        "            return\n",
        "tests/faults/test_talks.py",
    ),
    "a message sent again is another message": Bug(
        "services/chat/commands/messages.py",
        "ON m.conversation_id = c.id AND m.sender_id = $7 AND m.client_message_id = $8\n",
        "ON m.conversation_id = c.id AND m.sender_id = $7 AND m.client_message_id = $8 AND false\n",
        "tests/faults/test_talks.py",
        also=(
            (
                "services/chat/migrations/versions/0003_envelopes.py",
                '"messages_sent_once", "messages", ["conversation_id", "sender_id", "client_message_id"]',
                '"messages_sent_once", "messages", ["conversation_id", "seq"]',
            ),
        ),
    ),
    "a resume that hands over the end only": Bug(
        "services/chat/api/live.py",
        "socket = Socket(reader, side, after if resumes else room.last_seq, ended=room.ended)",
        "socket = Socket(reader, side, max(after, room.last_seq - 3) if resumes else room.last_seq, ended=room.ended)",
        "tests/faults/test_talks.py",
    ),
    "nobody looks when hints are lost": Bug(
        "services/chat/api/hub.py",
        "                await self._look()\n",
        "                self._wires.send = lambda *_: None\n",
        "tests/faults/test_talks.py",
    ),
}
