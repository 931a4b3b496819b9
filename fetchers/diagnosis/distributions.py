"""Which package brings a module, where that is known: data only.

A name that is not here is advised to nobody: whoever registers the name of somebody's own module on PyPI would have
his code installed.
"""

from __future__ import annotations

_SAME = (
    "accelerate datasets deepspeed diffusers einops evaluate fastapi flax gcsfs gymnasium hydra-core jax jsonschema "
    "lightning matplotlib mlflow numba numpy omegaconf pandas peft polars protobuf psutil pyarrow pydantic "
    "pytorch-lightning regex requests s3fs safetensors scipy seaborn sentencepiece tensorboard tensorflow tiktoken "
    "timm tokenizers torch torchaudio torchmetrics torchvision tqdm transformers triton trl typer uvicorn vllm wandb "
    "xformers xgboost"
)
"""Packages whose module has their name, with underscores for dashes."""

DISTRIBUTIONS: dict[str, str] = {
    **{name.replace("-", "_"): name for name in _SAME.split()},
    "PIL": "pillow",
    "absl": "absl-py",
    "attr": "attrs",
    "bitsandbytes": "bitsandbytes",
    "boto3": "boto3",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docker": "docker",
    "dotenv": "python-dotenv",
    "flash_attn": "flash-attn",
    "google.cloud.aiplatform": "google-cloud-aiplatform",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud.logging": "google-cloud-logging",
    "google.cloud.storage": "google-cloud-storage",
    "google.protobuf": "protobuf",
    "hydra": "hydra-core",
    "nltk": "nltk",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Package by module."""


def distribution_of(module: str) -> str:
    """The package that is known to bring the module, or one that it is a part of; empty where none is known."""
    parts = module.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((DISTRIBUTIONS[name] for name in names if name in DISTRIBUTIONS), "")
