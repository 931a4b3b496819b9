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
    """As HTTP says it in words; alternatives are separated by `|`."""


_QUOTE = r'\\*["\']?'
"""An optional quotation mark, also an escaped one."""

COUNTED = r"(?i)\b(?:step|epoch|iter(?:ation)?s?|images?|samples?|rows|files|loss|took|elapsed|ms)\b[ :=]*\d"
"""Numbers that count something stand in such lines."""


def grpc_renderings(status: Status) -> tuple[Pattern, ...]:
    """Where the name of the status itself stands there: hardly anything else looks like that."""
    name, camel = status.grpc, status.camel
    return tuple(
        Pattern(regex=regex)
        for regex in (
            rf"\bStatusCode\.{name}\b",
            rf"\b(?:status|code|reason|Code|Status){_QUOTE}\s*[:=]\s*{_QUOTE}{name}\b",
            rf"\bgrpc[_-]status[\"']?\s*[:=]\s*[\"']?{status.number}\b",
            rf"^\s*(?:error )?\{{?\s*code: {status.number}$",
            rf"\berror \{{ ?code: {status.number} ",
            rf"\(gcloud\.[\w.-]+\)\s+(?:\[[^\]]*\]\s+)?{name}\b",
            rf"\b{name}: \S",
            rf"\b[A-Za-z ]*[Ee]rror \d{{3}}:? {name}\b",
            rf"\b{status.http} {name}\b",
            rf"\b[Cc]ode = (?:{camel})\b",
            rf"\b(?:{camel}): {status.http}\b",
            rf"\bexceptions?\. ?(?:{camel})\b(?::|$)",
        )
    )


def http_renderings(status: Status) -> tuple[Pattern, ...]:
    """Where the number stands beside words that make it the status of an answer, and not a count."""
    code, phrase = status.http, status.phrase
    return (
        Pattern(regex=rf"\b{code} (?:Client|Server) Error\b"),
        Pattern(regex=rf"\b[Ee]rr(?:or)?:? ?[\[(]?{code}\b(?:[\])]|:|,| \(|$)", unless=COUNTED),
        Pattern(
            regex=rf"(?i)\bHTTP(?:/[\d.]+)?[ -]*(?:error|status|response|code|"
            rf"Exception)*[ -]*(?:code)?[:=]? ?\(?{code}\b"
        ),
        Pattern(
            regex=rf"(?i)\b(?:status|response|error|returned|with)[ _-]?code(?:[:=]| of| is| was)? ?[\[(]?{code}\b"
        ),
        Pattern(
            regex=rf"(?i)\b(?:response|status|returned(?: an?)?(?: error)?):? \(?{code}\b(?:$|[^.\d])", unless=COUNTED
        ),
        Pattern(regex=rf"(?i){_QUOTE}\b(?:http_?)?(?:code|status_?code)\\*[\"']\s*:\s*{_QUOTE}{code}\b(?:[^.\d]|$)"),
        Pattern(regex=rf"(?i)^\W*(?:code|status|status_?code)\W{{1,4}}{code}\b,?$"),
        Pattern(regex=rf"(?i)\b(?:error|denied|failed)\b.*\bstatus\W{{1,4}}{code}\b[^.\d]?"),
        Pattern(regex=rf"(?i)\b{code}[:)\]]? -? ?(?:{phrase})\b", unless=COUNTED),
        Pattern(regex=rf"(?i)\b(?:{phrase})\b[ :,-]*[\[(]{code}[\])]"),
        Pattern(regex=rf"\b{code}, message="),
    )


def renderings(status: Status) -> tuple[Pattern, ...]:
    """Every way in which this status is printed."""
    return grpc_renderings(status) + http_renderings(status)


BAD_REQUEST = Status(400, "INVALID_ARGUMENT", "InvalidArgument|BadRequest", 3, r"bad request|invalid argument")
PRECONDITION = Status(400, "FAILED_PRECONDITION", "FailedPrecondition", 9, r"precondition check failed")
UNAUTHENTICATED = Status(401, "UNAUTHENTICATED", "Unauthenticated|Unauthorized", 16, r"unauthori[sz]ed")
FORBIDDEN = Status(
    403, "PERMISSION_DENIED", "PermissionDenied|Forbidden", 7, r"forbidden|permission denied|access denied"
)
MISSING = Status(404, "NOT_FOUND", "NotFound", 5, r"(?:\w+ )?not found")
CONFLICT = Status(409, "ALREADY_EXISTS", "AlreadyExists|Conflict", 6, r"conflict")
EXHAUSTED = Status(429, "RESOURCE_EXHAUSTED", "ResourceExhausted|TooManyRequests", 8, r"too many requests")
INTERNAL = Status(
    500, "INTERNAL", "InternalServerError|Internal|InternalException", 13, r"internal (?:server )?error|server error"
)
UNAVAILABLE = Status(
    503,
    "UNAVAILABLE",
    "ServiceUnavailable|Unavailable",
    14,
    r"(?:service|server) (?:temporarily )?(?:unavailable|error)",
)
BAD_GATEWAY = Status(502, "BAD_GATEWAY", "BadGateway", 14, r"bad gateway|server error|proxy error")
GATEWAY_TIMEOUT = Status(504, "GATEWAY_TIMEOUT", "GatewayTimeout", 4, r"gateway time-?out|server error")
REQUEST_TIMEOUT = Status(408, "REQUEST_TIMEOUT", "RequestTimeout", 4, r"request time-?out")
