"""What makes a line worth reading, worked out from the rules; `make docs` writes it, a test compares.

Where it is not of the rules as they are, it is worked out anew.
"""

# ruff: noqa: E501 - generated
# fmt: off

FINGERPRINT = "661f049c572fdab268a437c8ee0fa829099381c98b65081abf1ede723e3e6fa8"
"""Of the patterns that the expression is of."""

EXPRESSION = (
    "\\ nan|\\:nan|\\=nan|code|crit|eror|exit|fail|http|can\\'t|error|fatal|image|layer|panic|runs\\:|wandb|yaml\\.|\\ "
    'isnan|\\:\\ \\*\\*\\*\\ |cannot|denied|enospc|err400|err401|err403|err404|err408|err429|err500|err502|err503|err504|'
    'exceed|gcr\\.io|killed|queue\\.|severe|sigbus|sighup|sigill|sigint|signal|status|unable|aborted|crashed|docker\\.'
    '|err\\ 400|err\\ 401|err\\ 403|err\\ 404|err\\ 408|err\\ 429|err\\ 500|err\\ 502|err\\ 503|err\\ 504|err\\(400|err\\(401|e'
    'rr\\(403|err\\(404|err\\(408|err\\(429|err\\(500|err\\(502|err\\(503|err\\(504|err\\:400|err\\:401|err\\:403|err\\:404|err'
    '\\:408|err\\:429|err\\:500|err\\:502|err\\:503|err\\:504|err\\[400|err\\[401|err\\[403|err\\[404|err\\[408|err\\[429|err\\['
    '500|err\\[502|err\\[503|err\\[504|ghcr\\.io|invalid|mpi_err|must\\ be|not\\ ok\\ '
    '|oomkill|pkg\\.dev|quay\\.io|refused|sigabrt|sigkill|sigsegv|sigterm|timeout|usage\\:\\ '
    "|\\(gcloud\\.|aborting|after\\ a\\ |asyncio\\.|canceled|couldn\\'t|eresolve|err\\ \\(400|err\\ \\(401|err\\ \\(403|err\\ "
    '\\(404|err\\ \\(408|err\\ \\(429|err\\ \\(500|err\\ \\(502|err\\ \\(503|err\\ \\(504|err\\ \\[400|err\\ \\[401|err\\ \\[403|err\\ '
    '\\[404|err\\ \\[408|err\\ \\[429|err\\ \\[500|err\\ \\[502|err\\ \\[503|err\\ \\[504|err\\:\\ 400|err\\:\\ 401|err\\:\\ '
    '403|err\\:\\ 404|err\\:\\ 408|err\\:\\ 429|err\\:\\ 500|err\\:\\ 502|err\\:\\ 503|err\\:\\ 504|err\\:\\(400|err\\:\\(401|err\\:\\('
    '403|err\\:\\(404|err\\:\\(408|err\\:\\(429|err\\:\\(500|err\\:\\(502|err\\:\\(503|err\\:\\(504|err\\:\\[400|err\\:\\[401|err\\:\\['
    '403|err\\:\\[404|err\\:\\[408|err\\:\\[429|err\\:\\[500|err\\:\\[502|err\\:\\[503|err\\:\\[504|fault\\ at|illegal\\ '
    '|internal|launch\\:\\ |manifest|nan\\ loss|notfound|oom\\ '
    'kill|oom\\-kill|oom_kill|rejected|stockout|tcpstore|unknown\\ |botocore\\.|cancelled|could\\ not|due\\ to\\ a\\ '
    '|err\\:\\ \\(400|err\\:\\ \\(401|err\\:\\ \\(403|err\\:\\ \\(404|err\\:\\ \\(408|err\\:\\ \\(429|err\\:\\ \\(500|err\\:\\ '
    '\\(502|err\\:\\ \\(503|err\\:\\ \\(504|err\\:\\ \\[400|err\\:\\ \\[401|err\\:\\ \\[403|err\\:\\ \\[404|err\\:\\ \\[408|err\\:\\ '
    '\\[429|err\\:\\ \\[500|err\\:\\ \\[502|err\\:\\ \\[503|err\\:\\ '
    '\\[504|etimedout|exception|exhausted|forbidden|interrupt|nan\\ value|nosuchkey|not\\ found|not_found|npm\\ err\\!\\ '
    '|nvrm\\:\\ xid|preempted|reclaimed|response\\ |returned\\ |timed\\ out|too\\ large|too\\ small|uncaught\\ |\\ is\\ in\\ '
    'use|after\\ its\\ |after\\ the\\ |assertion\\ |eaddrinuse|econnreset|goroutine\\ |malloc\\(\\)\\:\\ |nccl\\ warn\\ '
    '|ncclremote|ncclsystem|not\\ enough|permission|problem\\ at|rate\\ limit|response\\:\\ |returned\\:\\ '
    '|terminated|time\\ limit|\\ \\ what\\(\\)\\:\\ \\ |\\"diagnosis\\"|bad\\ gateway|bad\\ request|broken\\ pipe|don\\\'t\\ have\\ '
    '|donot\\ have\\ |due\\ to\\ its\\ |due\\ to\\ the\\ |jsonschema\\.|loss\\ is\\ inf|machinetype|max\\ runtime|not\\ '
    'allowed|out\\ of\\ disk|quota\\ limit|reclamation|sqlite_full|subprocess\\.|unavailable|unsupported|502\\ '
    "deadline|503\\ deadline|504\\ deadline|\\]\\,\\ thread\\:\\ \\[|deadline\\ of\\ |disk\\ is\\ full|do\\ n\\'t\\ have\\ |do\\ "
    'not\\ have\\ |expiredtoken|insufficient|is\\ not\\ valid|machine\\ type|machine\\-type|machine_type|max\\ run\\ '
    'time|max\\ run\\-time|max\\ waittime|memory\\ limit|memory\\ usage|nan\\ '
    'gradient|nosuchbucket|out_of_range|servicestart|unauthorised|unauthorized|\\ instancetype|\\ is\\ '
    'allocated|\\(core\\ dumped\\)|400\\,\\ message\\=|401\\ unauthori|401\\,\\ message\\=|403\\,\\ message\\=|404\\,\\ '
    'message\\=|408\\,\\ message\\=|429\\,\\ message\\=|500\\,\\ message\\=|502\\,\\ message\\=|503\\,\\ message\\=|504\\,\\ '
    "message\\=|because\\ of\\ a\\ |conflict\\:\\ 409|doesn\\'t\\ have\\ |doesnot\\ have\\ |instance\\ "
    'type|instance\\-type|instance_type|max\\ wait\\ time|max\\ wait\\-time|nccl\\ watchdog|no\\ such\\ queue|not\\ able\\ '
    'pull|not\\ available|not\\ supported|out\\ of\\ memory|out\\ of\\-memory|out\\-of\\ memory|out\\-of\\-memory|request\\ '
    'limit|unrecognized\\ |401\\ \\ unauthori|401\\ \\-unauthori|401\\)\\ unauthori|401\\:\\ unauthori|401\\]\\ unauthori|\\:\\ '
    "no\\ such\\ host|already_exists|device\\ is\\ full|does\\ n\\'t\\ have\\ |does\\ not\\ exist|does\\ not\\ have\\ |is\\ not\\ "
    'a\\ valid|memory\\ request|name\\ unknown\\:\\ |not\\ compatible|std\\:\\:bad_alloc|version\\ \\"glibc|version\\ '
    "\\'glibc|version\\ \\`glibc|volume\\ is\\ full|401\\ \\-\\ unauthori|401\\)\\ \\ unauthori|401\\)\\ \\-unauthori|401\\:\\ \\ "
    'unauthori|401\\:\\ \\-unauthori|401\\]\\ \\ unauthori|401\\]\\ \\-unauthori|badrequest\\:\\ 400|because\\ of\\ its\\ '
    '|because\\ of\\ the\\ |maximum\\ runtime|memory\\ pressure|mentation\\ fault|name\\ resolution|no\\ cuda\\ gpu\\ is\\ '
    '|non\\-finite\\ loss|outofrange\\:\\ 400|unauthenticated|401\\)\\ \\-\\ unauthori|401\\:\\ \\-\\ unauthori|401\\]\\ \\-\\ '
    'unauthori|408\\ request\\ time|access\\ to\\ model\\ |access\\ to\\ space\\ |billing\\ '
    'disabled|billing_disabled|connection\\ reset|crashloopbackoff|gateway\\ time\\-out|incorrect\\ apikey|maximum\\ '
    'run\\ time|maximum\\ run\\-time|maximum\\ waittime|no\\ cuda\\ gpu\\ are\\ |no\\ cuda\\ gpus\\ is\\ |no\\ route\\ to\\ '
    'host|no\\ such\\ object\\:\\ |non\\-finite\\ value|not\\ able\\ be\\ pull|not\\ able\\ to\\ pull|out\\ of\\ free\\ '
    'disk|preemption\\ event|processgroupgloo|processgroupnccl|request\\ time\\-out|service_disabled|408\\ \\ request\\ '
    'time|408\\ \\-request\\ time|408\\)\\ request\\ time|408\\:\\ request\\ time|408\\]\\ request\\ time|access\\ gated\\ '
    'repo|connection\\ closed|due\\ to\\ preemption|incorrect\\ api\\ key|incorrect\\ api\\-key|incorrect\\ api_key|is\\ '
    'not\\ accessible|maximum\\ wait\\ time|maximum\\ wait\\-time|ncclunhandledcuda|no\\ cuda\\ gpus\\ are\\ |no\\ such\\ run\\'
    ' queue|preemption\\ notice|too\\ many\\ requests|toomanyrequests\\:\\ |x509\\:\\ certificate|\\ is\\ already\\ in\\ '
    'use|408\\ \\-\\ request\\ time|408\\)\\ \\ request\\ time|408\\)\\ \\-request\\ time|408\\:\\ \\ request\\ time|408\\:\\ '
    '\\-request\\ time|408\\]\\ \\ request\\ time|408\\]\\ \\-request\\ time|access\\ to\\ dataset\\ |alreadyexists\\:\\ 409|api\\ '
    'key\\ must\\ have\\ |coordination\\ agent|device\\-side\\ assert|due\\ to\\ maintenance|filesystem\\ is\\ full|is\\ not\\ '
    'a\\ available|is\\ not\\ a\\ supported|loss\\ is\\ not\\ finite|no\\ cuda\\ device\\ is\\ |408\\)\\ \\-\\ request\\ '
    'time|408\\:\\ \\-\\ request\\ time|408\\]\\ \\-\\ request\\ time|access\\ a\\ gated\\ repo|accessnotconfigured|billing\\ is\\'
    ' disabled|billing\\ not\\ enabled|concurrent\\.futures\\.|file\\ system\\ is\\ full|no\\ cuda\\ device\\ are\\ |no\\ cuda\\'
    ' devices\\ is\\ |non\\-finite\\ gradient|not\\ able\\ to\\ be\\ pull|oom\\ when\\ allocating|problem\\ '
    'encountered|unhandled\\ rejection|\\:\\ server\\ misbehaving|can\\ only\\ be\\ attached|connection\\ was\\ '
    'reset|coordination\\ service|ninja\\:\\ build\\ stopped|no\\ cuda\\ devices\\ are\\ |out\\ of\\ shared\\ memory|ran\\ '
    'longer\\ than\\ its\\ |ran\\ longer\\ than\\ the\\ |resolutionimpossible|\\ is\\ already\\ allocated|access\\ the\\ gated\\'
    ' repo|activedeadlineseconds|authentication\\ scopes|getaddrinfo\\ eai_again|mpi_abort\\ was\\ invoked|no\\ api\\ '
    'key\\ configured|no\\ capacity\\ available|no\\ space\\ left\\ on\\ disk|node\\ is\\ shutting\\ down|not\\ authorized\\ '
    'to\\ act|out\\ of\\ available\\ disk|took\\ longer\\ than\\ its\\ |took\\ longer\\ than\\ the\\ |using\\ too\\ much\\ '
    'memory|\\ nodes\\ are\\ available\\:\\ |address\\ already\\ in\\ use|api_key\\ not\\ configured|billing\\ is\\ not\\ '
    'enabled|found\\ no\\ nvidia\\ driver|imminent\\ node\\ shutdown|network\\ is\\ unreachable|nvidia\\-container\\-cli\\:\\ '
    '|taken\\ longer\\ than\\ its\\ |taken\\ longer\\ than\\ the\\ |w\\&b\\ api\\ key\\ is\\ expired|authentication\\ '
    'required|certificate\\ has\\ expired|dataloader\\ worker\\ \\(pid\\ |due\\ to\\ host\\ maintenance|no\\ cuda\\-capable\\ '
    'gpu\\ is\\ |no\\ space\\ left\\ on\\ device|stack\\ smashing\\ detected|termination\\ is\\ imminent|billing\\ account\\ '
    'disabled|conflicting\\ dependencies|dataloader\\ worker\\ \\(pid\\(\\ |dataloader\\ worker\\ \\(pid\\)\\ |dataloader\\ '
    'worker\\ \\(pids\\ |no\\ capacity\\ is\\ available|no\\ cuda\\-capable\\ gpu\\ are\\ |no\\ cuda\\-capable\\ gpus\\ is\\ |not\\ '
    'authorized\\ to\\ access|ran\\ for\\ longer\\ than\\ its\\ |ran\\ for\\ longer\\ than\\ the\\ |running\\ longer\\ than\\ its\\'
    ' |running\\ longer\\ than\\ the\\ |\\ did\\ not\\ run\\ successfully|compute\\ engine\\ preemption|dataloader\\ worker\\ '
    '\\(pid\\(\\)\\ |dataloader\\ worker\\ \\(pid\\(s\\ |dataloader\\ worker\\ \\(pids\\)\\ |double\\ free\\ or\\ corruption|name\\ '
    'or\\ service\\ not\\ known|no\\ cuda\\-capable\\ gpus\\ are\\ |no\\ space\\ left\\ on\\ the\\ disk|not\\ authorized\\ to\\ '
    'perform|took\\ for\\ longer\\ than\\ its\\ |took\\ for\\ longer\\ than\\ the\\ |\\ trying\\ to\\ pull\\ '
    'repository|dataloader\\ worker\\ \\(pid\\(s\\)\\ |horovod\\ has\\ been\\ shut\\ down|no\\ cuda\\-capable\\ device\\ is\\ |no\\'
    ' more\\ capacity\\ available|node\\ is\\ shutting\\,\\ evicting|reauthentication\\ is\\ needed|taken\\ for\\ longer\\ '
    'than\\ its\\ |taken\\ for\\ longer\\ than\\ the\\ |\\:\\ no\\ such\\ file\\ or\\ directory|billing\\ account\\ is\\ '
    'disabled|billing\\ account\\ not\\ enabled|no\\ cuda\\-capable\\ device\\ are\\ |no\\ cuda\\-capable\\ devices\\ is\\ |no\\ '
    'space\\ left\\ on\\ the\\ device|unhandled\\ promise\\ rejection|corrupted\\ size\\ vs\\.\\ prev_size|due\\ to\\ '
    'scheduled\\ maintenance|no\\ cuda\\-capable\\ devices\\ are\\ |remote\\ end\\ closed\\ connection|running\\ for\\ longer\\'
    ' than\\ its\\ |running\\ for\\ longer\\ than\\ the\\ |setting\\ up\\ nccl\\ communicator|flag\\ provided\\ but\\ not\\ '
    'defined|has\\ not\\ been\\ used\\ in\\ project\\ |initializing\\ source\\ docker\\:\\/\\/|no\\ more\\ capacity\\ is\\ '
    "available|billing\\ account\\ is\\ not\\ enabled|nodename\\ nor\\ servname\\ provided|\\'\\ has\\ no\\ installation\\ "
    'candidate|traceback\\ \\(most\\ recent\\ call\\ last|token\\ has\\ been\\ expired\\ or\\ revoked|low\\ on\\ resource\\:\\ '
    'ephemeral\\-storage|\\ was\\ previously\\ created\\ and\\ deleted|no\\ matching\\ distribution\\ found\\ for\\ |the\\ '
    'node\\ was\\ low\\ on\\ resource\\:\\ memory|torch\\ not\\ compiled\\ with\\ cuda\\ enabled|active\\ longer\\ than\\ '
    "specified\\ deadline|doesn\\'t\\ currently\\ have\\ enough\\ capacity|the\\ following\\ arguments\\ are\\ required\\:\\ "
    "|does\\ not\\ currently\\ have\\ enough\\ capacity|doesn\\'t\\ currently\\ have\\ enough\\ resources|nvidia\\ driver\\ on\\"
    ' your\\ system\\ is\\ too\\ old|ran\\ out\\ of\\ input\\ memory\\ in\\ memory\\ space|does\\ not\\ currently\\ have\\ enough\\'
    " resources|does\\ not\\ match\\ the\\ detected\\ host\\ platform|doesn\\'t\\ currently\\ have\\ sufficient\\ "
    "capacity|does\\ not\\ currently\\ have\\ sufficient\\ capacity|doesn\\'t\\ currently\\ have\\ sufficient\\ "
    'resources|you\\ do\\ not\\ currently\\ have\\ an\\ active\\ account|does\\ not\\ currently\\ have\\ sufficient\\ '
    'resources|no\\ solution\\ found\\ when\\ resolving\\ dependencies|terminate\\ called\\ after\\ throwing\\ an\\ instance\\'
    ' of'
)
"""One of these words stands in each line that a pattern fits."""
