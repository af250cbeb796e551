"""Automations hear of a scheduled run at once, and of everything else in its order."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from prefect.server.events.ordering import EventArrivedEarly
from prefect.server.events.schemas.events import ReceivedEvent, Resource

from flows.event_order import CausalOrdering


def after(state: str) -> ReceivedEvent:
    """What happened to a run in this state, whose event never came."""
    return ReceivedEvent(
        occurred=datetime.now(UTC),
        event="prefect.flow-run.Pending",
        resource=Resource({"prefect.resource.id": f"prefect.flow-run.{uuid4()}"}),
        payload={"initial_state": {"type": state, "name": state.title()}},
        id=uuid4(),
        follows=uuid4(),
        received=datetime.now(UTC),
    )


def wait_for_leader(order: CausalOrdering, event: ReceivedEvent) -> None:
    """In a thread: Playwright's fixture may have left an event loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(order.wait_for_leader(event))).result()


def test_nothing_waits_for_the_scheduler() -> None:
    order = CausalOrdering("test")
    wait_for_leader(order, after("SCHEDULED"))
    with pytest.raises(EventArrivedEarly):
        wait_for_leader(order, after("RUNNING"))
