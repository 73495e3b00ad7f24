"""Names of models and of what a cloud bills stay as they are, though some look like keys; keys beside them do not."""

import pytest

from storyreport.values.texts import clean_text

NAMES = (
    "anthropic.claude-3-5-sonnet-20241022-v2:0",
    "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "ft:gpt-4o-mini-2024-07-18:my-org:custom-suffix:AbC123xy",
    "gemini-2.5-flash-preview-native-audio-dialog-exp-09-2025",
    "accounts/fireworks/models/llama-v3p1-405b-instruct",
    "Qwen/Qwen3-235B-A22B-Thinking-2507",
    "nvidia/Llama-3_1-Nemotron-Ultra-253B-v1-FP8",
    "mistralai/Mixtral-8x22B-Instruct-v0.1",
    "HunyuanVideo-I2V-720p",
    "Wan-AI/Wan2.2-T2V-A14B-Diffusers",
    "Sora2-Pro-1792x1024-12s",
    "gpt-image-1-mini-2025-10-06-high-1024x1536",
    f"meta/musicgen:{'671ac645' * 8}",
    f"stability-ai/sdxl:{'39ed52f2' * 8}",
    "USE1-Claude4.5Sonnet-input-tokens",
    "USE1_ProvisionedThroughput_ModelUnits-Hrs",
    "EUC1_InputTokenCount_Batch-Units",
    "USE1-EBS:VolumeUsage.gp3",
    "Az-OpenAI-GPT4o-0806-Batch-Outp-glbl",
)
SECRETS = (
    f"musicgen:{'671ac645' * 8}",
    "meta/musicgen:Zq7Zq7Zq7Zq7Zq7Zq7Zq7Zq7",
    "Zq7aB-xY3kL-9mNpQ-R2sTv",
    "AbcdZq71Efgh2Ijkl3Mnop4",
    "HunyuanZq7xR8mKtLw2Vb",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays(name: str) -> None:
    assert clean_text(name) == name


@pytest.mark.parametrize("text", SECRETS)
def test_a_key_does_not(text: str) -> None:
    assert not {part for part in ("Zq7", "671ac645") if part in str(clean_text(text))}
