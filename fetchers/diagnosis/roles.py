"""Which predefined role holds a permission: the least one that fits what these sources do. Data only."""

from __future__ import annotations

ROLE_OF: dict[str, str] = {
    "aiplatform.customJobs.create": "roles/aiplatform.user",
    "aiplatform.customJobs.get": "roles/aiplatform.viewer",
    "aiplatform.customJobs.list": "roles/aiplatform.viewer",
    "aiplatform.customJobs.cancel": "roles/aiplatform.user",
    "artifactregistry.repositories.downloadArtifacts": "roles/artifactregistry.reader",
    "artifactregistry.repositories.get": "roles/artifactregistry.reader",
    "artifactregistry.repositories.list": "roles/artifactregistry.reader",
    "artifactregistry.repositories.uploadArtifacts": "roles/artifactregistry.writer",
    "artifactregistry.repositories.deleteArtifacts": "roles/artifactregistry.repoAdmin",
    "artifactregistry.repositories.create": "roles/artifactregistry.admin",
    "cloudbuild.builds.create": "roles/cloudbuild.builds.editor",
    "cloudbuild.builds.update": "roles/cloudbuild.builds.editor",
    "cloudbuild.builds.get": "roles/cloudbuild.builds.viewer",
    "cloudbuild.builds.list": "roles/cloudbuild.builds.viewer",
    "iam.serviceAccounts.actAs": "roles/iam.serviceAccountUser",
    "iam.serviceAccounts.get": "roles/iam.serviceAccountViewer",
    "iam.serviceAccounts.getAccessToken": "roles/iam.serviceAccountTokenCreator",
    "iam.serviceAccounts.getOpenIdToken": "roles/iam.serviceAccountOpenIdTokenCreator",
    "iam.serviceAccounts.implicitDelegation": "roles/iam.serviceAccountTokenCreator",
    "iam.serviceAccounts.signBlob": "roles/iam.serviceAccountTokenCreator",
    "logging.logEntries.create": "roles/logging.logWriter",
    "logging.logEntries.list": "roles/logging.viewer",
    "logging.privateLogEntries.list": "roles/logging.privateLogViewer",
    "monitoring.timeSeries.create": "roles/monitoring.metricWriter",
    "pubsub.topics.publish": "roles/pubsub.publisher",
    "pubsub.subscriptions.consume": "roles/pubsub.subscriber",
    "resourcemanager.projects.get": "roles/browser",
    "run.executions.get": "roles/run.viewer",
    "run.executions.list": "roles/run.viewer",
    "run.jobs.create": "roles/run.developer",
    "run.jobs.get": "roles/run.viewer",
    "run.jobs.list": "roles/run.viewer",
    "run.jobs.run": "roles/run.invoker",
    "run.jobs.runWithOverrides": "roles/run.jobsExecutorWithOverrides",
    "run.jobs.update": "roles/run.developer",
    "run.routes.invoke": "roles/run.invoker",
    "run.services.get": "roles/run.viewer",
    "secretmanager.secrets.get": "roles/secretmanager.viewer",
    "secretmanager.versions.access": "roles/secretmanager.secretAccessor",
    "serviceusage.services.enable": "roles/serviceusage.serviceUsageAdmin",
    "serviceusage.services.get": "roles/serviceusage.serviceUsageViewer",
    "serviceusage.services.use": "roles/serviceusage.serviceUsageConsumer",
    "storage.buckets.create": "roles/storage.admin",
    "storage.buckets.get": "roles/storage.bucketViewer",
    "storage.buckets.list": "roles/storage.bucketViewer",
    "storage.multipartUploads.create": "roles/storage.objectUser",
    "storage.objects.create": "roles/storage.objectCreator",
    "storage.objects.delete": "roles/storage.objectUser",
    "storage.objects.get": "roles/storage.objectViewer",
    "storage.objects.list": "roles/storage.objectViewer",
    "storage.objects.update": "roles/storage.objectUser",
    "bigquery.jobs.create": "roles/bigquery.jobUser",
    "bigquery.tables.getData": "roles/bigquery.dataViewer",
    "bigquery.tables.updateData": "roles/bigquery.dataEditor",
    "cloudkms.cryptoKeyVersions.useToDecrypt": "roles/cloudkms.cryptoKeyDecrypter",
    "cloudkms.cryptoKeyVersions.useToEncrypt": "roles/cloudkms.cryptoKeyEncrypter",
    "compute.instances.get": "roles/compute.viewer",
    "compute.networks.get": "roles/compute.networkViewer",
    "compute.subnetworks.use": "roles/compute.networkUser",
    "container.clusters.get": "roles/container.clusterViewer",
    "container.jobs.create": "roles/container.developer",
    "container.pods.create": "roles/container.developer",
}
"""Role by permission."""

READING = frozenset({"get", "list", "search", "read", "query"})
"""Last words of permissions that change nothing; who may read a policy is another matter."""

READERS: dict[str, str] = {
    "aiplatform": "roles/aiplatform.viewer",
    "artifactregistry": "roles/artifactregistry.reader",
    "bigquery": "roles/bigquery.dataViewer",
    "cloudbuild": "roles/cloudbuild.builds.viewer",
    "compute": "roles/compute.viewer",
    "container": "roles/container.viewer",
    "logging": "roles/logging.viewer",
    "monitoring": "roles/monitoring.viewer",
    "pubsub": "roles/pubsub.viewer",
    "run": "roles/run.viewer",
    "secretmanager": "roles/secretmanager.viewer",
    "serviceusage": "roles/serviceusage.serviceUsageViewer",
    "storage.objects": "roles/storage.objectViewer",
}
"""Roles that read, for what is not in the table above, by the permission's first word or two."""

WRITERS: dict[str, str] = {
    "aiplatform": "roles/aiplatform.user",
    "cloudbuild.builds": "roles/cloudbuild.builds.editor",
    "compute.disks": "roles/compute.instanceAdmin.v1",
    "compute.instances": "roles/compute.instanceAdmin.v1",
    "container.jobs": "roles/container.developer",
    "container.pods": "roles/container.developer",
    "monitoring": "roles/monitoring.editor",
    "pubsub": "roles/pubsub.editor",
    "run.jobs": "roles/run.developer",
    "run.services": "roles/run.developer",
    "secretmanager.versions": "roles/secretmanager.secretVersionManager",
    "storage.objects": "roles/storage.objectUser",
}
"""Roles that write, likewise."""

_POLICIES = ("IamPolicy", "actAs")
"""Ends of permissions that no role that only works with a resource holds."""

_ROLE_OF = {permission.lower(): role for permission, role in ROLE_OF.items()}
"""The same for whoever does not mind capitals: some messages do not."""


def role_for(permission: str) -> str:
    """The least predefined role that is known to hold `permission`; empty where none is known."""
    return _ROLE_OF.get(permission.lower(), "")


def example_role_for(permission: str) -> str:
    """A role that mostly holds such permissions, where none is known for this one: to be looked at before a grant."""
    if role_for(permission) or permission.endswith(_POLICIES):
        return ""
    kind, _, verb = permission.rpartition(".")
    roles = READERS if verb in READING else WRITERS
    return roles.get(kind) or roles.get(kind.partition(".")[0], "")
