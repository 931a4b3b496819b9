"""Words that make a line harmless although it speaks of failure: data only. The reader weighs severity and place."""

from __future__ import annotations

_PREPARED = "handlers?|hooks?|callbacks?|listeners?|watchers?|subscriptions?"

HARMLESS: tuple[str, ...] = (
    # nothing has failed, in numbers and in words
    r"(?i)(?:^|[,:;=(|/] ?|\b(?:with|and|found|had|has|got|were) )(?:0|zero) (?:\w+ )?(?:errors?|failures?|failed)\b",
    r"(?i)\b(?:0|zero) (?:\w+ )?(?:errors|failures|exceptions|problems|issues)\b",
    r"(?i)\b(?:no|without(?: any)?) (?:\w+ )?(?:errors|failures|exceptions|problems|issues)\b|\bwithout error\b",
    r"(?i)^\W*no (?:\w+ )?(?:error|failure|exception|problem|issue)\b",
    r"(?i)\b(?:errors?|failures?|failed|exceptions?|fatal)\b[ \"']*[:=] ?(?:0|none|null|false|no)(?:[\"',;)}\]]|$)",
    r"(?i)\b(?:errors?|failures?|failed|exceptions?)\b[ \"']*[:=] ?(?:\[\]|\{\}|\"\"|0/\d)",
    r"(?i)\b(?:PASSED|XFAIL|XPASS|SKIPPED)\b.*(?:::|\[ *\d+%\]|\btest_)",
    r"(?i)(?:::|\btest_).*\b(?:PASSED|XFAIL|XPASS|SKIPPED)\b",
    r"^\s*--- PASS: |^ok \d+ |\.\.\. ok$|^\s*[✓✔] ",
    # words about errors in general
    r"(?i)\berrors?[ _-]?(?:rates?|bars?|budget|margin|handler|analysis|function|term)\b",
    r"(?i)\berror[ _-]handling (?:is|was|for|in)\b",
    r"(?i)\b(?:mean|squared|absolute|relative|validation|training|test|word)(?: \w+)? error\b[^:]*[:=] ?[\d.]",
    r"(?i)\bon[-_](?:failure|error)s?\b|\b(?:may|might|could|can) fail\b",
    r"(?i)^\W*(?:if|when|whether|unless|in case|should) (?:\w+ )*(?:fails?|errors?|an? exception|failure)\b",
    # what is prepared for, spoken of, counted and forbidden, and has not happened
    (
        rf"(?i)\b(?:{_PREPARED}|protection|checking|alerts?)(?: (?:is|are|was|were|has been|have been))? (?:now )?"
        r"(?:installed|registered|enabled|disabled|set up|ready|armed|on)\b|\bOOM killer (?:is )?(?:disabled|off)\b"
    ),
    (
        r"(?i)^\W*(?:install(?:ed|ing)|register(?:ed|ing)|subscrib(?:ed|ing) to|watch(?:ing)? for|listening (?:for|to)|"
        rf"waiting for|prepar(?:ed|ing) for|handl(?:es|ing)|protected against)\b.*\b(?:{_PREPARED}|notices?|events?|"
        r"signals?|exceptions?|errors?)\b"
    ),
    r"(?i)^\W*(?:the )?(?:signal|error|exception) handlers?\b|^\W*handles [A-Z]\w+\b|\b(?:retry|restart) policy\b",
    r"(?i)\b(?:is|are|will be|gets?) retried\b|\bretried up to \d+ times\b|\balerts? (?:is|are|will be) sent\b",
    r"(?i)\b(?:counters?|counts?)[ :=]+0\b|\btimed out (?:jobs|tasks|steps|requests)[ :=]+0\b",
    r"(?i)\b(?:policy|action|strategy|behaviou?r): \w+$|_exceeded=\w+",
    # what somebody asked a server for, and got as an answer: no failure of the server
    r'"(?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS) [^"]* HTTP/[\d.]+"',
    r'\bHTTP Request: |" [1-5]\d\d \d+(?: |$)|\b(?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS) /\S* [1-5]\d\d \d+',
    r'(?i)"(?:remote_addr|remote_ip|client_ip|request_method|user[_-]agent|http_user_agent|bytes_sent|body_bytes_sent)"',
    # warnings, which tell and go on
    r"\b[A-Z]\w*Warning: |\bwarnings\.warn\(|(?i:^\W*(?:deprecation|future|user) ?warning\b)",
    r"\bCould not load dynamic library\b|\bUnable to register cu\w+ factory\b",
    r"\bcomputation placer already registered\b",
    r"\bfailed call to cuInit\b|\bcudart dlerror\b|\bTF-TRT Warning\b|\bNUMA node read from SysFS\b",
    r"(?i)\bdependency resolver does not currently take into account\b",
    # W&B's own remarks
    r"\bDropped streaming file chunk\b|\bInternal process shutdown\b|\bError initializing NVML\b",
    # servers that turn strangers away, plugins that are told to end
    r"\bsshd\[\d+\]: |\bplugin\.(?:stdio|go-plugin|client)\b.*\b(?:EOF|transport is closing|plugin process exited)\b",
    r"\bhandling exit code: \d|\bsend_exit\(\)|\bexit_code: 0\b",
    # services that end because they are asked to
    r"(?i)\b(?:scheduling|graceful(?:ly)?|clean(?:ly)?|normal) shut(?:ting )?down\b|\buser requested shutdown\b",
    # source code, searches in it, help texts, comments
    r"^\s*(?:raise [A-Z]\w*|except\b[^:]*:|def \w+\(|class \w+[(:]|import \w|from [\w.]+ import)",
    r"^\s*(?:logg?(?:er|ing)?\.\w+\(|print\()",
    r"^\s*(?:#|//|/\*|>>>|\.\.\. ) ?-{0,2}[A-Za-z][\w=-]* ?:? .*\b(?i:errors?|fail\w*|exceptions?|exits?)\b",
    r"\b[\w./-]+\.(?:md|rst|txt|html|ipynb):\d+:",
    r"\b[\w./-]+\.py:\d+: *(?:raise|except|log|#|return|if|assert|print|self|def|class)\b",
    r"^\s*(?:-\w, )?--[a-z][\w-]*(?:[ =,]|$)",
    r"^[-d][rwxst-]{9}[.+@]? +\d+ ",
)
"""RE2; a line in which one of these is found is never evidence of a failure."""

SURVIVED: tuple[str, ...] = (
    r"(?i)\bretry(?:ing|able)\b|\bretry (?:attempt|in|after|count|number|loop|\d)",
    r"(?i)[(\[]retry\b|\bto retry\b|\bretries left\b|\bwill (?:be )?retr(?:y|ied)\b|\btry(?:ing)? again in\b",
    r"(?i)\bbacking off\b",
    r"(?i)\battempt \d+(?: of |/)\d+\b|\bsleeping (?:for )?[\d.]+ ?s|\breconnect(?:ing|ed)\b",
    r"(?i)\b(?:ignor(?:e|ed|ing)|continuing|proceeding|falling back|fallback|recovered)\b",
    r"(?i)(?:^|[^,] )skipp(?:ed|ing)\b|--- Logging error ---|\bnon-?fatal\b|\bbest[- ]effort\b|\bnot critical\b",
    r"(?i)\b(?:handled|caught|expected) exception\b",
    r"(?i)\bError while calling W&B API: an internal error\b",
    r"(?i)\bError saving conda packages\b|\bunable to (?:collect|log) (?:system )?(?:metrics|metadata)\b",
)
"""RE2; a failure in, or just before, such a line was survived if anything goes on after it."""

PROGRESS: tuple[str, ...] = (
    r"(?i)\b(?:step|epoch|iter(?:ation)?|batch)s?\b[ :=\[]*\d+",
    r"\b\d+(?:\.\d+)?(?:it/s|s/it|samples/s|tokens/s|examples/s|MB/s)\b",
    r"\b\d{1,3}%\|",
    r"(?i)\b(?:loss|accuracy|acc|lr|reward)\b[\"']?[:= ]+-?\d+\.\d+",
    r"(?i)\b(?:saved|saving|wrote|uploaded) (?:model |the )?(?:checkpoint|state|weights)\b",
)
"""RE2; the program works: what came before did not end it."""

SUCCESS: tuple[str, ...] = (
    r"(?i)\b(?:completed|finished|succeeded|ended|exited|done|saved|uploaded) (?:successfully|without errors?)\b",
    r"(?i)\bsuccessfully \w+\b|\b(?:succeeded|recovered) after \d+\b",
    r"(?i)\b(?:run|job|build|task|execution|upload|request) succeeded\b|\bBUILD SUCCESS(?:FUL)?\b",
    r"(?i)\bTraining (?:completed?|finished|done)\b",
    r"(?i)\bexit(?:ed)?(?: with)? (?:code|status)[ :=]*0\b|\b(?:HTTP/[\d.]+\"? |status[ =:]+)200\b",
    r"^(?:SUCCESS|PASSED|OK|Done\.?|DONE)$|^OK \(|\b\d+ passed\b",
)
"""RE2; the program, or the part that failed before, reached its goal."""
