"""Rollups: what the history adds up to. One rollup is one file <topic>/<name>.sql; see definition.py."""

from .definition import definitions
from .engine import build, build_again, last_ids, refresh, watch
from .tables import descriptions, lay_out, update

__all__ = ["build", "build_again", "definitions", "descriptions", "last_ids", "lay_out", "refresh", "update", "watch"]
