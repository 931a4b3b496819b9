"""Which machine types carry which accelerator on Google Cloud. Data only, as the services document it."""

from __future__ import annotations

CARRIERS: dict[str, tuple[str, ...]] = {
    "NVIDIA_B200": ("a4-highgpu-8g",),
    "NVIDIA_H200_141GB": ("a3-ultragpu-8g",),
    "NVIDIA_H100_MEGA_80GB": ("a3-megagpu-8g",),
    "NVIDIA_H100_80GB": ("a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g", "a3-highgpu-8g", "a3-edgegpu-8g"),
    "NVIDIA_A100_80GB": ("a2-ultragpu-1g", "a2-ultragpu-2g", "a2-ultragpu-4g", "a2-ultragpu-8g"),
    "NVIDIA_TESLA_A100": ("a2-highgpu-1g", "a2-highgpu-2g", "a2-highgpu-4g", "a2-highgpu-8g", "a2-megagpu-16g"),
    "NVIDIA_L4": (
        "g2-standard-4",
        "g2-standard-8",
        "g2-standard-12",
        "g2-standard-16",
        "g2-standard-24",
        "g2-standard-32",
        "g2-standard-48",
        "g2-standard-96",
    ),
    "NVIDIA_TESLA_T4": ("n1-standard-4", "n1-standard-8", "n1-standard-16", "n1-standard-32", "n1-highmem-8"),
    "NVIDIA_TESLA_V100": ("n1-standard-4", "n1-standard-8", "n1-standard-16", "n1-standard-32", "n1-highmem-8"),
    "NVIDIA_TESLA_P100": ("n1-standard-4", "n1-standard-8", "n1-standard-16", "n1-standard-32", "n1-highmem-8"),
    "NVIDIA_TESLA_P4": ("n1-standard-4", "n1-standard-8", "n1-standard-16", "n1-standard-32", "n1-highmem-8"),
    "TPU_V5_LITEPOD": ("ct5lp-hightpu-1t", "ct5lp-hightpu-4t", "ct5lp-hightpu-8t"),
    "TPU_V5P": ("ct5p-hightpu-4t",),
    "TPU_V6E": ("ct6e-standard-1t", "ct6e-standard-4t", "ct6e-standard-8t"),
    "TPU_V3": ("cloud-tpu",),
    "TPU_V2": ("cloud-tpu",),
}
"""Machine types by accelerator, in Vertex AI's words."""

_BY_PREFIX: dict[str, tuple[str, ...]] = {
    "a4-highgpu": ("NVIDIA_B200",),
    "a3-ultragpu": ("NVIDIA_H200_141GB",),
    "a3-megagpu": ("NVIDIA_H100_MEGA_80GB",),
    "a3-": ("NVIDIA_H100_80GB",),
    "a2-ultragpu": ("NVIDIA_A100_80GB",),
    "a2-": ("NVIDIA_TESLA_A100",),
    "g2-": ("NVIDIA_L4",),
    "n1-": ("NVIDIA_TESLA_T4", "NVIDIA_TESLA_V100", "NVIDIA_TESLA_P100", "NVIDIA_TESLA_P4"),
    "ct5lp-": ("TPU_V5_LITEPOD",),
    "ct5p-": ("TPU_V5P",),
    "ct6e-": ("TPU_V6E",),
    "cloud-tpu": ("TPU_V2", "TPU_V3"),
}
"""Accelerators by the beginning of a machine type's name; the first that fits counts."""

NONE = "none (it carries no accelerator)"


def carriers(accelerator: str) -> tuple[str, ...]:
    """Machine types that carry this accelerator, however it is written; none where it is not known."""
    said = _key(accelerator)
    exact = next((types for name, types in CARRIERS.items() if _key(name) == said), ())
    return exact or next((types for name, types in reversed(CARRIERS.items()) if said and said in _key(name)), ())


def accelerators(machine_type: str) -> tuple[str, ...]:
    """Accelerators that this machine type can have; empty for one that can have none."""
    return next((names for prefix, names in _BY_PREFIX.items() if machine_type.startswith(prefix)), ())


def _key(accelerator: str) -> str:
    """`nvidia-tesla-a100`, `NVIDIA_TESLA_A100` and `A100` are one."""
    words = accelerator.upper().replace("-", "_").replace(" ", "_")
    return words.removeprefix("NVIDIA_").removeprefix("TESLA_")
