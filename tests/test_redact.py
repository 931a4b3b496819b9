"""Secrets are taken out of text, and training logs are left as they are."""

from __future__ import annotations

import base64
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetchers.redact import HIDDEN, first_of, redact, redact_lines

_random = random.Random(7)
KEY_BYTES = _random.randbytes(1_200)
ENCODED = base64.b64encode(KEY_BYTES).decode()
BODY = [ENCODED[at : at + 64] for at in range(0, len(ENCODED), 64)]
PEM = ["-----BEGIN PRIVATE KEY-----", *BODY, "-----END PRIVATE KEY-----"]
"""A key as it is printed: 25 whole lines."""

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
    "a password as the next word": ("mysql --password hunter22 -h db", "hunter22"),
    "a password of letters": ("--db-password=hunter", "hunter"),
    "a password in a list of words": ("['run', '--password', 'hunter22']", "hunter22"),
    "a token in a list of words": ('["--hub-token", "abcd1234efgh5678"]', "abcd1234efgh5678"),
    "a token for a user": ("https://abcd1234efgh5678@github.example/x.git", "abcd1234efgh5678"),
    "a token for a user, no password": ("https://abcd1234efgh5678:x-oauth-basic@github.example/x", "abcd1234"),
    "slack hook": ("POST https://hooks.slack.com/services/T000/B000/abcDEF", "T000/B000/abcDEF"),
    "npm": ("npm_" + "a1B2" * 9, "a1B2a1B2"),
    "pypi": ("twine -p pypi-AgEIabcdEFGH1234", "AgEIabcdEFGH1234"),
    "stripe": ("sk_live_" + "a1B2" * 5, "a1B2a1B2"),
    "azure": ("AccountName=a;AccountKey=ab12/+ef34==;EndpointSuffix=core", "ab12/+ef34"),
    "a short name": ("DB_PASS=hunter2", "hunter2"),
    "a shorter name": ("Server=db;Pwd=hunter2;", "hunter2"),
    "curl": ("curl -s -u me:hunter2 https://registry.example", "hunter2"),
    "docker": ("docker login -u me -p hunter2 registry.example", "hunter2"),
    "netrc": ("machine api.example login user password abcdef", "abcdef"),
    "a line of a key alone": (f"rank0 | {BODY[3]}", BODY[3]),
    "the end of a key in json": (r"\nMIIEvQIB\n-----END PRIVATE KEY-----", "MIIEvQIB"),
    "behind a dash": ("deploy-ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijkl"),
    "behind an escaped line end": (r"keys:\nAKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
    "no width": ("api\u200b_key=abcdefgh12345678", "abcdefgh12345678"),
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
    "Use --password to log in, or --token if you have one",
    "usage: login [-h] [--password PASSWORD] [--token TOKEN]",
    "backward_pass: 12 ms forward_pass=9 NUM_PASS=3 PWD=/app OLDPWD=/root BUILD_PWD=$HOME",
    "PASSED 12 tests, 3 of 4 pass",
    "ssh://git@github.example/acme/x.git",
    "--eos-token </s> --sort-key created",
    "=" * 90,
    "A" * 90,
    "/data/Run7/a1/b2/c3/checkpoints/step/1000/weights/of/the/model/Final/1",
    "_ZN5torch8autograd6Engine17evaluateFunctionESt10shared_ptrINS0_9GraphTaskEEPNS0_4NodeERNS0_11InputBufferE",
    "-----BEGIN CERTIFICATE-----",
    "downloaded: h1:mS3QjLb6n7oZ0q2V9gkR4eYdUw1TfXcB5aHsKpJxNiM=",
    "host key SHA256:mS3QjLb6n7oZ0q2V9gkR4eYdUw1TfXcB5aHsKpJxNiM",
    "zero\u200bwidth",
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
    [
        "a",
        "key ",
        "-eyJaaaaaaaa",
        "curl ",
        "--a ",
        "\\n",
        "\n",
        "A1b",
        "aB3/",
        "-----END PRIVATE KEY-----\n",
        "token=",
        "://",
        "https://a:",
        "-----BEGIN PRIVATE KEY-----",
        "eyJ",
        'password="',
        "bearer ",
        "x.",
    ],
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


# --- keys of several lines ---------------------------------------------------------------------------------------

HEADS = ("", "  ", "workerpool0-0 | ", "2026-11-22 10:00:{:02} INFO keys: ")


def _leaks(shown: list[str]) -> bool:
    """Whether any piece of the key can be read that is longer than the end of its last line."""
    text = "\n".join(shown)
    return any(ENCODED[at : at + 16] in text for at in range(len(ENCODED) - 16))


@given(st.sampled_from(HEADS), st.integers(0, 24), st.integers(2, len(PEM)))
def test_no_part_of_a_private_key_is_shown(head: str, first: int, count: int) -> None:
    """Wherever the lines begin and end that are left of it, and whatever stands before each of them."""
    lines = [head.format(number) + line for number, line in enumerate(PEM)][first : first + count]
    shown = redact_lines([*lines, "RuntimeError: CUDA out of memory", "Killed"])
    assert not _leaks(shown)
    assert shown[len(lines) :] == ["RuntimeError: CUDA out of memory", "Killed"]
    assert redact_lines(shown) == shown
    assert redact("\n".join(lines)).split("\n") == shown[: len(lines)]


@pytest.mark.parametrize("width", [40, 48, 64, 76])
def test_a_key_is_hidden_however_it_is_folded(width: int) -> None:
    """Its first line is not among those that are left."""
    lines = [f"w-0 | {ENCODED[at : at + width]}" for at in range(0, len(ENCODED), width)]
    assert not any(ENCODED[at : at + 24] in text for text in redact_lines(lines) for at in range(len(ENCODED) - 24))


def test_lines_of_others_among_those_of_a_key_stay() -> None:
    """Two workers print at a time: the key of one is hidden, what the other says is not."""
    lines = [text for line in PEM for text in (f"w-0 | {line}", "w-1 | loss=0.5 step=12")]
    shown = redact_lines(lines)
    assert not _leaks(shown)
    assert shown[1::2] == lines[1::2]


def test_the_last_line_of_a_key_is_hidden_alone() -> None:
    """Only the end of the key is left: the line before it is too short to be known by itself."""
    assert redact_lines(["before that", "Ab3dEf==", PEM[-1], "after"])[1:] == [HIDDEN, PEM[-1], "after"]


def test_an_encrypted_key_is_hidden() -> None:
    """What it says of its encryption ends no key."""
    head = ["-----BEGIN RSA PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,0011", ""]
    assert redact_lines([*head, "MIIEvQIB1", "x = 1"])[-2:] == [HIDDEN, "x = 1"]


@pytest.mark.parametrize("before", range(460, 500))
def test_no_secret_is_cut_in_half(before: int) -> None:
    """Where a line is cut, what is left of a key behind the cut is no key any more: it has to be hidden before."""
    key = "AIza" + "Sy0" * 12
    shown = first_of("x" * before + " " + key + " and more" * 99, 500)
    assert "AIzaSy0" not in redact(shown)
    assert len(shown) == 500
    assert first_of("short", 500) == "short"
