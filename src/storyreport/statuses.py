"""What the status words of pipelines mean, whatever tool wrote them and in whatever spelling.

A word is known in any case, its parts joined by a space, a dash, an underscore or nothing: timed_out is TimedOut,
TIMED-OUT and "timed out". What a system says of its own words precedes this table, what a user says precedes both.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path

from .errors import UsageError
from .system import STATUSES

STORED = Path(__file__).with_name("stored") / "status_words.txt"
# Meaning → words in lower case, their parts joined by `_`, as Airflow, Argo, AWS, Azure, Buildkite, Celery, CircleCI,
# Dagster, Databricks, dbt, GitHub, GitLab, huey, Jenkins, Kestra, Kubernetes, Luigi, n8n, Prefect, rq, SLURM, Temporal
# and others write them. Words that tools use for different things (unknown, stale, unstable, disabled, closed) are not
# here: a guess would count wrong silently, an unknown word is a finding.
WORDS = {
    "queued": """
        queued enqueued in_queue queueing requeued pending scheduled created creating new requested submitted received
        waiting_to_run waiting_for_worker not_started not_yet_started not_running starting late delayed prioritized
        runnable ready preparing initializing initialising provisioning configuring booting container_creating
        pod_initializing pod_scheduled todo to_do planned unscheduled validating assigned limited
        limiting dequeued pend queued_for_retry backlog available not_start requeue_fed allocated dispatched
        pending_version waiting_for_deploy pending_args_avail pending_node_assignment submitted_to_worker initial
        bootstrapping prep awaiting_quota infrastructure_pending submitting
        activating platform_limited platform_limiting premater
        validating_files buffered
        """,
    "running": """
        running started active in_progress inprogress progress processing executing ongoing working building retrying
        restarting restarted resuming resumed rerunning re_running batch_running generating finishing finalizing
        completing succeeding failing canceling cancelling killing terminating stopping aborting revoking suspending
        pausing timing_out erroring rolling_back dynamic_running reattempting busy progressing rendering
        transcribing encoding transcoding uploading downloading signaling stage_out preempting shutdown sensing
        syncing testing deploying pulling exporting indexing analyzing analysing training evaluating ingesting
        transforming converting publishing reverting
        deactivating deprovisioning draining resizing transferring_output querying sending connecting cancel_pending
        doing resource_cleaning_up cleaning_up reloading removing playing running_with_error running_with_errors
        cancel_requested discontinuing dreaming first_success stop_requested kill_requested terminate_requested
        """,
    "waiting": """
        waiting paused suspended deferred sleeping rescheduled up_for_reschedule up_for_retry retry awaiting_retry
        awaiting_concurrency_slot waiting_for_retry wait_for_retry waiting_for_resource waiting_for_resources
        waiting_for_dependencies waiting_children pending_retry retry_scheduled scheduled_for_retry retry_pending
        pending_redrive back_off backing_off throttled
        rate_limited requires_action awaiting retryable snoozed postponed waiting_for_callback breakpoint
        frozen waiting_for_event waiting_for_signal waiting_to_resume
        waiting_on_dependencies prep_suspended paused_with_error suspended_with_error psusp ususp ssusp paused_by_user
        retry_wait scheduled_retry will_retry
        wait async_waiting resource_waiting
        """,
    "completed": """
        completed complete success successful successfully succeeded succeed done ok okay finished finish pass passed
        passing neutral warn warning warned cached fixed fulfilled continued_as_new success_criteria_met
        complete_success finished_successfully finished_ok passed_with_warnings recovered
        success_with_info success_with_failures text_success
        completed_with_warnings succeeded_with_warnings succeeded_with_issues success_with_warnings all_done
        completed_successfully ran_successfully materialized processed generated rendered built
        uploaded exported synced deployed published retry_success success_after_retry succeeded_after_retry
        ok_with_warnings finished_with_warnings done_with_warnings changed unchanged applied planned_and_finished
        """,
    "failed": """
        failed failure fail failures error errored errors erred exception crashed crash timeout timed_out time_out
        broken dead lost expired evicted rejected unsuccessful retried startup_failure start_failed
        launch_failed launch_failure runtime_error internal_error system_error infrastructure_fail
        infrastructure_failure partial_success out_of_memory out_of_me+ oom_killed oom crash_loop_back_off deadline
        deadline_exceeded backoff_limit_exceeded boot_fail node_fail failed_with_timeout
        maximum_concurrent_runs_reached permanently_failed fatal build_failed finished_failed failed_permanently
        failed_and_auto_suspended failed_quota faulted fault died zombie discarded poisoned unrecoverable
        dead_letter dead_lettered gave_up retries_exhausted retry_exhausted max_retries_exceeded max_attempts_exceeded
        quota_exceeded validation_failed validation_error content_filtered policy_violation system_failure unauthorized
        image_pull_back_off err_image_pull create_task_failed generate_audio_failed sensitive_word_error oom_kill
        err nok ko errored_out timeout_error connection_error crash_looping partially_failed init_failure node_lost
        create_container_error create_container_config_error run_container_error container_cannot_run
        invalid_image_name err_image_never_pull start_error run_execution_error invalid_cluster_request driver_error
        cluster_error cloud_failure failed_with_terminal_error retries_exceeded max_recovery_attempts_exceeded
        moderation_blocked content_policy_violation content_moderated request_moderated nsfw_detected
        terminated_with_errors bootstrap_failure partially_succeeded failed_with_retry failed_with_retries
        heartbeat_timeout activity_timeout execution_timeout execution_timed_out unexpected_error unhandled_exception
        unknown_error api_error rate_limit_exceeded parse_error
        infra_failure infra_failed not_ok test_failed step_failure
        failure_with_task sync_failed special_exit done_with_error done_with_errors scheduling_timed_out zombi
        error_thrown failed_with_error failed_with_errors failed_with_incident incident lost_heartbeat killed_by_oom
        heartbeat_lost
        memory_limit_exceeded log_size_exceeded scheduler_failure exit_code core_dump unblocked_failed partial_succeeded
        pipeline_validation_failed couldnt_get_task task_run_image_pull_failed unsuccessfully not_successful
        terminal failed_continue exit executor_error retryable_failure soft_failed unreachable callback_exception
        resource_exhausted failed_precondition invalid_argument permission_denied unauthenticated timeout_exceeded
        init:error init:crash_loop_back_off init:oom_killed init:image_pull_back_off init:err_image_pull
        """,
    "cancelled": """
        cancelled canceled cancel cancelled+ aborted abort abandoned interrupted killed kill revoked stopped terminated
        removed preempted withdrawn user_cancelled user_canceled cancelled_by_user canceled_by_user
        upstream_cancelled upstream_canceled halted halt stop manually_cancelled manually_canceled manual_cancel
        cancelled_by_system canceled_by_system system_cancelled system_canceled aborted_by_user externally_terminated
        internally_terminated superseded deleted user_aborted terminated_by_user
        cancelled_run_finally stopped_run_finally declined
        cancelled_by_concurrency_limit terminated_by_system spot_interruption spot_terminated
        force_canceled force_cancelled aborted_by_freeze cancelled_by_parent canceled_by_parent
        stopped_by_user killed_by_user
        """,
    "skipped": """
        skipped skip omitted upstream_failed no_op noop not_built not_run not_executed not_needed ignored excluded
        bypassed dependency_failed depends_failed waiting_failed
        condition_failed not_triggered up_to_date already_done not_applicable filtered blocked_failed
        """,
    "blocked": """
        blocked on_hold held manual action_required approval_required needs_approval awaiting_approval
        waiting_for_approval pending_approval input_required auth_required needs_attention requeue_hold resv_del_hold
        waiting_for_input waiting_for_human paused_pending_input approval_waiting intervention_waiting
        """,
}
# What enums put before their members.
PREFIXES = ("workflow_execution_status", "activity_execution_status", "job_state", "task_state", "run_state", "state")
# What is put before a few plain words: TaskStatus.FAILED, PIPELINE_STATE_SUCCEEDED, RunStatus.COMPLETED, build_failed.
NOUNS = (
    *("task", "job", "run", "workflow", "pipeline", "flow", "build", "step", "stage", "execution", "process", "state"),
    "status",
    *(
        "task_status",
        "task_state",
        "job_status",
        "run_status",
        "workflow_status",
        "pipeline_status",
        "pipeline_state",
        "flow_status",
    ),
    *("build_status", "step_status", "execution_status", "execution_state", "workflow_state", "workflow_execution"),
    *("state_type", "celery_state", "pipeline_run", "task_run", "flow_run", "dag_run", "workflow_run"),
)
PLAIN_WORDS = """
    queued pending scheduled created submitted started running in_progress processing paused waiting retrying completed
    complete success succeeded successful finished done passed failed failure error errored crashed timeout timed_out
    expired rejected cancelled canceled aborted killed stopped terminated skipped cancelling blocked
"""
# Enums of Airflow, Dagster, dbt, Temporal and rq, as Python prints their members, and what these are called.
ENUMS = ("taskinstancestate", "dagrunstate", "dagsterrunstatus", "nodestatus", "teststatus", "workflowexecutionstatus")
MEMBERS = (*(f"{enum}." for enum in ENUMS), "jobstatus.")
MEMBER_WORDS = f"{PLAIN_WORDS} deferred up_for_retry up_for_reschedule upstream_failed restarting pass fail warn"
# "" last: a word that is spelled with separators elsewhere is still found where they were left out.
SEPARATORS = ("_", "-", " ", "")
# Beyond so many parts, all of them are joined alike.
FREELY_JOINED = 4
PARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s_-]+")
LONGEST_WORD = 200


def given(pairs: Iterable[str]) -> dict[str, str]:
    """What a user says that words mean: WORD=MEANING texts → folded word → meaning; UsageError where one cannot be."""
    meanings: dict[str, str] = {}
    for pair in pairs:
        written, equals, meaning = pair.rpartition("=")
        word = fold(written)
        if not equals or not word or len(word) > LONGEST_WORD or not word.isprintable():
            raise UsageError(f"{pair!r} is not WORD=MEANING: write --status timed_out=failed.")
        meaning = fold(meaning)
        if meaning not in STATUSES:
            raise UsageError(f"--status {pair}: {meaning!r} is not a meaning; it must be one of {', '.join(STATUSES)}.")
        if meanings.setdefault(word, meaning) != meaning:
            raise UsageError(f"--status gives {written!r} two meanings, {meanings[word]} and {meaning}: keep one.")
    return meanings


def fold(word: str) -> str:
    """A word in lower case, its parts joined by `_`: TimedOut, timed-out → timed_out."""
    return "_".join(_lower(part) for part in PARTS.split(word.strip()) if part)


def spellings(own: Mapping[str, str], users: Mapping[str, str]) -> dict[str, str]:
    """Every spelling of every word in lower case → its meaning: of ours, of a system's own words, of a user's."""
    return {**_ours(), **_theirs(own, users)}


def as_json(own: Mapping[str, str], users: Mapping[str, str]) -> tuple[str, str]:
    """The same as two JSON objects: ours, sorted, and those that precede them."""
    return _ours_as_json(), json.dumps(_theirs(own, users))


def to_store() -> str:
    """What is stored of our words, for to spell them takes longer than to load a few rows: their version and JSON."""
    return f"{version()}\n{json.dumps(_ours(), sort_keys=True, separators=(',', ':'))}\n"


@cache
def version() -> str:
    """Differs once a word of ours means something else."""
    words = (WORDS, PREFIXES, NOUNS, PLAIN_WORDS, MEMBERS, MEMBER_WORDS)
    return hashlib.sha256(repr(words).encode()).hexdigest()[:16]


@cache
def _ours_as_json() -> str:
    try:
        noted, _, words = STORED.read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        # Before it is generated.
        noted = words = ""
    return words if noted == version() else to_store().partition("\n")[2]


def _theirs(own: Mapping[str, str], users: Mapping[str, str]) -> dict[str, str]:
    return {**dict(spelled(own)), **dict(own), **dict(spelled(users))}


@cache
def _ours() -> dict[str, str]:
    words = {word: meaning for meaning, words in WORDS.items() for word in words.split()}
    prefixed = {f"{prefix}_{word}": meaning for prefix in PREFIXES for word, meaning in words.items()}
    members = {enum + word: words[word] for enum in MEMBERS for word in MEMBER_WORDS.split()}
    return {**_of_nouns(words), **members, **prefixed, **dict(spelled(words))}


def _of_nouns(words: Mapping[str, str]) -> dict[str, str]:
    """The plain words behind each noun, as members of an enum or as one word."""
    return {
        spelled + joint + word.replace("_", between): words[word]
        for noun in NOUNS
        for spelled in {noun, noun.replace("_", "")}
        for word in PLAIN_WORDS.split()
        for joint, between in ((".", "_"), ("_", "_"), ("", ""))
    }


def spelled(words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each spelling of folded or lower-case words, with its meaning."""
    for word, meaning in words.items():
        for spelling in _joined(fold(word).split("_")):
            yield spelling, meaning


def _joined(parts: list[str]) -> Iterator[str]:
    joints = len(parts) - 1
    ways = product(SEPARATORS, repeat=joints) if joints < FREELY_JOINED else ([each] * joints for each in SEPARATORS)
    for separators in ways:
        yield parts[0] + "".join(map("".join, zip(separators, parts[1:], strict=True)))


def _lower(text: str) -> str:
    """In lower case as SQLite has it, which leaves letters beyond ASCII as they are."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
