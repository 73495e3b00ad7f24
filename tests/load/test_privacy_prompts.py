"""Prompts and answers that errors repeat in more forms, worked out by hand; the error's own words stay."""

import pytest

from storyreport.values import neutral

KEPT_AS = {
    "a dialogue": ("Human: Zq7 tell me\n\nAssistant: Zq7", "<text>"),
    "roles": ("bad turn\nuser: Zq7 tell me about my daughter Alice", "bad turn\nuser: <text>"),
    "a template": ("refused: <|im_start|>user\nZq7 tell<|im_end|>", "refused: <text>"),
    "another template": ("refused: [INST] Zq7 tell [/INST]", "refused: <text>"),
    "instructions": ("refused\n### Instruction:\nZq7 tell", "refused\n<text>"),
    "raw": ("Expecting value: line 1 column 1 (char 0) | raw: Zq7 once upon a time there",
        "Expecting value: line 1 column 1 (char 0) | raw: <text>"),
    "after a verb": ("Prompt was: Zq7 a dragon eats the king", "Prompt was: <text>"),
    "with its length": ("Prompt (312 tokens): Zq7 once upon a time there", "Prompt (312 tokens): <text>"),
    "of a picture": ("Rejected image prompt Zq7 a fox in the deep snow", "Rejected image prompt <text>"),
    "a field": ("parts[0].text = Zq7 once upon a time", "parts[0].text = <text>"),
    "a summary": ("summary=Zq7 the fox eats the king", "summary=<text>"),
    "an object": ('variables {title: "Zq7"} refused', "variables <text>"),
    "arguments": ("Function(arguments='{\"x\": \"Zq7\"}')", "Function(arguments=<text>"),
    "angles": ("could not speak «Zq7 once upon a time»", "could not speak «<text>»"),
    "low quotes": ("could not speak „Zq7 once upon a time“", "could not speak „<text>“"),
    "single quotes": ("flagged: \u2018Zq7 once upon\u2019 (violence)", "flagged: \u2018<text>\u2019 (violence)"),
    "an element": ("no end: <story>Zq7 once upon</story>", "no end: <story><text></story>"),
    "an element called text": ("no end: <text>Zq7 once upon</text>", "no end: <text><text></text>"),
    "a line of YAML": ('in "x", line 1, column 1:\n    Zq7 once upon\n    ^',
        'in "x", line 1, column 1:\n    <text>\n    ^'),
    "a line of JSON": ("CONTEXT: JSON data, line 1: Zq7 once...", "CONTEXT: JSON data, line 1: <text>"),
    "JSON cut": ('Unexpected token \'Z\', "Zq7 once "... is not valid JSON',
        "Unexpected token 'Z', <text> is not valid JSON"),
    "Chinese": ("prompt: 从前有一只狐狸住在森林里", "prompt: <text>"),
    "Chinese in quotes": ("内容 '从前有一只狐狸住在森林里' 被拒绝", "内容 '<text>' 被拒绝"),
    "Japanese": ("出力「むかしむかしあるところに」は無効", "出力「<text>」は無効"),
}  # fmt: skip
STAYS = (
    "system: cannot open the file of the run",
    "user: limit of requests exceeded, try again in a minute",
    "yaml: line 3, column 5:\n    key\n    ^",
    "<p> is not closed in template.html",
    "image prompt is longer than 1000 characters of the model",
    "[SAFETY] blocked by policy, see ### of the guide",
    "错误: 连接超时",
    "description: must have between one and five hundred words",
)


@pytest.mark.parametrize("form", KEPT_AS)
def test_what_is_repeated(form: str) -> None:
    text, kept = KEPT_AS[form]
    assert neutral(text) == kept
    assert neutral(kept) == kept


@pytest.mark.parametrize("text", STAYS)
def test_what_is_of_the_error_stays(text: str) -> None:
    assert neutral(text) == text
