"""The ways in which systems print one status: gRPC in several languages, REST and JSON, gcloud, HTTP clients."""

from __future__ import annotations

from typing import NamedTuple

from fetchers.diagnosis.model import Pattern


class Status(NamedTuple):
    """One status as the different systems call it."""

    http: int
    """As HTTP numbers it."""
    grpc: str
    """As gRPC names it, in capitals."""
    camel: str
    """As exception classes and Go are named; alternatives are separated by `|`."""
    number: int
    """As gRPC numbers it."""
    phrase: str
    """As HTTP says it in words; a part of a regular expression."""


HARMLESS_HTTP = r'(?i)" [2345]\d\d [\d-]+(?: |$)|\b(?:step|epoch|iter(?:ation)?|images?|samples?|loss)\b'
"""An access log's own line, and numbers that count something."""


def grpc_renderings(status: Status) -> tuple[Pattern, ...]:
    """Where the name of the status itself stands there: hardly anything else looks like that."""
    name, camel = status.grpc, status.camel
    quote = r'\\*["\']'
    return (
        Pattern(regex=rf"\bStatusCode\.{name}\b"),
        Pattern(regex=rf"{quote}?\b(?:status|code|reason){quote}?\s*[:=]\s*{quote}?{name}\b"),
        Pattern(regex=rf"\bgrpc_status:\s*{status.number}\b"),
        Pattern(regex=rf"\(gcloud\.[\w.-]+\)\s+(?:\[[^\]]*\]\s+)?{name}\b"),
        Pattern(regex=rf"\b{name}: \S"),
        Pattern(regex=rf"\bcode = (?:{camel})\b"),
        Pattern(regex=rf"\b(?:{camel}): {status.http}\b"),
        Pattern(regex=rf"\bexceptions?\.\s*(?:{camel})\b(?::|$)"),
    )


def http_renderings(status: Status) -> tuple[Pattern, ...]:
    """Where the number stands beside words that make it a status of an answer, and not a count."""
    code, phrase = status.http, status.phrase
    quote = r'\\*["\']'
    return (
        Pattern(regex=rf"\b{code} (?:Client|Server) Error\b"),
        Pattern(regex=rf"\b[Ee]rror:? {code}\b(?::|,| \()"),
        Pattern(regex=rf"(?i)\bHTTP(?:/[\d.]+)?[ -]*(?:error|status|response|code)*[ -]*(?:code)?[:=]? ?\(?{code}\b"),
        Pattern(regex=rf"(?i)\b(?:status|response|error)[ _-]?(?:code)?(?:[:=]| of| is| was)? ?{code}\b"),
        Pattern(regex=rf"(?i){quote}(?:code|status|status_?code|statusCode){quote}\s*:\s*{quote}?{code}\b"),
        Pattern(regex=rf"(?i)\b{code}:? (?:{phrase})\b", unless=HARMLESS_HTTP),
        Pattern(regex=rf"(?i)\b(?:{phrase})\b[ :,(\[-]*{code}\b", unless=HARMLESS_HTTP),
    )


def renderings(status: Status) -> tuple[Pattern, ...]:
    """Every way in which this status is printed."""
    return grpc_renderings(status) + http_renderings(status)


BAD_REQUEST = Status(400, "INVALID_ARGUMENT", "InvalidArgument", 3, r"bad request|invalid argument")
UNAUTHENTICATED = Status(401, "UNAUTHENTICATED", "Unauthenticated|Unauthorized", 16, r"unauthori[sz]ed")
FORBIDDEN = Status(403, "PERMISSION_DENIED", "PermissionDenied|Forbidden", 7, r"forbidden|permission denied")
MISSING = Status(404, "NOT_FOUND", "NotFound", 5, r"(?:\w+ )?not found")
EXHAUSTED = Status(429, "RESOURCE_EXHAUSTED", "ResourceExhausted|TooManyRequests", 8, r"too many requests")
INTERNAL = Status(500, "INTERNAL", "InternalServerError|Internal", 13, r"internal (?:server )?error")
UNAVAILABLE = Status(503, "UNAVAILABLE", "ServiceUnavailable|Unavailable", 14, r"service (?:temporarily )?unavailable")
BAD_GATEWAY = Status(502, "BAD_GATEWAY", "BadGateway", 14, r"bad gateway")
GATEWAY_TIMEOUT = Status(504, "DEADLINE_EXCEEDED", "DeadlineExceeded|GatewayTimeout", 4, r"gateway time-?out")
REQUEST_TIMEOUT = Status(408, "REQUEST_TIMEOUT", "RequestTimeout", 4, r"request time-?out")
