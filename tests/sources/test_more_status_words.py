"""Status words of more tools, by their own documentation: queues, orchestrators, clouds, and members of enums."""

from pathlib import Path

from helpers.report_database import ReportDatabase

# BullMQ, Ray, SLURM, Luma, MediaConvert, Conductor, DBOS, Midjourney's proxies, Kestra, Step Functions.
# Buildkite, Oban and River, Trigger.dev, Snowflake, Flyte, CodePipeline, Camunda, Power Automate, Kubernetes, Travis,
# Databricks; names of enums in Python, Google and GitHub style.
# ECS, Slurm, LSF, HTCondor, Oozie, Fivetran, Tekton, Hatchet, Zapier, Snowflake, Zeebe.
# Activepieces, Dify, Drone, Jenkins, Prefect, Procrastinate, systemd, Tekton, Vertex.
# Spinnaker, Harness, Cromwell, Ansible, Terraform, LSF, Suno, gRPC, kubectl, Azure ML.
# sacct, which adds a user's number; members of enums of Airflow, Dagster, dbt and rq.
# EMR, Rundeck, Mage, Dagster, Temporal, Azure DevOps, Oozie, Conductor.
MEANINGS = {
    "queued": ["assigned", "DEQUEUED", "PEND", "limiting", "available", "NOT_START",
               "PENDING_NODE_ASSIGNMENT", "REQUEUE_FED", "BOOTSTRAPPING", "PREP", "JobStatus.QUEUED",
               "TaskState.PENDING", "ACTIVATING", "platform_limited", "PREMATER",
               "InfrastructurePending", "Submitting", "BUFFERED", "validating_files"],
    "running": ["PROGRESSING", "rendering", "busy", "STAGE_OUT", "shutdown",
                "timing_out", "ABORTING", "DYNAMIC_RUNNING", "REATTEMPTING", "RunStatus.in_progress",
                "DEPROVISIONING", "draining", "RESIZING", "Transferring Output", "RUNNINGWITHERROR",
                "JOB_STATE_RESOURCE_CLEANING_UP", "CANCEL_PENDING", "querying", "doing", "CancelRequested",
                "FIRST_SUCCESS", "STOP_REQUESTED"],
    "waiting": ["BREAKPOINT", "waiting_for_callback", "retryable", "Awaiting", "FROZEN", "waiting-for-event",
                "PSUSP", "PREPSUSPENDED", "waiting_on_dependencies", "ResourceWaiting", "wait",
                "JobStatus.DEFERRED", "TaskInstanceState.UP_FOR_RETRY"],
    "blocked": ["waiting_for_input", "PAUSED_PENDING_INPUT", "ApprovalWaiting"],
    "skipped": ["CONDITION_FAILED", "NOT_TRIGGERED", "UpToDate", "filtered"],
    "completed": ["PIPELINE_STATE_SUCCEEDED", "RUN_STATUS_COMPLETED", "STATUS_SUCCESS", "JobStatus.FINISHED",
                  "State.SUCCESS", "RECOVERED", "SUCCESS_WITH_FAILURES", "buildPassed", "Materialized",
                  "Completed successfully", "rendered", "Published", "succeeded after retry", "changed",
                  "planned_and_finished", "DagsterRunStatus.SUCCESS", "TestStatus.Pass"],
    "failed": ["ERR", "KO", "TimeoutError", "CreateContainerConfigError", "InvalidImageName", "RUN_EXECUTION_ERROR",
               "FAILED_WITH_TERMINAL_ERROR", "RETRIES_EXCEEDED", "moderation_blocked", "Content Moderated",
               "TaskStatus.FAILED", "BUILD_FAILED", "EXECUTION_STATUS_FAILED", "PipelineRunTimeout", "Faulted",
               "ImagePullBackOff", "ErrImagePull", "discarded", "DEAD_LETTERED", "max-retries-exceeded",
               "FAILED_AND_AUTO_SUSPENDED", "SYSTEM_FAILURE", "WorkflowExecutionTimedOut", "validation_failed",
               "TERMINATED_WITH_ERRORS", "failed-with-retry", "HeartbeatTimeout", "partiallySucceeded", "not ok",
               "DONEWITHERROR", "SPECIAL_EXIT", "FAILURE_WITH_TASK", "ZOMBI", "SCHEDULING_TIMED_OUT",
               "PipelineValidationFailed", "TaskRunImagePullFailed", "ERROR_THROWN", "FAILED_WITH_INCIDENT",
               "MEMORY_LIMIT_EXCEEDED", "SCHEDULER_FAILURE", "exit-code", "core-dump", "partial-succeeded",
               "TERMINAL", "EXIT", "RetryableFailure", "unreachable", "RESOURCE_EXHAUSTED", "Init:CrashLoopBackOff",
               "DagRunState.FAILED", "heartbeat lost"],
    "cancelled": ["Superseded", "EXTERNALLY_TERMINATED", "TaskRunCancelled", "aborted_by_user", "halted",
                  "USER_ABORTED", "CANCELLED_BY_CONCURRENCY_LIMIT", "Spot interruption",
                  "CancelledRunFinally", "declined", "force_canceled", "AbortedByFreeze",
                  "CANCELLED by 1000", "DagsterRunStatus.CANCELED", "StoppedByUser"],
}  # fmt: skip
# Words that tools use for different things, and what only looks like one.
UNKNOWN = ["accepted", "partially_completed", "completed_with_errors", "open", "closed", "taskmaster", "run", "state."]


def test_words_of_more_tools(db: ReportDatabase, tmp_path: Path) -> None:
    expected = {word: meaning for meaning, words in MEANINGS.items() for word in words} | dict.fromkeys(UNKNOWN)
    rows = (f"{number},r,s{number},{word},2026-03-01T10:00:00Z" for number, word in enumerate(expected))
    (path := tmp_path / "words.csv").write_text("\n".join(["id,run,step,status,started_at", *rows]) + "\n", "utf-8")
    db.ingest(path)
    assert dict(db.sql("select source_status, status from step_runs")) == expected
    found = {row["example"] for row in db.report("data_quality") if row["area"] == "statuses"}
    assert found == set(UNKNOWN)
