"""The closed vocabularies that CHECK constraints enforce.

They repeat the enums of ``flows.records`` (db may not import flows); tests/db compares the two.
"""

ENTITY_KINDS = ("PERSON", "ORGANIZATION", "LOCATION", "NAMED_EVENT")
EVENT_TYPES = (
    "CONSULT", "AGREE", "SUPPORT", "CONCEDE", "COOPERATE", "AID", "RETREAT", "REQUEST", "ACCUSE", "REJECT",
    "THREATEN", "PROTEST", "SANCTION", "MOBILIZE", "COERCE", "ASSAULT",
    "APPOINT", "VOTE", "ACCIDENT", "DIE", "HOLD", "LAUNCH",
)  # fmt: skip
EVENT_STATUSES = ("occurred", "ongoing", "planned", "called_for", "denied", "cancelled", "hypothetical")
ROLES = ("actor", "recipient")
BASES = ("metadata", "text", "inferred", "none")
PRECISIONS = ("day", "week", "month", "season", "quarter", "year", "interval", "unknown")
CALENDARS = ("gregorian", "hijri")
TENURES = ("current", "former", "acting", "elect")
VERDICTS = ("same", "different", "unsure")
RUN_STATES = ("running", "completed", "partial", "failed", "crashed", "cancelled")
COPIES = ("original", "exact", "near")

PLACE_KINDS = ("country", "region", "city", "district", "area", "site")
PLACE_BASES = ("listed", "context", "prominence", "nearby")
