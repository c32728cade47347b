"""The PostgreSQL of `make run`: a private cluster under the run directory, ended with the process that started it."""

from libs.kit.postgres.cluster import Cluster
from libs.kit.postgres.search import NoPostgres, binaries

__all__ = ["Cluster", "NoPostgres", "binaries"]
