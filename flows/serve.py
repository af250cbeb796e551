"""Deployments and their schedules, served to a Prefect server until told to stop.

`rasd serve` runs this against the server that PREFECT_API_URL names (a container of docker-compose.yml, a
worker machine); `rasd up` brings its own server and runs it as a child.

What was missed while nothing ran is made up for once: of the runs of one schedule that are late when serving
starts, the newest goes ahead and the others are cancelled, as one run over an inbox loads all that is new.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from prefect import Flow, get_client
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import (
    ConcurrencyLimitConfig,
    ConcurrencyLimitStrategy,
    FlowRun,
    StateType,
)
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.events.actions import CallWebhook, ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound, TerminationSignal
from prefect.runner import Runner
from prefect.schedules import Schedule
from prefect.states import Cancelled, Crashed
from prefect.types import SecretDict
from prefect.types.entrypoint import EntrypointType
from pydantic import SecretStr

from db.operations import live_flow_runs
from flows import ingest as ingesting
from flows import refresh as refreshing
from flows.connection import migrated_engine
from flows.errors import UserError
from flows.settings import Inbox, Settings

log = logging.getLogger("rasd.serve")

TAG = "rasd"
AT_ONCE = 4  # runs at a time; each has worker processes of its own
# Of one inbox one run at a time; another that falls due meanwhile is cancelled: the next loads what is left.
ONE_AT_A_TIME = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
ONE_AFTER_ANOTHER = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE)
HEARTBEATS_MISSED = timedelta(seconds=100)  # three heartbeats of 30 s, and some
STARTING = timedelta(minutes=2)  # within which a run need not have its row yet
_BLOCK = "rasd-notify"
_ALIVE = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]


@dataclass(frozen=True, slots=True)
class Slot:
    """A flow that is run on demand; left out while its module does not exist."""

    module: str
    flow: str
    deployment: str
    description: str


ON_DEMAND = (
    Slot("flows.backfill", "backfill", "on-demand", "Extract stored articles again, or load old files."),
    Slot("flows.backfill", "retry_rejections", "on-demand", "Try files again that could not be loaded."),
)


def deployments(chosen: Settings) -> list[RunnerDeployment]:
    """All deployments: `ingest` of each inbox on its schedule and on demand, `refresh` nightly, the rest."""
    made = [_inbox(inbox, chosen) for inbox in chosen.inbox]
    made.append(
        _deployment(
            ingesting.scheduled,
            "flows.ingest.scheduled",
            "on-demand",
            tags=["ingest"],
            description="Load files, folders, globs, archives or URLs now.",
            limit=ONE_AFTER_ANOTHER,
        )
    )
    nightly = None
    if chosen.refresh_cron:
        nightly = CronSchedule(cron=chosen.refresh_cron, timezone=chosen.timezone)
    made.append(
        _deployment(
            refreshing.scheduled,
            "flows.refresh.scheduled",
            "nightly",
            tags=["refresh"],
            description="Catch up with what is derived across articles; every ingest run does so at its end.",
            schedule=nightly,
            limit=ONE_AT_A_TIME,
        )
    )
    for slot in ON_DEMAND:
        if importlib.util.find_spec(slot.module) is None:
            continue
        found = getattr(importlib.import_module(slot.module), slot.flow, None)
        if isinstance(found, Flow):
            made.append(
                _deployment(
                    found,
                    f"{slot.module}.{slot.flow}",
                    slot.deployment,
                    tags=[slot.flow.replace("_", "-")],
                    description=slot.description,
                    limit=ONE_AFTER_ANOTHER,
                )
            )
    return made


def _inbox(inbox: Inbox, chosen: Settings) -> RunnerDeployment:
    schedule: CronSchedule | IntervalSchedule
    if inbox.cron is not None:
        schedule = CronSchedule(cron=inbox.cron, timezone=chosen.timezone)
        when = f"cron {inbox.cron} ({chosen.timezone})"
    else:
        assert inbox.interval is not None
        schedule = IntervalSchedule(interval=timedelta(seconds=inbox.interval), timezone=chosen.timezone)
        when = f"every {inbox.interval:g} s"
    parameters: dict[str, Any] = {
        "paths": [inbox.location],
        "inbox": inbox.label,
        "source": inbox.source,
        "settle_seconds": chosen.settle_seconds if inbox.settle_seconds is None else inbox.settle_seconds,
        "names_engine": inbox.names_engine,
        "after_load": inbox.after_load,
        "archive": str(inbox.archive.expanduser().absolute()) if inbox.archive else None,
    }
    return _deployment(
        ingesting.scheduled,
        "flows.ingest.scheduled",
        inbox.label,
        tags=["ingest", f"source:{inbox.source}" if inbox.source else f"inbox:{inbox.label}"],
        description=f"Load what is new in `{inbox.location}`, {when}.",
        schedule=schedule,
        parameters=parameters,
        limit=ONE_AT_A_TIME,
    )


def _deployment(
    flow: Flow[..., Any],
    entrypoint: str,
    name: str,
    *,
    tags: list[str],
    description: str,
    limit: ConcurrencyLimitConfig,
    schedule: CronSchedule | IntervalSchedule | None = None,
    parameters: dict[str, Any] | None = None,
) -> RunnerDeployment:
    planned = None
    if isinstance(schedule, CronSchedule):
        planned = Schedule(cron=schedule.cron, timezone=schedule.timezone, slug="schedule")
    elif isinstance(schedule, IntervalSchedule):
        planned = Schedule(interval=schedule.interval, timezone=schedule.timezone, slug="schedule")
    made = flow.to_deployment(
        name,
        schedule=planned,
        parameters=parameters or {},
        tags=[TAG, *tags],
        description=description,
        concurrency_limit=limit,
        enforce_parameter_schema=True,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    assert isinstance(made, RunnerDeployment)
    # Prefect names the function; the time limit hangs on the flow that is bound under another name
    made.entrypoint = entrypoint
    return made


# -------------------------------------------------------------------------------------- automations


def automations(webhook: Any) -> list[AutomationCore]:
    """What the server does by itself; webhook: id of the block that is told of trouble."""
    ours = {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{TAG}"}
    runs = {"prefect.resource.id": "prefect.flow-run.*"}
    terminal = {f"prefect.flow-run.{name}" for name in ("Completed", ingesting.MISSED, "Cancelled")}
    failed = {f"prefect.flow-run.{name}" for name in ("Failed", "Crashed", "TimedOut")}
    beat = "prefect.flow-run.heartbeat"
    payload = (
        '{"what": %s, "run": {{ flow_run.name | tojson }}, "flow": {{ flow.name | tojson }},'
        ' "state": {{ flow_run.state.name | tojson }}, "message": {{ flow_run.state.message | tojson }},'
        ' "id": "{{ flow_run.id }}", "url": {{ flow_run | ui_url | tojson }}}'
    )
    return [
        AutomationCore(
            name="rasd: zombies",
            description="A run whose process is gone without a word is marked as crashed.",
            trigger=EventTrigger(
                after={beat},
                expect={beat, *terminal, *failed},
                match=runs,  # type: ignore[arg-type]
                for_each={"prefect.resource.id"},
                posture=Posture.Proactive,
                threshold=1,
                within=HEARTBEATS_MISSED,
            ),
            actions=[
                ChangeFlowRunState(
                    name="Crashed",
                    state=StateType.CRASHED,
                    message="no heartbeat: the process ended without a word",
                    force=False,
                )
            ],
        ),
        AutomationCore(
            name="rasd: failed runs",
            description="A run that failed, crashed or timed out is told to the webhook.",
            trigger=EventTrigger(
                expect=failed,
                match=runs,  # type: ignore[arg-type]
                match_related=ours,  # type: ignore[arg-type]
                posture=Posture.Reactive,
                threshold=1,
            ),
            actions=[CallWebhook(block_document_id=webhook, payload=payload % '"run failed"')],
        ),
        AutomationCore(
            name="rasd: missed expectations",
            description="A run that brought less than expected of its source is told to the webhook.",
            trigger=EventTrigger(
                expect={f"prefect.flow-run.{ingesting.MISSED}"},
                match=runs,  # type: ignore[arg-type]
                match_related=ours,  # type: ignore[arg-type]
                posture=Posture.Reactive,
                threshold=1,
            ),
            actions=[CallWebhook(block_document_id=webhook, payload=payload % '"expectations missed"')],
        ),
    ]


async def ensure_automations(client: PrefectClient, chosen: Settings) -> None:
    """Create the automations or bring them up to date; those that a person disabled stay disabled."""
    block = Webhook(
        method="POST",
        url=SecretStr(notify_url(chosen)),
        headers=SecretDict({"Content-Type": "application/json"}),
    )
    webhook = await block.save(_BLOCK, overwrite=True)
    for wanted in automations(webhook):
        there = await client.read_automations_by_name(wanted.name)
        if not there:
            await client.create_automation(wanted)
            continue
        await client.update_automation(there[0].id, wanted.model_copy(update={"enabled": there[0].enabled}))


def notify_url(chosen: Settings) -> str:
    """Where the server sends what happened; our own endpoint writes it to a log."""
    if chosen.notify_url is not None:
        return chosen.notify_url.get_secret_value()
    return f"http://127.0.0.1:{chosen.metrics_port}/notify"


# ---------------------------------------------------------------------------------- starting anew


async def settle(
    client: PrefectClient, served: dict[str, Any], alive: set[str], zone: tzinfo = UTC
) -> dict[str, int]:
    """Put right what an earlier end left behind; what was done, for the log.

    served: deployment name -> id.  alive: flow runs whose process lives.  zone: of the schedules.

    Runs that are said to run and do not are marked as crashed, which frees their deployment's slot; of the
    late runs of a schedule the newest stays.
    """
    ids = DeploymentFilter(id=DeploymentFilterId(any_=list(served.values())))
    done = {"crashed": 0, "late runs dropped": 0}
    now = datetime.now(UTC)
    for run in await _runs(client, ids, _ALIVE):
        began = run.start_time or (run.state.timestamp if run.state else now)
        if str(run.id) not in alive and now - began > STARTING:
            message = "found dead when serving started"
            await client.set_flow_run_state(run.id, Crashed(message=message), force=True)
            done["crashed"] += 1
    late = defaultdict(list)
    for run in await _runs(client, ids, [StateType.SCHEDULED]):
        if run.auto_scheduled and run.expected_start_time and run.expected_start_time < now:
            late[run.deployment_id].append(run)
    for runs in late.values():
        *older, newest = sorted(runs, key=lambda run: run.expected_start_time or now)
        instead = f"{(newest.expected_start_time or now).astimezone(zone):%Y-%m-%d %H:%M:%S}"
        for run in older:
            message = f"missed while nothing ran; the run of {instead} makes up for it"
            await client.set_flow_run_state(run.id, Cancelled(message=message), force=True)
            done["late runs dropped"] += 1
    return done


async def _runs(client: PrefectClient, of: DeploymentFilter, types: list[StateType]) -> list[FlowRun]:
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=types))
    found: list[FlowRun] = []
    while True:
        page = await client.read_flow_runs(
            deployment_filter=of, flow_run_filter=FlowRunFilter(state=state), limit=200, offset=len(found)
        )
        found += page
        if len(page) < 200:
            return found


async def _drop_strangers(client: PrefectClient, names: set[str]) -> int:
    """Delete deployments of ours that are served no more: inboxes taken out of the settings."""
    gone = 0
    for there in await client.read_deployments():
        ours = TAG in there.tags and (there.entrypoint or "").startswith("flows.")
        if ours and f"{(there.entrypoint or '').split('.')[1]}/{there.name}" not in names:
            await client.delete_deployment(there.id)
            gone += 1
    return gone


async def prepare(client: PrefectClient, chosen: Settings, made: list[RunnerDeployment]) -> None:
    """Put right what was left behind, before the deployments are registered anew, and set up automations."""
    await _drop_strangers(client, {f"{str(d.entrypoint).split('.')[1]}/{d.name}" for d in made})
    served = {}
    for deployment in made:
        name = f"{deployment.flow_name}/{deployment.name}"
        with suppress(ObjectNotFound):
            served[name] = (await client.read_deployment_by_name(name)).id
    if served:
        alive = await asyncio.to_thread(_alive, chosen)
        done = await settle(client, served, alive, ZoneInfo(chosen.timezone))
        if any(done.values()):
            log.warning("%s", ", ".join(f"{number} {what}" for what, number in done.items() if number))
    await ensure_automations(client, chosen)


def _alive(chosen: Settings) -> set[str]:
    with migrated_engine(chosen) as engine, engine.connect() as connection:
        return live_flow_runs(connection)


def run(chosen: Settings, ready: Callable[[list[str]], None] | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C.  ``ready`` gets the deployments' names once they are registered.

    Schedules stay active when this ends: what falls due meanwhile is made up for at the next start.
    Raises UserError where the settings name an impossible schedule.
    """
    try:
        made = deployments(chosen)
    except ValueError as error:
        raise UserError(f"schedules: {error}") from error

    async def serving() -> None:
        async with get_client() as client:
            await prepare(client, chosen, made)
        # a run that is fetched early takes its slot early, and collides with the one before it
        runner = Runner(
            name="rasd", pause_on_shutdown=False, limit=AT_ONCE, query_seconds=3, prefetch_seconds=3
        )
        for deployment in made:
            await runner.aadd_deployment(deployment)
        if ready is not None:
            ready([f"{deployment.flow_name}/{deployment.name}" for deployment in made])
        await runner.start()

    with suppress(KeyboardInterrupt, TerminationSignal):
        asyncio.run(serving())
