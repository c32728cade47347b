"""Proof in daily life: sampled specialists' counters, recomputed from what is known of each entity, in SQL alone."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.stats.domain import METRICS, Policy
from services.stats.domain.cells import WAIT_ENDS, WAITS

_ANY = "coalesce(sum({0}), 0) AS {0}"
_ENDS = ", ".join(map(str, WAIT_ENDS))
_WAITS = ",\n".join(
    f"CAST(begun AND replied IS NOT NULL AND bucket = {place} AS int) AS {metric}" for place, metric in enumerate(WAITS)
)
_DIFFER = " OR ".join(f"truth.{metric} <> counters.{metric}" for metric in METRICS)
_TOTALS = ", ".join(_ANY.format(metric) for metric in METRICS)

SHARE = text("""
    SELECT CASE WHEN reltuples > :days THEN 100.0 * :days / reltuples ELSE 100 END
    FROM pg_class WHERE oid = CAST('counters' AS regclass)
""")
SAMPLE = text("""
    SELECT DISTINCT specialist_id, tenant FROM counters TABLESAMPLE SYSTEM (:share) WHERE generation = :generation
""")
# Registers of JSON as columns, then every count by its definition. None of this is shared with the fold.
MISMATCHES = text(f"""
    WITH known AS (
        SELECT states.* FROM (
            SELECT DISTINCT entity_kind, entity_id FROM journal
            WHERE generation = :generation AND specialist_id = :specialist_id AND tenant = :tenant) AS told
        CROSS JOIN LATERAL (
            SELECT * FROM states WHERE generation = :generation AND kind = entity_kind AND id = entity_id
                AND specialist_id = :specialist_id AND tenant = :tenant OFFSET 0) AS states
        WHERE day IS NOT NULL),
    register AS (
        SELECT kind, day, kind = 'engagement' AS begun,
            CAST(state->'opening'->>0 AS timestamptz) AS opened, CAST(state->'opening'->>2 AS boolean) AS one_off,
            CAST(state->'opening'->>3 AS timestamptz) AS due, CAST(state->'reply'->>0 AS timestamptz) AS replied,
            CAST(state->'withdrawal'->>0 AS timestamptz) AS withdrawn_at,
            CAST(state->'release'->>0 AS timestamptz) AS released_at,
            CAST(state->'refusal'->>0 AS timestamptz) AS refused_at, CAST(state->'refusal'->>1 AS uuid) AS refused_by,
            CASE WHEN state->'unpaid'->>2 IS DISTINCT FROM 'true' THEN CAST(state->'purchase'->>0 AS timestamptz) END
                AS bought_at, CAST(state->'purchase'->>1 AS uuid) AS bought_by,
            coalesce(CAST(state->'ruling'->>2 AS boolean), false) AS struck, state->'ruling'->>4 AS ground,
            state->'ruling'->>5 AS scope, coalesce(CAST(state->'merge'->>2 AS boolean), false) AS merged,
            (SELECT count(*) FROM jsonb_each(state->'sessions') AS s (id, it) WHERE CAST(it->>2 AS boolean)) AS held,
            CAST(state->'score'->>2 AS int) AS score, coalesce(CAST(state->'annulment'->>2 AS boolean), false) AS void,
            CAST(state->>'views' AS int) AS seen
        FROM known),
    judged AS (
        SELECT *, begun AND NOT merged AND struck AND scope IN ('pre_session', 'conversion') AS out,
            begun AND struck AND scope IN ('pre_session', 'effectiveness') AS unseen,
            begun AND held = 0 AND coalesce(withdrawn_at < due AND (replied IS NULL OR withdrawn_at < replied), false)
                AS early,
            begun AND held > 0 AND NOT merged AND (refused_at IS NOT NULL
                AND (bought_at IS NULL OR (refused_at, refused_by) < (bought_at, bought_by))
                OR released_at IS NOT NULL AND bought_at IS NULL) AS parted,
            held = 0 AND released_at IS NOT NULL AS ended,
            width_bucket(extract(epoch FROM replied - opened) - 0.0000001, CAST(ARRAY[{_ENDS}] AS numeric[])) AS bucket
        FROM register),
    placed AS (
        SELECT *, begun AND NOT merged AND NOT out AS counts, begun AND NOT merged AND NOT early AS product,
            begun AND held > 0 AND NOT merged AND NOT parted AND NOT one_off AS retained,
            held = 0 AND (struck OR merged OR early OR ended AND coalesce(released_at < replied, true)) AS pardoned
        FROM judged),
    counted AS (
        SELECT day,
            CAST(counts AND held > 0 AS int) AS won,
            CAST(counts AND held = 0 AND NOT early AND NOT ended AS int) AS lost,
            CAST(out AS int) AS excluded, CAST(counts AND early AS int) AS withdrawn,
            CAST(counts AND ended AND NOT early AS int) AS released,
            CAST(begun AND merged AS int) AS merged,
            CAST(counts AND NOT early AND NOT ended AND one_off AS int) AS one_off,
            CAST(parted AS int) AS refused,
            CAST(product AND NOT unseen AND NOT ended AS int) AS contacts,
            CAST(product AND NOT unseen AND held > 0 AS int) AS gained,
            CAST(product AND unseen AND ground = ANY(CAST(:views_leave AS text[])) AS int) AS unviewed, seen AS views,
            CAST(retained AND bought_at IS NOT NULL AS int) AS kept,
            CAST(retained AND bought_at IS NULL AS int) AS gone,
            CASE WHEN retained THEN held ELSE 0 END AS sessions,
            CAST(begun AND replied <= due AS int) AS in_time,
            CAST(begun AND NOT coalesce(replied <= due, false) AND pardoned AS int) AS forgiven,
            CAST(begun AND replied > due AND NOT pardoned AS int) AS late,
            CAST(begun AND replied IS NULL AND NOT pardoned AS int) AS unanswered,
            {_WAITS},
            CAST(kind = 'review' AND score IS NOT NULL AND NOT void AS int) AS reviews,
            CASE WHEN kind = 'review' AND NOT void THEN score END AS stars,
            CAST(kind = 'review' AND score IS NOT NULL AND void AS int) AS annulled
        FROM placed),
    truth AS (SELECT day, {_TOTALS} FROM counted GROUP BY day),
    told AS (
        SELECT day, {_TOTALS} FROM journal
        WHERE generation = :generation AND specialist_id = :specialist_id AND tenant = :tenant GROUP BY day),
    kept_count AS (
        SELECT * FROM counters
        WHERE generation = :generation AND specialist_id = :specialist_id AND tenant = :tenant)
    SELECT counters.day FROM kept_count AS counters LEFT JOIN truth USING (day)
    WHERE truth.day IS NULL AND ({" OR ".join(f"counters.{metric} <> 0" for metric in METRICS)}) OR {_DIFFER}
    UNION SELECT day FROM truth WHERE NOT EXISTS (SELECT FROM kept_count WHERE kept_count.day = truth.day)
        AND ({" OR ".join(f"truth.{metric} <> 0" for metric in METRICS)})
    UNION SELECT counters.day FROM kept_count AS counters LEFT JOIN told AS truth USING (day)
    WHERE truth.day IS NULL OR {_DIFFER}
""")  # noqa: S608 - put together from the names of the metrics


class Mismatch(NamedTuple):
    """A day whose counters are not what is known of its entities, or not what the journal adds up to."""

    specialist_id: UUID
    day: date


async def mismatches(
    tx: AsyncSession, specialist_id: UUID, tenant: str, *, generation: int, policy: Policy
) -> list[Mismatch]:
    """The days of a specialist on which state, journal and counters do not agree; none, ever."""
    asked = {
        "generation": generation, "specialist_id": specialist_id, "tenant": tenant,
        "views_leave": sorted(policy.views_leave),
    }  # fmt: skip
    return [Mismatch(specialist_id, day) for day in (await tx.scalars(MISMATCHES, asked)).all()]


async def sampled(tx: AsyncSession, *, generation: int, days: int) -> list[tuple[UUID, str]]:
    """The specialists of about so many counted days, from anywhere in the table; of a small one everybody's."""
    share = await tx.scalar(SHARE, {"days": days})
    rows = await tx.execute(SAMPLE, {"generation": generation, "share": share})
    return [(id, tenant) for id, tenant in rows.all()]
