"""Fingerprints of errors: equal for equal causes, and different for different codes, classes and types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyreport.values import clean_text, fingerprint

CODES = [400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504, 529]


@pytest.mark.parametrize(
    "message",
    [
        "HTTP {code}",
        "HTTP/1.1 {code} on POST /v1/messages",
        "status {code} from upstream",
        "request failed with status code {code}",
        "status_code={code} after 3 attempts",
        "Error code: {code} - {{'message': 'no'}}",
        "openai.RateLimitError: {code} You exceeded your quota",
        "{code} Client Error: oops for url: https://api.example.com/v1/x?id=3",
        "The server returned {code}",
        "API error {code}: try again in 20 s",
        "<Response [{code}]>",
        "upstream failed ({code})",
        'answer {{"error": {{"code": {code}, "message": "busy"}}}}',
    ],
)
def test_status_codes_tell_errors_apart(message: str) -> None:
    """A status code survives; each code is an error of its own."""
    said = {fingerprint(message.format(code=code)) for code in CODES}
    assert len(said) == len(CODES)
    assert all(str(code) in "".join(map(str, said)) for code in CODES)


@given(st.integers(400, 599), st.integers(400, 599))
def test_measures_are_no_codes(one: int, other: int) -> None:
    """The same numbers, counting something, tell nothing."""
    for message in (
        "Timeout after {n} s",
        "took {n} ms",
        "Error: {n} tokens are too many",
        "HTTP body of {n} bytes",
        "got {n} rows",
        "story {n} is gone",
        "Story {n} not found",
        "waited {n}.5 seconds",
    ):
        assert fingerprint(message.format(n=one)) == fingerprint(message.format(n=other))
        assert not any(digit in str(fingerprint(message.format(n=one))) for digit in "0123456789")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("KeyError: 'title'", "KeyError: 'title'"),
        ("KeyError: 'chapter_12'", "KeyError: 'chapter_<n>'"),
        ("KeyError('title')", "KeyError('title')"),
        (
            "AttributeError: 'Story' object has no attribute 'text'",
            "AttributeError: <text> object has no attribute 'text'",
        ),
        ("ModuleNotFoundError: No module named 'yaml'", "ModuleNotFoundError: No module named 'yaml'"),
        (
            "Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded 7'}}",
            "Error code: 529 - {'type': 'error', <text>: {'type': 'overloaded_error', <text>: 'Overloaded'}}",
        ),
        (
            '{"error": {"code": "insufficient_quota", "message": "You exceeded 20 of 20"}}',
            '{<text>: {"code": "insufficient_quota", <text>: <text>}}',
        ),
        ("requests.exceptions.ReadTimeout: read timeout=30", "requests.exceptions.ReadTimeout: read timeout=<n>"),
        ("404 page not found: /v1/7", "404 page not found: <path>"),
        ("Fehler 503: 7 Versuche", "Fehler 503: <n> Versuche"),
        ("错误: 500, story 7", "错误: 500, story <n>"),
        ("page.ts: error TS2345: argument 7", "page.ts: error TS2345: argument <n>"),
        ("E11000 duplicate key { _id: 7 }", "E11000 duplicate key { _id: <n> }"),
        ("CUDA error: 700 at layer 7", "CUDA error: 700 at layer <n>"),
        ("curl: (28) timed out after 7001 ms", "curl: (28) timed out after <n> ms"),
        ("command exited with code 137 after 12 min", "command exited with code 137 after <n> min"),
        ("[Errno 28] No space left on device: '/srv/x'", "[Errno 28] No space left on device: <text>"),
        ("SQLSTATE[42P01]: no table", "SQLSTATE[42P01]: no table"),
        ("ORA-00942: no table", "ORA-00942: no table"),
        ("cannot load 'https://x.example/a', 'b'", "cannot load <text>, <text>"),
        ('GET https://x.example/a?b=1"} was refused', 'GET <url>"} was refused'),
        ("see (https://x.example/a).", "see (<url>)."),
    ],
)
def test_what_survives(message: str, expected: str) -> None:
    """Codes, classes, types and missing names stay; texts, measures and URLs go, a URL as far as its quote."""
    assert fingerprint(message) == expected


def test_provider_types_tell_errors_apart() -> None:
    """Two types of one provider are two errors, however alike the rest is."""
    message = 'Error: {{"type": "{}", "message": "Request req_8fk2x9s1q7 was refused"}}'
    assert fingerprint(message.format("rate_limit_error")) != fingerprint(message.format("overloaded_error"))


@pytest.mark.parametrize(
    ("message", "other"),
    [
        ("rpc error: code = 14 desc = x", "rpc error: code = 13 desc = x"),
        ("grpc status 14", "grpc status 4"),
        ("ERROR: 23505: duplicate key", "ERROR: 40001: duplicate key"),
        ("Error 1205 (HY000): no", "Error 1205 (42S02): no"),
        ("002003 (02000): no", "001003 (42000): no"),
        ("error code: '42P01'", "error code: '42703'"),
        ("http_status=504", "http_status=502"),
        ("HRESULT 0x80070005", "HRESULT 0x80004005"),
        ("error code 0xC0000005", "error code 0xC0000017"),
        ("E503", "E504"),
        ("E_TIMEOUT_42", "E_TIMEOUT_43"),
        ("ERR_HTTP2_STREAM_ERROR", "ERR_HTTP3_STREAM_ERROR"),
        ("'NoneType' object has no attribute 'text'", "'Story' object has no attribute 'text'"),
        ("Cannot read properties of undefined (reading 'a')", "Cannot read properties of undefined (reading 'b')"),
        ('Status(StatusCode="Unavailable", Detail="x")', 'Status(StatusCode="Internal", Detail="x")'),
        ("OperationalError: (1045, 'no')", "OperationalError: (2013, 'no')"),
        ("ApiError: {'ok': False, 'error': 'channel_not_found'}", "ApiError: {'ok': False, 'error': 'invalid_auth'}"),
        ("{ code: 'EAUTH' }", "{ code: 'EMESSAGE' }"),
        ('metadata [reason: "QUOTA_EXCEEDED"]', 'metadata [reason: "API_KEY_INVALID"]'),
        ("RequestError(400, 'index_not_found_exception', 'x')", "RequestError(400, 'parsing_exception', 'x')"),
        ("DiscordAPIError[50001]: no", "DiscordAPIError[50013]: no"),
        ("Code: 60. DB::Exception: no", "Code: 516. DB::Exception: no"),
        ("host said: 550 5.1.1 no", "host said: 550 5.7.1 no"),
        ("dsn=5.4.4, bounced", "dsn=5.1.1, bounced"),
        ("upstream failed (110: Connection timed out)", "upstream failed (111: Connection refused)"),
        ("DPY-6005: no", "DPY-4011: no"),
        ("Rate limit reached for gpt-4.1 on tokens", "Rate limit reached for gpt-4o-mini on tokens"),
        ('x violates unique constraint "users_email"', 'x violates unique constraint "users_pkey"'),
        ("aborted: SqlException (0x80131904)", "aborted: SqlException (0x80131500)"),
        (
            "Caused by NewConnectionError('<x>: [Errno 111] Connection refused')",
            "Caused by NewConnectionError('<x>: [Errno 101] Network is unreachable')",
        ),
        ("('28000', '[x] Login failed (18456)')", "('28000', '[x] Login failed (4060)')"),
        ("{ code: 'P2002' }", "{ code: 'P2025' }"),
        ("PDOException: SQLSTATE[HY000] [1045] no", "PDOException: SQLSTATE[HY000] [2002] no"),
        ("HttpError 403 when asking", "HttpError 404 when asking"),
        ('error="user_not_found"', 'error="invalid_token"'),
        (
            "E: \"[{'message': 'no', 'reason': 'quotaExceeded'}]\"",
            "E: \"[{'message': 'no', 'reason': 'uploadLimitExceeded'}]\"",
        ),
        ("KEYCLOAK-01012: no", "KEYCLOAK-01013: no"),
        ("[KC-SERVICES0013] no", "[KC-SERVICES0014] no"),
        ("CWIML4507E: no", "CWIML4520E: no"),
        ("HTTP 429 E0000047 no", "HTTP 429 E0000001 no"),
        ("'no' (P1001)", "'no' (P1002)"),
        ("SEPA failed: reason AC04", "SEPA failed: reason AM05"),
        ("it said 0x8007052E", "it said 0x80070005"),
        ('ChannelClosed: (406, "no")', 'ChannelClosed: (404, "no")'),
        ("open: (541) INTERNAL_ERROR - no", "open: (530) INTERNAL_ERROR - no"),
        ("google.InvalidArgument: 400 no", "google.InvalidArgument: 403 no"),
        ("SQLCODE=-204, no", "SQLCODE=-911, no"),
        ("KafkaError{code=_X_Y,val=-192,str=no", "KafkaError{code=_X_Y,val=-185,str=no"),
        ("(#131030) no", "(#131026) no"),
        ("Linode 401 Invalid", "Linode 403 Invalid"),
        ("Error: 30007 Message filtered", "Error: 30003 Message filtered"),
        ('{"name":"content_moderation"}', '{"name":"invalid_prompts"}'),
        ('{"errorCode":"insufficient_scope"}', '{"errorCode":"invalid_token"}'),
        ('failed "https://x.example/a: ECONNRESET"', 'failed "https://x.example/a: ETIMEDOUT"'),
        ("'message': 'prompt is too long: 9 tokens'", "'message': 'Output blocked by content filtering policy'"),
    ],
)
def test_codes_of_other_systems_tell_errors_apart(message: str, other: str) -> None:
    """States of SQL, codes of gRPC and Windows, names in capitals; both are still errors of one kind each."""
    assert fingerprint(message) != fingerprint(other)
    assert fingerprint(f"{message} after 12 s") == fingerprint(f"{message} after 13 s")


@pytest.mark.parametrize(
    "message",
    [
        "pod story-worker-6cf7d8c9b{}-x2x{}q failed",
        "Cannot find 'voice{}.mp3' of the writer's folder",
        "isn't at '/srv/{}', it's gone",
        "Connection to tcp://10.0.0.{}:1935 failed",
        "denied, request id: T9{}50NTKAMFBNPTR, host id: kmBmj9BNHr{}5vVL",
        "organization org-vyUrKHsIdLcZGKR{}zqCq refused",
        "STORY-1{}: no ending",
        "Failed to fetch http://apt{}.tales.lan/debian no",
    ],
)
def test_ids_in_more_places_are_left_out(message: str) -> None:
    """A pod's own part, a quoted name beside an apostrophe, an address, an account."""
    one, other = (fingerprint(clean_text(message.format(*[digit] * message.count("{}")))) for digit in "45")
    assert one == other


@pytest.mark.parametrize("unit", ["results", "documents", "matches", "messages", "points", "fps"])
def test_amounts_of_more_things_are_measures(unit: str) -> None:
    assert fingerprint(f"returned 404 {unit}") == fingerprint(f"returned 500 {unit}")
