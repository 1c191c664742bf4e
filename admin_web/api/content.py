"""What callers hear and where it leads: prompts, call flows, pronunciations."""

from __future__ import annotations

from typing import Annotated

from flask_babel import lazy_gettext as _l
from pydantic import Field

from admin_web.api.fields import LONGEST_PAGE, Answer, Listed, PageSize, Query, RowNumber
from admin_web.api.operation import operation
from admin_web.api.problems import ProblemError
from admin_web.api.shapes import At
from admin_web.desk import desk
from admin_web.flows.drafted import in_force
from admin_web.flows.published import delivered as delivered_flows
from admin_web.flows.published import flow_set, texts
from admin_web.prompts.published import LANGUAGES, published
from admin_web.prompts.rows import Spoken, numbers
from admin_web.prompts.rows import rows as prompt_rows
from admin_web.prompts.versions import versions
from ivr.records.tables import PromptVariant
from ivr.services import flow_drafts, flow_scenarios, prompt_variants, pronunciations, revisions

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]


class SpokenOut(Answer):
    """A prompt in one language; ``speaker`` is a person, ``voice`` one that synthesises."""

    text: str
    voice: str
    speaker: str
    outdated: bool

    @classmethod
    def of(cls, one: Spoken) -> SpokenOut:
        """As the list of prompts has it."""
        return cls(text=one.text, voice=one.voice, speaker=one.speaker, outdated=one.outdated)


class PromptOut(Answer):
    """A prompt as it is now; ``number`` is what is keyed to record it by telephone."""

    id: str
    number: int
    edited: bool
    added: bool
    changed: At | None
    changed_by: str
    variants: list[str]
    spoken: dict[str, SpokenOut | None]


@operation(
    "GET",
    "/prompts",
    _l("Prompts with their texts"),
    page="prompts.prompts",
    scope="content:read",
    answer=Listed[PromptOut],
)
def prompts() -> Listed[PromptOut]:
    """All of them, in the order of the catalogue."""
    return Listed[PromptOut](
        items=[
            PromptOut(
                id=row.id,
                number=row.number,
                edited=row.edited,
                added=row.added,
                changed=row.changed_at,
                changed_by=row.changed_by,
                variants=[variant.code for variant in row.variants],
                spoken={
                    language: SpokenOut.of(one) if one else None
                    for language, one in row.spoken.items()
                },
            )
            for row in prompt_rows()
        ]
    )


class VersionOut(Answer):
    """A text, or a recording of one; ``time`` is null for the delivered text."""

    revision: int
    text: str
    author: str
    reason: str
    time: At | None
    recording: bool
    variant: str
    seconds: float | None
    in_use: bool


class PromptWhole(Answer):
    """A prompt with its slots, and every version by language, newest first."""

    id: str
    number: int
    note: str
    slots: dict[str, str]
    texts: dict[str, str]
    versions: dict[str, list[VersionOut]]


@operation(
    "GET",
    "/prompts/{prompt_id}",
    _l("One prompt with every version"),
    page="prompts.prompt",
    scope="content:read",
    parts={"prompt_id": Name},
    answer=PromptWhole,
)
def prompt(prompt_id: str) -> PromptWhole:
    """As on the page."""
    with desk().database.read() as session:
        catalogue = published(session)
        if prompt_id not in catalogue:
            raise ProblemError(404)
        found = catalogue.prompt(prompt_id)
        history = {
            language: [
                VersionOut(
                    revision=one.number,
                    text=one.text,
                    author=one.who,
                    reason=one.why,
                    time=one.at,
                    recording=one.take is not None,
                    variant=one.take.variant if one.take else "",
                    seconds=one.take.seconds if one.take else None,
                    in_use=one.in_use,
                )
                for one in versions(session, catalogue, prompt_id, language)
            ]
            for language in LANGUAGES
        }
    return PromptWhole(
        id=prompt_id,
        number=numbers(catalogue)[prompt_id],
        note=found.note,
        slots={name: str(kind.value) for name, kind in found.slots.items()},
        texts=dict(found.texts),
        versions=history,
    )


class VariantOut(Answer):
    """A dialect or other variant beside a language."""

    code: str
    language: str
    name_zh: str
    name_en: str


@operation(
    "GET",
    "/variants",
    _l("Variants of the languages, such as dialects"),
    page="prompts.variants",
    scope="content:read",
    answer=Listed[VariantOut],
)
def variants() -> Listed[VariantOut]:
    """All of them."""

    def out(row: PromptVariant) -> VariantOut:
        return VariantOut(
            code=row.code, language=row.language, name_zh=row.name_zh, name_en=row.name_en
        )

    with desk().database.read() as session:
        return Listed[VariantOut](items=list(map(out, prompt_variants.all_variants(session))))


class FlowOut(Answer):
    """A flow as it is in force; revision 0 is the one that came with the line."""

    name: str
    titles: dict[str, str]
    revision: int
    published: At | None
    author: str


class FlowWhole(FlowOut):
    """With its text (YAML)."""

    text: str


class RevisionOut(Answer):
    """A publication."""

    revision: int
    published: At
    author: str
    message: str


class RevisionWhole(RevisionOut):
    """With its text (YAML)."""

    text: str


class DraftOut(Answer):
    """A draft that somebody works on; its text is theirs until they publish it."""

    author: str
    base: int
    updated: At


@operation(
    "GET",
    "/flows",
    _l("Call flows in force"),
    page="flows.flows",
    scope="content:read",
    answer=Listed[FlowOut],
)
def flows() -> Listed[FlowOut]:
    """All of them, with what all flows share under the name line."""
    with desk().database.read() as session:
        newest = revisions.newest_flows(session)
        loaded = flow_set(session)
        names = sorted({*delivered_flows(), *newest})
        titles = {name: dict(one.title) for name, one in loaded.flows.items()} if loaded else {}
    return Listed[FlowOut](
        items=[
            FlowOut(
                name=name,
                titles=titles.get(name, {}),
                revision=newest[name].revision if name in newest else 0,
                published=newest[name].created_at if name in newest else None,
                author=newest[name].author if name in newest else "",
            )
            for name in names
        ]
    )


@operation(
    "GET",
    "/flows/{name}",
    _l("One call flow with its text"),
    page="flows.flow",
    scope="content:read",
    parts={"name": Name},
    answer=FlowWhole,
)
def flow(name: str) -> FlowWhole:
    """The text in force."""
    with desk().database.read() as session:
        text, revision = in_force(session, name)
        if text is None:
            raise ProblemError(404)
        newest = revisions.newest_flow(session, name)
        loaded = flow_set(session)
    known = loaded.flows.get(name) if loaded else None
    return FlowWhole(
        name=name,
        titles=dict(known.title) if known else {},
        revision=revision,
        published=newest.created_at if newest else None,
        author=newest.author if newest else "",
        text=text,
    )


class RevisionsQuery(Query):
    """Which publications."""

    before: RowNumber | None = None
    limit: PageSize = LONGEST_PAGE


@operation(
    "GET",
    "/flows/{name}/revisions",
    _l("Publications of a call flow, newest first"),
    page="flows.flow",
    scope="content:read",
    parts={"name": Name},
    query=RevisionsQuery,
    answer=Listed[RevisionOut],
)
def flow_revisions(name: str, query: RevisionsQuery) -> Listed[RevisionOut]:
    """Go on with ``before`` the last one."""
    with desk().database.read() as session:
        if name not in texts(session):
            raise ProblemError(404)
        rows = revisions.flow_history(session, name)
    wanted = [row for row in rows if query.before is None or row.revision < query.before]
    return Listed[RevisionOut](
        items=[
            RevisionOut(
                revision=row.revision,
                published=row.created_at,
                author=row.author,
                message=row.message,
            )
            for row in wanted[: query.limit]
        ]
    )


@operation(
    "GET",
    "/flows/{name}/revisions/{revision}",
    _l("A call flow as it was published"),
    page="flows.revision",
    scope="content:read",
    parts={"name": Name, "revision": Annotated[int, Field(ge=1, le=2**31 - 1)]},
    answer=RevisionWhole,
)
def flow_revision(name: str, revision: int) -> RevisionWhole:
    """With its text."""
    with desk().database.read() as session:
        row = revisions.flow_revision(session, name, revision)
    return RevisionWhole(
        revision=row.revision,
        published=row.created_at,
        author=row.author,
        message=row.message,
        text=row.text,
    )


@operation(
    "GET",
    "/flows/{name}/drafts",
    _l("Who works on a call flow now"),
    page="flows.flow",
    scope="content:read",
    parts={"name": Name},
    answer=Listed[DraftOut],
)
def drafts(name: str) -> Listed[DraftOut]:
    """Newest first."""
    with desk().database.read() as session:
        rows = flow_drafts.others(session, name, "")
    return Listed[DraftOut](
        items=[DraftOut(author=row.author, base=row.base, updated=row.updated_at) for row in rows]
    )


class ScenarioOut(Answer):
    """A call that is tried before every publication (YAML)."""

    id: int
    title: str
    flow: str
    text: str
    author: str
    updated: At


@operation(
    "GET",
    "/scenarios",
    _l("Calls that are tried before every publication"),
    page="flows.scenarios",
    scope="content:read",
    answer=Listed[ScenarioOut],
)
def scenarios() -> Listed[ScenarioOut]:
    """All of them, by title."""
    with desk().database.read() as session:
        rows = flow_scenarios.every(session)
    return Listed[ScenarioOut](
        items=[
            ScenarioOut(
                id=row.id,
                title=row.title,
                flow=row.flow,
                text=row.text,
                author=row.author,
                updated=row.updated_at,
            )
            for row in rows
        ]
    )


class PronunciationOut(Answer):
    """How a word is said since when; empty: left to the voice again."""

    language: str
    word: str
    said: str
    revision: int
    author: str
    since: At


@operation(
    "GET",
    "/pronunciations",
    _l("Words that staff have spoken for"),
    page="pronunciations.words",
    scope="content:read",
    answer=Listed[PronunciationOut],
    name="pronunciations",
)
def words() -> Listed[PronunciationOut]:
    """Last changed first."""
    with desk().database.read() as session:
        rows = pronunciations.everything(session)
    return Listed[PronunciationOut](
        items=[
            PronunciationOut(
                language=row.language,
                word=row.word,
                said=row.said,
                revision=row.revision,
                author=row.author,
                since=row.created_at,
            )
            for row in rows
        ]
    )
