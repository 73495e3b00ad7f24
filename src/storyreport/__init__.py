"""Reports on AI story pipelines: every run history in one SQLite database, served by Datasette."""

__version__ = "0.1.0"
