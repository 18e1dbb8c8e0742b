"""Secrets of the user: read from the environment when they are needed, never written anywhere."""

from __future__ import annotations

import os
from typing import Final, Literal

from qyp_geo.errors import MissingError

SecretName = Literal["QYP_POSTGIS_DSN", "QYP_AMAP_KEY", "QYP_TIANDITU_KEY", "QYP_LOCAL_DATUM"]
SECRETS: Final[tuple[SecretName, ...]] = ("QYP_POSTGIS_DSN", "QYP_AMAP_KEY", "QYP_TIANDITU_KEY", "QYP_LOCAL_DATUM")


def secret(name: SecretName, *, needed_for: str) -> str:
    """Return a secret.

    Raises
    ------
    MissingError
        If the environment does not hold it; the message says what it is needed for.
    """
    value = os.environ.get(name, "")
    if not value:
        raise MissingError(f"{name} is not set in the environment: {needed_for}")
    return value


def masked(text: str) -> str:
    """Return a text in which every secret that the environment holds is replaced by ``***``."""
    for name in SECRETS:
        if value := os.environ.get(name, ""):
            text = text.replace(value, "***")
    return text
