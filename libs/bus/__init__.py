"""The bus: what one service says, every other hears, once and for good.

What it promises, and the test that shows each:

G1 An event is in the outbox exactly when its business transaction committed.
   `tests/bus/test_outbox.py::test_an_event_exists_exactly_when_its_change_does`
G2 Every event in the outbox reaches the log at least once, while relay, database and broker are eventually up; the only
   refusal is the size cap, in the writer's own transaction.
   `tests/bus/test_relay.py::test_nothing_is_lost_and_order_holds_when_the_log_fails_and_relays_crash`
G3 For one key whose transactions serialise on their aggregate's row, first occurrences appear in commit order in one
   partition. Nothing is promised across keys or topics.
   `tests/bus/test_relay.py::test_nothing_is_lost_and_order_holds_when_the_log_fails_and_relays_crash`
G4 A subscriber's effects on its own database and its position advance in one transaction: each offset takes effect
   once, for any crash, pause or number of instances.
   `tests/bus/test_delivery.py::test_a_zombie_past_its_lease_is_fenced_and_changes_nothing`
G5 The same event at another offset has no effect: reactors keep an inbox, projections merge idempotently.
   `tests/bus/test_delivery.py::test_the_same_event_at_two_offsets_takes_effect_once`
G6 A projection equals the recomputation over the set of distinct events, in whatever order they come.
   `tests/bus/test_delivery.py::test_crashes_zombies_duplicates_and_disorder_leave_the_sum_right`
G7 What cannot be read or cannot take effect is parked with its raw bytes, later events of its key behind it; above a
   limit the partition stops and says so, and nothing is skipped.
   `tests/bus/test_parking.py`
G8 Effects outside the database happen at least once, under a stable id: the event's.
   `tests/bus/test_delivery.py::test_what_a_handler_publishes_names_the_event_that_caused_it`
G9 No words that people wrote are on the bus: ids, choices, numbers and times only.
   `tests/architecture/test_events.py::test_events_carry_facts_not_words`
G10 A projection is rebuilt beside the live one, which goes on hearing and telling. The new one is mute and never
   overtakes it; where they are level they are equal, and one row makes the new one live. Across any number of switches
   and crashes each thing is told once and nothing is swallowed.
   `tests/bus/test_rebuild.py::test_across_switches_nothing_is_swallowed_and_nothing_told_twice`
"""

from libs.bus.bus import Bus, all_quiet
from libs.bus.claims import wait_until
from libs.bus.consumers import Consumers, Projection, Rebuildable
from libs.bus.outbox import publish
from libs.bus.tables import bus_tables

__all__ = ["Bus", "Consumers", "Projection", "Rebuildable", "all_quiet", "bus_tables", "publish", "wait_until"]
