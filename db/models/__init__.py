"""The tables.  Importing this package registers all of them on ``Base.metadata``."""

from db.models.article import (
    Article,
    DateExpression,
    Extraction,
    Location,
    LocationVersion,
    PipelineVersion,
    RawFile,
    Sentence,
)
from db.models.base import Base
from db.models.entity import ArticleEntity, Entity, EntityAlias, EntityQueue, Mention, Office
from db.models.event import Event, EventParticipant, EventTrigger, Quotation
from db.models.identity import Identity, Judgement, NameBlock, NameLink, Tenure
from db.models.inbox import FileHint
from db.models.operations import ExpectationMiss, RunSource
from db.models.reading import (
    CountedLines,
    LearnedGeneration,
    LineQueue,
    ReadingSource,
    RecurringLine,
    ShortLine,
    SpellingSuggestion,
)
from db.models.reference import ArticlePlace, PlaceQueue, ReferenceName, ReferencePlace, ReferenceSource
from db.models.run import Rejection, Run
from db.models.story import (
    ArticleStory,
    Occurrence,
    OccurrenceEvent,
    OccurrenceLink,
    OccurrencePair,
    OccurrenceQueue,
    Story,
    StoryBody,
    StoryPair,
    StoryQueue,
)

__all__ = [
    "Article",
    "ArticleEntity",
    "ArticlePlace",
    "ArticleStory",
    "Base",
    "CountedLines",
    "DateExpression",
    "Entity",
    "EntityAlias",
    "EntityQueue",
    "Event",
    "EventParticipant",
    "EventTrigger",
    "ExpectationMiss",
    "Extraction",
    "FileHint",
    "Identity",
    "Judgement",
    "LearnedGeneration",
    "LineQueue",
    "Location",
    "LocationVersion",
    "Mention",
    "NameBlock",
    "NameLink",
    "Occurrence",
    "OccurrenceEvent",
    "OccurrenceLink",
    "OccurrencePair",
    "OccurrenceQueue",
    "Office",
    "PipelineVersion",
    "PlaceQueue",
    "Quotation",
    "RawFile",
    "ReadingSource",
    "RecurringLine",
    "ReferenceName",
    "ReferencePlace",
    "ReferenceSource",
    "Rejection",
    "Run",
    "RunSource",
    "Sentence",
    "ShortLine",
    "SpellingSuggestion",
    "Story",
    "StoryBody",
    "StoryPair",
    "StoryQueue",
    "Tenure",
]
