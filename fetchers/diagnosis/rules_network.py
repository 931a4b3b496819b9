"""What goes wrong between machines: names that do not resolve, ports, connections, certificates.

All of it comes and goes, and programs that survive it say so: a guard never ends a program for these.
"""

from __future__ import annotations

from fetchers.diagnosis.model import NEVER, Category, Pattern, Rule

NETWORK_RULES = (
    Rule(
        id="dns_failure",
        title="name cannot be resolved",
        category=Category.SERVICE,
        origin="container",
        rank=39,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"(?i)\bname resolution\b.*\b(?:failed|failure|error)\b"),
            Pattern(regex=r"(?i)\b(?:failure|failed) in name resolution\b"),
            Pattern(regex=r"(?i)\bname or service not known\b|\bgetaddrinfo (?:failed|ENOTFOUND|EAI_AGAIN)\b"),
            Pattern(regex=r"(?i)\bNameResolutionError\b"),
            Pattern(regex=r"(?i)\bcould(?: not|n't) resolve (?:host|hostname|proxy)\b:? ?(?P<host>[\w.-]+)?"),
            Pattern(regex=r"(?i)\bnodename nor servname provided\b"),
            Pattern(regex=r"\blookup (?P<host>[\w.-]+)(?: on \S+)?: (?:no such host|server misbehaving|i/o timeout)"),
        ),
        explains="A host name could not be resolved: the machine has no network or DNS, or the name is wrong.",
        advice=(
            "Check the name {host}, and that the network of the job reaches the Internet or a private "
            "DNS zone.\n"
            "else: Check the name, and that the network of the job reaches the Internet or a private DNS "
            "zone."
        ),
        examples=("curl: (6) Could not resolve host: api.example.com", "Temporary failure in name resolution"),
    ),
    Rule(
        id="tls_failure",
        title="certificate not trusted",
        category=Category.SERVICE,
        origin="container",
        rank=39,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"\bCERTIFICATE_VERIFY_FAILED\b|\bSSLCertVerificationError\b|\bx509: certificate\b"),
            Pattern(regex=r"(?i)\b(?:TLS|SSL) handshake (?:failed|timeout)\b"),
            Pattern(regex=r"(?i)\bcertificate (?:has expired|verify failed)\b|\bSSLError\("),
        ),
        explains="The other side's certificate is not trusted here: a proxy, an old image, or a wrong clock.",
        advice=(
            "Install current certificates in the image (`ca-certificates`), or those of your proxy "
            "(`REQUESTS_CA_BUNDLE`)."
        ),
        examples=(
            "curl: (60) SSL certificate problem: certificate has expired",
            "x509: certificate signed by unknown authority",
        ),
    ),
    Rule(
        id="connection_refused",
        title="no connection",
        category=Category.SERVICE,
        origin="container",
        rank=38,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"(?i)\bconnection (?:was )?(?:refused|reset|aborted|timed out)\b|\bECONNREFUSED\b"),
            Pattern(regex=r"(?i)\bECONNRESET\b|\bETIMEDOUT\b"),
            Pattern(regex=r"(?i)\b(?:failed|unable|could not|couldn't|cannot) (?:to )?connect to\b"),
            Pattern(regex=r"(?i)\bno route to host\b|\bnetwork is unreachable\b"),
            Pattern(regex=r"(?i)\bremote end closed connection\b|\bbroken pipe\b|\bmax retries exceeded\b"),
            Pattern(regex=r"(?i)\bi/o timeout\b|\bread timed out\b"),
        ),
        explains="The other side refused or dropped the connection: it does not run, or a firewall is between.",
        advice=(
            "Check that {host} runs and listens, and that the network of the job reaches it.\n"
            "else: Check that the other side runs and listens, and that the network of the job reaches it."
        ),
        examples=("dial tcp 10.0.0.7:5432: connect: connection refused",),
    ),
    Rule(
        id="port_in_use",
        title="port in use",
        category=Category.CONFIG,
        origin="container",
        rank=39,
        threshold=NEVER,
        patterns=(
            Pattern(regex=r"(?i)\baddress already in use\b|\bEADDRINUSE\b"),
            Pattern(regex=r"(?i)\bport (?P<port>\d+) is (?:already )?(?:in use|allocated)\b"),
        ),
        explains="Another process listens on the port already, mostly one that an earlier run left behind.",
        advice=(
            "End what listens on port {port}, or choose another (for torchrun `--master_port`).\n"
            "else: End what listens on the port, or choose another (for torchrun `--master_port`)."
        ),
        examples=("Error: listen tcp 0.0.0.0:8080: bind: address already in use",),
    ),
)
