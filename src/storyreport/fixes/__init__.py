"""Fix scripts: SQL for the owner of a source, who runs it; what is to be changed is what the reports found.

A system's file lists its fixes by kind. `script.py` writes them for SQLite or PostgreSQL.
"""

from .find import KINDS, Scripts, write_scripts

__all__ = ["KINDS", "Scripts", "write_scripts"]
