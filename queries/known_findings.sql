/*
title: Known findings
description: >-
  Findings that were acknowledged and are left out of the home page's list, of the command check and of the digest, by
  check and source. The count is that of the time when they were acknowledged. What was acknowledged until a day that
  has passed is left out. `storyreport ack` adds to them.
topic: Data
params:
  source: {type: source, help: one source only}
*/
select
    acknowledgements.check_name as "check",
    sources.name as source,
    count(*) as count,
    acknowledgements.until_day as until,
    nullif(acknowledgements.note, '') as note,
    acknowledgements.acknowledged_at
from acknowledgements
join acknowledged_findings as findings on findings.acknowledgement_id = acknowledgements.id
join sources on sources.id = findings.source_id
where
    (:source = '' or sources.name = :source)
    and (acknowledgements.until_day is null or acknowledgements.until_day >= date('now'))
group by acknowledgements.id, sources.id
order by count desc, acknowledgements.check_name, source
