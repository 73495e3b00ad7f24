"""Findings about a part as it was read: they replace those of the last time."""

from ..values import clean_text
from .corrected import AREA
from .job import Job


def note_findings(job: Job) -> None:
    """Keep what was found in a part, beside the rows that cannot be loaded; of added rows beside those before."""
    if not job.continued:
        # What a file says that other files do not is found again with that file alone.
        of_files = f"and area <> '{AREA}'" if job.adds else ""
        job.execute(f"delete from main.findings where input_id = :input_id {of_files}")
    for area, problem, rows, example, action in job.findings:
        job.execute(
            "insert into main.findings (source_id, input_id, area, problem, rows, example, action)"
            " values (:source_id, :input_id, :area, :problem, :rows, :example, :action)"
            f" on conflict do update set rows = {'rows + ' if job.continued else ''}excluded.rows,"
            " example = excluded.example, action = excluded.action",
            area=area,
            problem=problem,
            rows=rows,
            example=clean_text(example),
            action=action,
        )
