"""The order in which Prefect's server hands events to automations (PREFECT_SERVER_EVENTS_CAUSAL_ORDERING).

An event that follows another one waits for it, up to 15 minutes.  Prefect's scheduler makes runs in bulk and
tells of none of them: whatever happens to a run within five minutes of its scheduling would wait in vain.
Automations would be told a quarter of an hour late that the run failed, and in between take it for dead.
"""

from __future__ import annotations

from prefect.server.events.ordering import memory
from prefect.server.events.schemas.events import ReceivedEvent


class CausalOrdering(memory.CausalOrdering):
    """Prefect's own, which waits for no event about a run that becomes due."""

    async def wait_for_leader(self, event: ReceivedEvent) -> None:
        before = event.payload.get("initial_state")
        if isinstance(before, dict) and before.get("type") == "SCHEDULED":
            return
        await super().wait_for_leader(event)
