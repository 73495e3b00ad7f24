"""A value of each type of column as SQL, and what makes it unusable; `{c}` is the column, `{zone}` its time zone."""

from .system import NUMBERS, Type
from .values import DAYS_IN_DIGITS, FIRST_EPOCH_MS, SECONDS_IN_DIGITS

LONGEST_KEY = 500
LONGEST_WORD = 200
# No secret that has a known shape is this short.
SHORTEST_SECRET = 12
# Names of months are shorter, or stand in no time that is read.
WORD = "*" + "[A-Za-z]" * 5 + "*"
# A shorter value names nobody, and might be any part of a text.
SHORTEST_REDACTED = 8
# Millions of them can be added up as 64-bit integers.
LARGEST_AMOUNT = 1e12

# A text that is not UTF-8 cannot be handed to a function as text.
AS_BYTES = "case typeof({c}) when 'text' then cast({c} as blob) else {c} end"
# A text that begins with a day and a time that there are. With a modifier, SQLite computes the date: February 30
# becomes March 2, which differs.
SECOND = "replace(substr({c}, 1, 19), 'T', ' ') = datetime(substr({c}, 1, 19), '+0 days') and {c} >= '0001-01-02'"
# Nearly all times are epochs (seconds or milliseconds by magnitude), or UTC text in one of these forms; to_utc knows
# all others, and takes four times as long. The most frequent ones come first: each is computed for every row.
TIME_FORMS = {
    "length({c}) = 19 and {zone} = 'UTC' and datetime({c}, '+0 days') in ({c}, replace({c}, 'T', ' '))"
    " and {c} >= '0001-01-02'": "replace({c}, ' ', 'T') || '.000Z'",
    f"typeof({{c}}) = 'integer' and {{c}} between {DAYS_IN_DIGITS[1] + 1} and {FIRST_EPOCH_MS - 1}": (
        "replace(datetime({c}, 'unixepoch'), ' ', 'T') || '.000Z'"
    ),
    f"typeof({{c}}) = 'integer' and {{c}} between {FIRST_EPOCH_MS} and {SECONDS_IN_DIGITS[0] - 1}": (
        "replace(datetime({c} / 1000, 'unixepoch'), ' ', 'T') || printf('.%03dZ', {c} % 1000)"
    ),
    "length({c}) = 20 and {c} = replace(datetime({c}, '+0 days'), ' ', 'T') || 'Z' and {c} >= '0001-01-02'": (
        "substr({c}, 1, 19) || '.000Z'"
    ),
    "length({c}) = 26 and {zone} = 'UTC' and replace(substr({c}, 1, 19), 'T', ' ') = datetime({c}, '+0 days')"
    " and {c} >= '0001-01-02' and substr({c}, 20) glob '.[0-9][0-9][0-9][0-9][0-9][0-9]'": (
        "substr({c}, 1, 10) || 'T' || substr({c}, 12, 12) || 'Z'"
    ),
    "length({c}) = 24 and {c} = strftime('%Y-%m-%dT%H:%M:%fZ', {c}, '+0 days') and {c} >= '0001-01-02'": "{c}",
    f"substr({{c}}, 20) glob '.[0-9][0-9][0-9]*' and {SECOND} and length({{c}}) <= 32 and ltrim(substr({{c}}, 21),"
    " '0123456789') in ('Z', '+00:00', '+00', case {zone} when 'UTC' then '' end)": (
        "substr({c}, 1, 10) || 'T' || substr({c}, 12, 12) || 'Z'"
    ),
    f"substr({{c}}, 20) in ('+00:00', '+00') and {SECOND}": (
        "substr({c}, 1, 10) || 'T' || substr({c}, 12, 8) || '.000Z'"
    ),
}
OTHER_TIME = f"to_utc({AS_BYTES}, {{zone}})"
TIME = (
    f"case {' '.join(f'when {form} then {time}' for form, time in TIME_FORMS.items())}"
    f" when {{c}} is not null then {OTHER_TIME} end"
)
# What programs write where there is no time.
NO_TIMES = "'none', 'null', 'nil', 'nan', 'nat', 'n/a', '<na>', '-', '(null)', 'undefined', '\\n'"
# What programs in Go and .NET write where there is none.
ZERO_TIME = "0001-01-01*"
IS_INVALID_TIME = f"""case
        {" ".join(f"when {form} then 0" for form in TIME_FORMS)}
        when {{c}} <> '' and lower({{c}}) not in ({NO_TIMES}) and {{c}} not glob '{ZERO_TIME}' then {OTHER_TIME} is null
    end"""
# 3/4/2026 in a column that does not say which is the month. (A function is handed no text that is not UTF-8.)
IS_AMBIGUOUS_DATE = """case
        when {c} glob '*[0-9][/-][0-9]*' and {c} not glob '*[^ -~]*' then day_order({c}) is not null
    end"""
AMBIGUOUS_DATE = "does not say whether the day or the month comes first: write the year first, as in 2026-03-04"
# The typed value of column {c}; {zone} is its time zone, an SQL literal.
VALUES = {
    Type.KEY: "{c}",
    # Short, and ASCII without @, which may be part of an e-mail address. To compare with the most frequent words takes
    # a sixth of the time.
    Type.WORD: f"""case
        when {{c}} = 'completed' or {{c}} = 'success' or {{c}} = 'failed' then {{c}}
        when typeof({{c}}) = 'text' and length({{c}}) <= {SHORTEST_SECRET} and {{c}} not glob '*[^ -?A-~]*' then {{c}}
        else clean_text(cast({{c}} as blob), {LONGEST_WORD})
    end""",
    Type.TEXT: "case when {c} is not null then clean_text(cast({c} as blob)) end",
    Type.HASHED: "keyed_hash(cast({c} as blob))",
    Type.JSON: "cast({c} as text)",
    Type.UTC: TIME,
    Type.LOCAL: TIME,
    Type.COUNT: "case when {c} >= 0 then cast({c} as integer) end",
    Type.MS: "case when {c} >= 0 then cast(round({c}) as integer) end",
    Type.SECONDS: "case when {c} >= 0 then cast(round({c} * 1000) as integer) end",
    Type.NUMBER: "cast({c} as real)",
    Type.MONEY: "case when {c} <> -1 then cast({c} as real) end",
    Type.FLAG: """case
        when lower({c}) in ('1', 'true', 't', 'yes') then 1
        when lower({c}) in ('0', 'false', 'f', 'no') then 0
    end""",
}
CURRENCY = "case when {c} in ('USD', 'usd') then 'USD' when {c} <> '' then currency_code(cast({c} as text)) end"
# When column {c}'s value makes its row unusable.
NOT_A_NUMBER = (
    # Not abs(): it fails on the smallest integer.
    "{c} <> '' and (typeof({c}) not in ('integer', 'real')"
    f" or {{c}} not between -{LARGEST_AMOUNT} and {LARGEST_AMOUNT})"
)
# A value that a part may drop from a row, as its table says.
DROPPABLE = (*NUMBERS, Type.UTC, Type.LOCAL)
NONE_OF = "has none of {names}"
PROBLEMS = {
    Type.KEY: (
        # As many characters as bytes: neither a NUL nor anything but ASCII. (SQLite looks at both sides of an AND.)
        f"""case
            when typeof({{c}}) in ('integer', 'null') then 0
            when
                typeof({{c}}) = 'text'
                and length({{c}}) = length(cast({{c}} as blob))
                and length({{c}}) <= {LONGEST_KEY}
                and {{c}} not glob '*[^ -~]*'
                then 0
            when typeof({{c}}) in ('blob', 'real') or length({{c}}) > {LONGEST_KEY} or instr({{c}}, char(0)) then 1
            when {{c}} glob '*[^ -~]*' then not is_text(cast({{c}} as blob))
        end""",
        "is no readable key",
    ),
    **dict.fromkeys((Type.UTC, Type.LOCAL), (IS_INVALID_TIME, "is no possible time")),
    **dict.fromkeys((Type.COUNT, Type.MS, Type.SECONDS, Type.NUMBER, Type.MONEY), (NOT_A_NUMBER, "is not a number")),
}

ROUNDED = "'{name} has lost its last digits in a spreadsheet'"
