"""Price files: which calls they price, what wins, which files are refused."""

import re
from pathlib import Path

import pytest
from helpers.ledger import Ledger, run

from storyreport.errors import StoryreportError
from storyreport.pricing import parse

IMAGES = """
prices:
  - {provider: Stability, endpoint: "*image*", per_call: 0.04}
  - {provider: stability, per_second: 0.01, per_call: 0.002, currency: eur}
"""


def test_a_price_file_prices_calls_and_seconds(ledger: Ledger) -> None:
    """Without tokens or a model; the first entry that matches decides; another currency is another row."""
    ledger.add(provider="stability", model="", endpoint="v1/IMAGE/generate")
    ledger.add(provider="stability", model="", endpoint="v1/IMAGE/generate", calls=3)
    ledger.add(provider="stability", model="", endpoint="voice", duration_ms=2500)
    ledger.add(provider="stability", model="", endpoint="voice")
    ledger.add(provider="stability2", model="", endpoint="image")
    assert ledger.ingest(IMAGES) == 3
    assert ledger.costs() == [0.04, pytest.approx(0.12), pytest.approx(0.027), None, None]
    assert ledger.db.sql("select distinct priced_as, estimated_currency from calls order by 1") == [
        (None, None),
        ("price file: Stability/*/*image*", "USD"),
        ("price file: stability/*/*", "EUR"),
    ]
    found = {(row["provider"], row["currency"]): row for row in ledger.db.report("cost")}
    assert {key: (row["cost"], row["calls"], row["unpriced_calls"]) for key, row in found.items()} == {
        ("stability", "USD"): (0.16, 4, 0),
        ("stability", "EUR"): (0.027, 1, 0),
        ("stability", None): (None, 1, 1),
        ("stability2", None): (None, 1, 1),
    }


@pytest.mark.parametrize(
    ("pattern", "cost"),
    [
        ("tell", 3),
        ("TELL", 3),
        ("tel*", 3),
        ("*ell", 3),
        ("t*l*l", 3),
        ("*", 3),
        ("ell", None),
        ("tel", None),
        ("t.ll", None),
        ("te*x", None),
    ],
)
def test_a_pattern_is_of_the_whole_name(ledger: Ledger, pattern: str, cost: float | None) -> None:
    """A star stands for anything, nothing else does, and a name in which it is only found is another one."""
    ledger.add(provider="acme", model="", endpoint="tell")
    ledger.ingest(f"prices: [{{endpoint: '{pattern}', per_call: 3}}]")
    assert ledger.costs() == [cost]


def test_a_price_file_wins_on_its_days(ledger: Ledger) -> None:
    """Its prices for tokens hold from the first day through the last; before and after genai-prices does."""
    days = ("2025-10-31", "2025-11-01", "2025-11-30", "2025-12-01")
    for day in days:
        ledger.add(
            called_at=f"{day}T23:59:59.999Z",
            input_tokens=1_000_000,
            cache_read_tokens=500_000,
            cache_write_tokens=100_000,
            output_tokens=500_000,
        )
    yaml = """
        prices:
          - {model: "claude-opus-*", from: 2025-11-01, until: "2025-11-30", per_1m_input_tokens: 100,
             per_1m_output_tokens: 7, currency: EUR}
    """
    ledger.ingest(yaml)
    assert ledger.costs() == pytest.approx([2.875 + 12.5, 103.5, 103.5, 2.875 + 12.5])
    ledger.ingest(yaml.replace("currency", "per_1m_cached_input_tokens: 1, currency"))
    assert ledger.costs() == pytest.approx([2.875 + 12.5, 54, 54, 2.875 + 12.5])
    assert {(row["day"], row["currency"]) for row in ledger.db.report("cost")} == {
        (day, "EUR" if "2025-11" in day else "USD") for day in days
    }


def test_an_answer_costs_what_it_does_where_questions_are_free(ledger: Ledger) -> None:
    """Of a model with a price for output alone, unknown input leaves nothing unknown."""
    ledger.add(model="speaker", output_tokens=1000)
    ledger.ingest("prices: [{model: speaker, per_1m_output_tokens: 10}]")
    assert ledger.costs() == [pytest.approx(0.01)]


def test_speech_costs_by_the_character(ledger: Ledger) -> None:
    """A million characters have a price; tokens have none in that entry, and characters none in one of tokens."""
    ledger.add(provider="speech", model="voice", input_characters=500)
    ledger.add(provider="speech", model="voice", input_characters=0)
    ledger.add(provider="speech", model="voice", input_characters=500, input_tokens=10)
    ledger.add(provider="speech", model="both", input_characters=500, input_tokens=10)
    ledger.add(provider="speech", model="tokens", input_characters=500, input_tokens=10)
    ledger.ingest("""
        prices:
          - {model: voice, per_1m_characters: 120, per_call: 0.5}
          - {model: both, per_1m_characters: 120, per_1m_input_tokens: 1000}
          - {model: tokens, per_1m_input_tokens: 1000}""")
    assert ledger.costs() == [pytest.approx(0.56), None, None, pytest.approx(0.07), None]


def test_free_is_only_what_a_price_file_says_is_free(ledger: Ledger) -> None:
    """A model of one's own may cost nothing; a call that says nothing of its tokens is not one that cost nothing."""
    ledger.add(model="my-model", input_tokens=100)
    ledger.add(model="my-model")
    ledger.add(model="my-other", input_tokens=100)
    ledger.ingest(
        "prices: [{model: my-model, per_1m_input_tokens: 0}, {model: my-other, per_1m_output_tokens: 1}]",
    )
    assert ledger.costs() == [0, None, None]


def test_a_price_file_is_kept(ledger: Ledger) -> None:
    """The next ingests use it by themselves, until another one is given; each is kept once."""
    ledger.add(provider="stability", endpoint="image")
    assert ledger.ingest(IMAGES) == 1
    ledger.add(provider="stability", endpoint="image")
    assert ledger.ingest() == 1
    assert ledger.costs() == [0.04, 0.04]
    assert ledger.ingest(IMAGES) == 0
    assert ledger.db.sql("select yaml from price_files") == [(IMAGES,)]
    assert ledger.ingest(IMAGES.replace("0.04", "0.05")) == 2, "also where the source has not changed"
    assert ledger.costs() == [0.05, 0.05]
    assert ledger.ingest("prices: []") == 2
    assert ledger.costs() == [None, None]
    assert ledger.db.one("select count(*) from price_files") == 3


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("prices: [", "line 1"),
        ("- {model: x, per_call: 1}", "a list under `prices:`"),
        ("prices: {model: x}", "a list under `prices:`"),
        ("prices: []\nprice: []", "nothing else"),
        ("", "a list under `prices:`"),
        ("prices: [free]", "entry 1: must be a mapping"),
        ("prices: [{model: x, per_call: 1}, {model: x, per_token: 1}]", "entry 2: 'per_token' is unknown"),
        ("prices: [{per_call: 1}]", "entry 1: must have a provider, model or endpoint"),
        ("prices: [{model: x}]", "entry 1: has no price"),
        ("prices: [{model: 4, per_call: 1}]", "entry 1: model must be a text, not 4"),
        ("prices: [{model: x, per_call: cheap}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: -1}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: .nan}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: .inf}]", "per_call must be a number from 0 up"),
        (f"prices: [{{model: x, per_call: 1{'0' * 400}}}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: true}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: null}]", "per_call must be a number from 0 up"),
        ("prices: [{model: x, per_call: 1, currency: dollars}]", "currency must be three letters"),
        ("prices: [{model: x, per_call: 1, from: soon}]", "from must be a date"),
        ("prices: [{model: x, per_call: 1, from: 2025-02-01 10:00:00}]", "from must be a date"),
        ("prices: [{model: x, per_call: 1, until: '2025-02-30'}]", "until must be a date"),
        ("prices: [{model: x, per_call: 1, until: 2025-02-30}]", "is not valid YAML (day "),
        ("prices: [{model: x, per_call: 1, from: 2025-02-02, until: 2025-02-01}]", "ends before it begins"),
        ("prices: [{model: x, per_call: !!python/name:os.system }]", "is not valid YAML"),
    ],
)
def test_a_bad_price_file_is_refused_in_a_sentence(yaml: str, said: str) -> None:
    """The file, the entry and what is wrong with it are named."""
    with pytest.raises(StoryreportError) as raised:
        parse(yaml, "my-prices.yml")
    message = str(raised.value)
    assert message.startswith("my-prices.yml")
    assert said in message
    assert message.endswith(".")
    assert not re.search(r"[.!?] [A-Z]|\n", message)


@pytest.mark.parametrize("content", [None, b"prices: \xff", b"prices: [{model: x}]"])
@pytest.mark.parametrize("command", [["ingest", "calls.db"], ["reprice"]])
def test_a_price_file_that_is_none_changes_nothing(
    content: bytes | None, command: list[str], ledger: Ledger, tmp_path: Path
) -> None:
    """The command fails with one sentence before it begins."""
    ledger.add(input_tokens=1)
    ledger.ingest()
    if content is not None:
        (tmp_path / "my.yml").write_bytes(content)
    before = ledger.db.path.read_bytes()
    done = run(*command, "--db", "report.db", "--prices", "my.yml", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"Error: my\.yml[^\n]*\.\n", done.stderr)
    assert ledger.db.path.read_bytes() == before
