"""What the counters must be, by one statement over the facts as they stand on the bus; it shares nothing with the fold.

Every register becomes one row, every engagement and every review one line of what its registers come to, and every line
names the cells it counts in.
"""

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events import Envelope, encode

Truth = dict[tuple[UUID, str, date], dict[str, int]]

ORACLE = """
WITH told AS (
    SELECT (body->>'id')::uuid AS id, split_part(body->>'type', '.', 3) AS said, data, data->>'tenant' AS tenant,
        (data->>'specialist_id')::uuid AS specialist_id, (data->>'review_id')::uuid AS review_id,
        coalesce(data->>'request_id', data->>'conversation_id')::uuid AS request_id,
        (data->>'at')::timestamptz AS at, (data->>'version')::int AS version
    FROM raw_events, jsonb_extract_path(body, 'data') AS data
    WHERE data->>'specialist_id' IS NOT NULL),

earliest AS (
    SELECT DISTINCT ON (request_id, specialist_id, tenant, register) *
    FROM told JOIN (VALUES
        ('RequestAccepted', 'opening'), ('FirstReplySent', 'reply'), ('ClientReached', 'reply'),
        ('SessionPurchased', 'purchase'), ('ClientRefused', 'refusal'), ('RequestWithdrawn', 'withdrawal'),
        ('RequestReleased', 'release')
    ) AS kind (said, register) USING (said)
    WHERE (said <> 'SessionPurchased' OR (data->>'number')::int >= 2)
        AND (said <> 'RequestReleased' OR data->>'reason' <> 'silent')
    ORDER BY request_id, specialist_id, tenant, register, at, id),

latest AS (
    SELECT DISTINCT ON (request_id, specialist_id, tenant, register, data->>'session_id') *
    FROM told JOIN (VALUES
        ('SessionHeld', 'session'), ('SessionVoided', 'session'), ('ExclusionDecided', 'ruling'),
        ('EngagementMerged', 'merge'), ('PurchaseVoided', 'unpaid')
    ) AS kind (said, register) USING (said)
    WHERE said <> 'PurchaseVoided' OR (data->>'number')::int = 2
    ORDER BY request_id, specialist_id, tenant, register, data->>'session_id', version DESC, id DESC),

engagement AS (  -- but for sessions, an aggregate here is over one row: it only puts registers side by side
    SELECT request_id, specialist_id, tenant,
        min(at) FILTER (WHERE register = 'opening') AS opened,
        bool_or((data->>'one_off')::boolean) FILTER (WHERE register = 'opening') AS one_off,
        min((data->>'reply_due')::timestamptz) FILTER (WHERE register = 'opening') AS due,
        min(at) FILTER (WHERE register = 'reply') AS replied,
        min(at) FILTER (WHERE register = 'withdrawal') AS withdrew,
        min(at) FILTER (WHERE register = 'release') AS released,
        CASE WHEN NOT coalesce(bool_or((data->>'void')::boolean), false)
            THEN min(at) FILTER (WHERE register = 'purchase') END AS bought,
        min(id::text) FILTER (WHERE register = 'purchase') AS purchase,
        min(at) FILTER (WHERE register = 'refusal') AS refused,
        min(id::text) FILTER (WHERE register = 'refusal') AS refusal,
        count(*) FILTER (WHERE said = 'SessionHeld') AS held,
        coalesce(bool_or((data->>'merged')::boolean), false) AS merged,
        coalesce(bool_or((data->>'excluded')::boolean), false) AS struck,
        min(data->>'scope') FILTER (WHERE register = 'ruling') AS scope,
        min(data->>'ground') FILTER (WHERE register = 'ruling') AS ground
    FROM (TABLE earliest UNION ALL TABLE latest) AS register
    GROUP BY request_id, specialist_id, tenant),

derived AS (
    SELECT specialist_id, tenant, (opened AT TIME ZONE 'UTC')::date AS day,
        one_off, merged, held, held > 0 AS won, due, replied, replied - opened AS wait, bought, ground, struck,
        released IS NOT NULL AND held = 0 AS was_released, released < coalesce(replied, 'infinity') AS freed,
        struck AND scope IN ('pre_session', 'conversion') AS struck_from_conversion,
        struck AND scope IN ('pre_session', 'effectiveness') AS struck_from_effectiveness,
        held = 0 AND withdrew IS NOT NULL AND withdrew < due
            AND (replied IS NULL OR withdrew < replied) AS withdrew_early,
        held > 0 AND refused IS NOT NULL
            AND (bought IS NULL OR (refused, refusal::uuid) < (bought, purchase::uuid))
        OR held > 0 AND released IS NOT NULL AND bought IS NULL AS was_refused
    FROM engagement WHERE opened IS NOT NULL),

stood AS (
    SELECT *, CASE WHEN merged THEN 'merged' WHEN struck_from_conversion THEN 'excluded' WHEN won THEN 'won'
        WHEN withdrew_early THEN 'withdrawn' WHEN was_released THEN 'released' ELSE 'lost' END AS standing,
        NOT merged AND NOT withdrew_early AS exposed,
        won AND NOT merged AND NOT one_off AND NOT was_refused AS retainable
    FROM derived),

review AS (
    SELECT specialist_id, tenant, review_id,
        (min(at) FILTER (WHERE said LIKE 'Review%') AT TIME ZONE 'UTC')::date AS day,
        (array_agg(data->>'stars' ORDER BY version DESC, id DESC) FILTER (WHERE said LIKE 'Review%'))[1]::int AS stars,
        coalesce((array_agg(said ORDER BY version DESC, id DESC) FILTER (WHERE said LIKE 'Problem%'))[1],
            'none') = 'ProblemSolved' AS annulled
    FROM told WHERE review_id IS NOT NULL GROUP BY specialist_id, tenant, review_id),

gauge AS (
    SELECT specialist_id, tenant, (data->>'day')::date AS day, max((data->>'views')::int) AS views
    FROM told WHERE said = 'ProfileViewsCounted' GROUP BY specialist_id, tenant, day, data->>'source'),

cell AS (
    SELECT specialist_id, tenant, day, metric, n
    FROM stood, LATERAL (VALUES
        (standing, 1),
        (CASE WHEN standing IN ('won', 'lost') AND one_off THEN 'one_off' END, 1),
        (CASE WHEN was_refused AND NOT merged THEN 'refused' END, 1),
        (CASE WHEN exposed AND NOT struck_from_effectiveness AND NOT was_released THEN 'contacts'
            WHEN exposed AND struck_from_effectiveness AND ground IN ('spam', 'platform_test') THEN 'unviewed' END, 1),
        (CASE WHEN exposed AND NOT struck_from_effectiveness AND won THEN 'gained' END, 1),
        (CASE WHEN retainable AND bought IS NOT NULL THEN 'kept' WHEN retainable THEN 'gone' END, 1),
        (CASE WHEN retainable THEN 'sessions' END, held),
        (CASE WHEN replied <= due THEN 'in_time'
            WHEN (struck OR merged OR withdrew_early OR was_released AND freed) AND NOT won THEN 'forgiven'
            WHEN replied IS NOT NULL THEN 'late' ELSE 'unanswered' END, 1),
        (CASE WHEN wait <= interval '4 s' THEN 'waited_4s' WHEN wait <= interval '8 s' THEN 'waited_8s'
            WHEN wait <= interval '16 s' THEN 'waited_16s' WHEN wait <= interval '32 s' THEN 'waited_32s'
            WHEN wait <= interval '64 s' THEN 'waited_64s' WHEN wait <= interval '128 s' THEN 'waited_128s'
            WHEN wait <= interval '256 s' THEN 'waited_256s' WHEN wait <= interval '512 s' THEN 'waited_512s'
            WHEN wait <= interval '1024 s' THEN 'waited_17m' WHEN wait <= interval '2048 s' THEN 'waited_34m'
            WHEN wait <= interval '4096 s' THEN 'waited_68m' WHEN wait IS NOT NULL THEN 'waited_longer' END, 1)
    ) AS counts (metric, n)
    UNION ALL
    SELECT specialist_id, tenant, day, metric, n
    FROM review, LATERAL (VALUES
        (CASE WHEN annulled THEN 'annulled' ELSE 'reviews' END, 1), (CASE WHEN NOT annulled THEN 'stars' END, stars)
    ) AS counts (metric, n)
    WHERE day IS NOT NULL
    UNION ALL
    SELECT specialist_id, tenant, day, 'views', views FROM gauge)

SELECT specialist_id, tenant, day, metric, sum(n) FROM cell
WHERE metric IS NOT NULL GROUP BY specialist_id, tenant, day, metric HAVING sum(n) <> 0
"""


async def oracle(tx: AsyncSession, events: list[Envelope], statement: str = ORACLE) -> Truth:
    """What the distinct events come to: every count that is not nothing."""
    # It is large and slow and nobody waits for it; what may not take long is the services' own.
    await tx.execute(sa.text("SET LOCAL statement_timeout = 0"))
    await tx.execute(sa.text("CREATE TEMP TABLE raw_events (body jsonb) ON COMMIT DROP"))
    bodies = [encode(event).decode() for event in events]
    await tx.execute(
        sa.text("INSERT INTO raw_events SELECT CAST(body AS jsonb) FROM unnest(CAST(:bodies AS text[])) AS body"),
        {"bodies": bodies},
    )
    await tx.execute(sa.text("ANALYZE raw_events"))
    truth: Truth = {}
    for *day, metric, n in (await tx.execute(sa.text(statement))).all():
        truth.setdefault((*day,), {})[metric] = int(n)
    return truth
