"""A pipeline that is named like a person, read before its name was kept private and again since."""

from contextlib import closing
from pathlib import Path

from helpers.report_database import ReportDatabase

from storyreport import schema
from storyreport.upkeep import scrub
from storyreport.upkeep.doctor import examine


def test_it_becomes_one_with_its_steps(db: ReportDatabase, tmp_path: Path) -> None:
    (tmp_path / "attempts.csv").write_text(
        "run,pipeline,step,status,started_at,ended_at\n"
        "r1,ann@example.org,load,completed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z\n"
        "r2,films,load,completed,2026-03-01T10:00:00Z,2026-03-01T10:00:10Z\n",
        "utf-8",
    )
    db.ingest(tmp_path / "attempts.csv")
    assert db.sql("select count(*) from pipelines where name like '%@%'") == [(0,)]
    (kept,) = db.sql("select id, name from pipelines where name <> 'films'")
    with closing(schema.connect(db.path)) as connection:
        connection.execute("insert into pipelines values (7, 1, 'ann@example.org')")
        connection.execute("insert into steps values (7, 1, 7, 'load', 'load', null)")
        connection.execute("update runs set pipeline_id = 7 where source_key = 'r1'")
        connection.execute(
            "update step_runs set step_id = 7 where run_id = (select id from runs where pipeline_id = 7)"
        )
    scrub.scrub(db.path)
    assert db.sql("select id, name from pipelines where name <> 'films'") == [kept]
    assert db.sql("""
        select count(*), count(distinct step_id), count(distinct steps.pipeline_id)
        from step_runs
        join steps on steps.id = step_id""") == [(2, 2, 2)]
    assert db.sql("select pipeline_id from runs where source_key = 'r1'") == [(kept[0],)]
    assert examine(db.path, repair=True) is not None
    assert examine(db.path) == []
