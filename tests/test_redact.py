"""Secrets are taken out of text, and training logs are left as they are."""

from __future__ import annotations

import time

import pytest

from fetchers.redact import HIDDEN, redact

KEY = "0123456789abcdef" * 2 + "01234567"

SECRETS = {
    "environment": (f"WANDB_API_KEY={KEY}", KEY),
    "json": (f'{{"api_key": "{KEY}"}}', KEY),
    "json in a string": (r"{\"password\": \"hunter2\"}", "hunter2"),
    "wandb login": (f"wandb login --relogin {KEY}", KEY),
    "a key in prose": (f"the API key is {KEY}, they said", KEY),
    "an option": ("--api-key abcd1234efgh5678", "abcd1234efgh5678"),
    "bearer": ("Authorization: Bearer abcDEF123456.x-y", "abcDEF123456"),
    "bearer in a dict": ("{'authorization': 'Bearer abcDEF123456.x-y'}", "abcDEF123456"),
    "basic": ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    "bare authorization": ("authorization=abc123def", "abc123def"),
    "cookie": ("Set-Cookie: sid=31d4d96e; Path=/", "31d4d96e"),
    "google token": ("got ya29.a0AfH6SMBx_abcdefgh from the server", "a0AfH6SMBx"),
    "google refresh token": ('"refresh_token": "1//0gabcdefghijklmnopqrstuv"', "gabcdefghij"),
    "google client secret": ("GOCSPX-abcdefghijklmnop", "abcdefghijklmnop"),
    "google api key": ("?key=AIzaSyA-0123456789abcdefghijklmnopqrstu", "0123456789abcdef"),
    "private key": ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----", "MIIEvQ"),
    "private key in json": (r'"private_key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIB\n"', "MIIEvQ"),
    "signed address": ("https://storage.example/x?X-Goog-Signature=abcdef0123456789&b=1", "abcdef0123456789"),
    "user and password": ("postgres://u:p4ss@db:5432/x", "p4ss"),
    "password alone": ("redis://:hunter2@cache:6379/0", "hunter2"),
    "quoted password": ('DB_PASSWORD: "hunter 2"', "hunter 2"),
    "jwt": ("eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl", "eyJzdWIiOiIx"),
    "github": ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijkl"),
    "hugging face": ("HF_TOKEN=hf_abcdefghijklmnopqrstuvwxyz", "abcdefghijkl"),
    "aws": ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
}

HARMLESS = (
    "max_tokens=512 tokenizer=gpt2-medium-1234 pad_token_id=50256 eos_token: <|endoftext|>",
    f"commit {KEY}",
    f"europe-docker.example/acme/img@sha256:{KEY}",
    "No API key configured. Use `wandb login`",
    "wandb: ERROR api_key not configured (no-tty). call wandb.login(key=[your_api_key])",
    "KeyError: 'learning_rate123456789'",
    "tokens/s: 123456789 step 500 loss=0.1",
    "https://console.cloud.google.com/run/jobs/details/us-central1/agent?project=acme-ml",
    "http://127.0.0.1:9001/a@b",
    "Permission denied: token: expired",
    "password authentication failed for user acme",
)


@pytest.mark.parametrize(("text", "secret"), SECRETS.values(), ids=SECRETS)
def test_a_secret_is_hidden(text: str, secret: str) -> None:
    """The secret is gone, what stood around it is still there, and doing it twice changes nothing."""
    assert secret in text
    shown = redact(text)
    assert secret not in shown
    assert HIDDEN in shown
    assert redact(shown) == shown


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    """Numbers of tokens, hashes and messages about keys are what people need to read."""
    assert redact(text) == text


@pytest.mark.parametrize(
    "unit",
    ["a", "key ", "token=", "://", "https://a:", "-----BEGIN PRIVATE KEY-----", "eyJ", 'password="', "bearer ", "x."],
)
def test_time_grows_with_the_text_and_not_faster(unit: str) -> None:
    """Eight times the text takes about eight times as long, whatever the text: quadratic would be sixty-four."""

    def best(characters: int) -> float:
        text = (unit * characters)[:characters]
        times = []
        for _ in range(3):
            began = time.perf_counter()
            redact(text)
            times.append(time.perf_counter() - began)
        return min(times)

    assert best(160_000) < 30 * best(20_000) + 0.05
