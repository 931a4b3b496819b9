"""What is said to somebody who may not do what was asked, or of whom nobody knows who it is."""

from __future__ import annotations

from fetchers.diagnosis.model import Category, Pattern, Rule
from fetchers.diagnosis.rules_status import FORBIDDEN, UNAUTHENTICATED, renderings

GRANT = """\
else: Grant {role}, which holds {permission}, on the bucket {bucket_to_grant_on}: `gcloud storage buckets \
add-iam-policy-binding gs://{bucket_to_grant_on} --member={member} --role={role}`.
else: Grant {role}, which holds {permission}: `gcloud projects add-iam-policy-binding {project} --member={member} \
--role={role}`.
else: Grant a role that holds {permission}; {example_role} is an example, and holds much more: look at it first, with \
`gcloud iam roles describe {example_role}`. Then `gcloud projects add-iam-policy-binding {project} --member={member} \
--role={role}`.
else: Grant a role that holds {permission}: `gcloud projects add-iam-policy-binding {project} --member={member} \
--role={role}`. The reference of IAM names such roles, by permission.
"""

ACCESS_RULES = (
    Rule(
        id="gated_model",
        title="model or data set not open to this account",
        category=Category.PERMISSION,
        origin="python",
        rank=77,
        patterns=(
            Pattern(regex=r"(?i)\b(?:trying to )?access (?:a |the )?gated repo\b|\bGatedRepoError\b"),
            Pattern(regex=r"\bAccess to (?:model|dataset|space) \S+ is restricted\b"),
        ),
        explains=(
            "The hub has the model or data set, and gives it only to accounts that have accepted its terms; the job "
            "has no token, or one of another account."
        ),
        advice=(
            "Accept its terms on its page with the account that the job uses, and give the job that account's token "
            "as `HF_TOKEN`, from a secret and not in the image."
        ),
        examples=(
            "OSError: You are trying to access a gated repo.",
            "Access to model acme-ai/large-7b is restricted. You must be authenticated to access it.",
        ),
    ),
    Rule(
        id="permission_denied",
        title="permission denied",
        category=Category.PERMISSION,
        origin="gcp",
        rank=75,
        patterns=(
            *renderings(FORBIDDEN),
            *renderings(UNAUTHENTICATED),
            Pattern(
                regex=r"(?i)\bpermission \W{0,3}(?P<permission>[a-z]\w+(?:\.\w+){1,3})\W{0,3} (?:was |"
                r"is )?(?:denied|required)\b"
            ),
            Pattern(
                regex=r"(?i)\b(?:required|missing|lacks?|lacking|"
                r"needs?) (?:the )?(?:required )?(?:IAM )?permissions?:? "
                r"\W?(?P<permission>[a-z]\w+\.\w+\.\w+)"
            ),
            Pattern(
                regex=r"(?i)\bdo(?:es)? ?n[o']t have (?:the )?\W?(?P<permission>[a-z]\w+\.\w+\.\w+)\W? ("
                r"?:access|permission)\b"
            ),
            Pattern(regex=r"(?i)\bdo(?:es)? ?n[o']t have (?:\w+ ){0,3}permissions?\b"),
            Pattern(regex=r"(?i)\b(?:insufficient|missing)\b[^.]*\b(?:permissions?|authentication scopes)\b"),
            Pattern(regex=r"(?i)\bnot authorized to (?:perform|access|act)\b"),
            Pattern(regex=r"(?i)\bis forbidden from (?:access|us|read|writ)ing\b"),
            Pattern(regex=r"\bAccessDenied(?:Exception)?\b|\bIAM_PERMISSION_DENIED\b|\bSERVICE_DISABLED\b"),
            Pattern(regex=r"\bBILLING_DISABLED\b"),
            Pattern(regex=r"\bACCESS_TOKEN_SCOPE_INSUFFICIENT\b|\baccessNotConfigured\b"),
            Pattern(regex=r"(?i)\bhas not been used in project \S+ before or it is disabled\b"),
            Pattern(regex=r"(?i)\bdenied: (?:permission|requested access)\b|^denied: "),
            Pattern(regex=r"(?i)\bpermission on the resource\b"),
            Pattern(regex=r"(?i)\brequires (?:the )?\W?(?P<permission>[a-z]\w+\.\w+\.\w+)\W? permission\b"),
            Pattern(regex=r"(?i)\bthe caller does not have permission\b"),
            Pattern(regex=r"(?i)\bbilling (?:account )?(?:is )?(?:disabled|not enabled|must be enabled)\b"),
        ),
        explains=(
            "The account that made the call lacks a permission on the resource, or the API or the project's billing is "
            "switched off. Only a change of roles or settings helps."
        ),
        advice=(
            "{elsewhere} refused it: renew or correct the key or token that the job gives it, or have its account "
            "allowed there.\n"
            "else: Whoever asked is not known there ({credentials}): sign in with `gcloud auth "
            "application-default login`, or give the job a service account or a key that may.\n"
            "else: The API {service} is switched off; enable it: `gcloud services enable {service} "
            "--project={project}`.\n"
            "else: Whoever submits may not act as {account}; let them: `gcloud iam service-accounts "
            "add-iam-policy-binding {account} --member={submitter} --role=roles/iam.serviceAccountUser`.\n"
            f"{GRANT}"
            "else: Find the account and the permission in the message; where it is a service of Google, grant the role "
            "that holds it: `gcloud projects add-iam-policy-binding {project} --member={member} --role={role}`."
        ),
        examples=(
            "google.api_core.exceptions.PermissionDenied: 403 Permission 'aiplatform.customJobs.create' denied.",
            "ERROR: (gcloud.run.jobs.execute) PERMISSION_DENIED: The caller does not have permission",
            "    status = StatusCode.PERMISSION_DENIED",
            "requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://storage.example.com/b/acme",
            'denied: Permission "artifactregistry.repositories.uploadArtifacts" denied on resource',
            "wandb.sdk.lib.retry: (Error 403: Forbidden)",
            "train@acme-ml.iam.gserviceaccount.com does not have storage.objects.get access to the object.",
        ),
    ),
    Rule(
        id="unauthenticated",
        title="credentials missing or not accepted",
        category=Category.PERMISSION,
        origin="gcp",
        rank=56,
        patterns=(
            Pattern(regex=r"\bDefaultCredentialsError\b|\bNoCredentialsError\b|\bExpiredToken(?:Exception)?\b"),
            Pattern(regex=r"(?i)\byour default credentials were not found\b"),
            Pattern(regex=r"(?i)\bcould not automatically determine credentials\b"),
            Pattern(regex=r"(?i)\breauthentication (?:is needed|failed|required)\b"),
            Pattern(regex=r"(?i)\bYou do not currently have an active account\b"),
            Pattern(regex=r"(?i)\binvalid[_ ]grant\b|\btoken has been expired or revoked\b"),
            Pattern(regex=r"(?i)\brequest had invalid authentication credentials\b"),
            Pattern(regex=r"(?i)\bpermission denied \(publickey\)|\bauthentication failed for '"),
            Pattern(regex=r"(?i)\bcould not read Username for\b"),
            Pattern(regex=r"(?i)\b(?:invalid|incorrect) api[ _-]?key\b|\bauthentication (?:failed|required)\b"),
        ),
        explains="The call carried no credentials, or such as are expired or revoked.",
        advice=(
            "{elsewhere} does not know who asked: renew or correct the key or token that the job gives it.\n"
            "else: Sign in again, for Google Cloud with `gcloud auth application-default login`, or give the job a "
            "service account, with `--service-account={member_email}`; for any other service renew its key or token."
        ),
        examples=(
            "google.auth.exceptions.DefaultCredentialsError: Your default credentials were not found.",
            "ERROR: (gcloud.builds.list) You do not currently have an active account selected.",
            "Reauthentication is needed. Please run `gcloud auth application-default login` to reauthenticate.",
        ),
    ),
)
