"""`segue --help`: the verbs in the order in which a newcomer meets them.

Written plainly: Typer's own page loads Rich with its markup, which takes longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperGroup

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Begin": ("demo", "import", "train", "weekly"),
    "Listen": ("radio", "sequence", "schedule", "files", "players"),
    "Serve": ("serve", "token"),
    "Look": ("library", "tastes", "similar", "explain", "formats"),
    "Keep in order": ("withdraw", "split", "forget", "doctor", "models", "backup", "restore", "config"),
    "Measure and simulate": ("evaluate", "tune", "town", "world", "agents"),
}


class Root(TyperGroup):
    """The verbs, in groups."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        for heading, names in GROUPS.items():
            rows = [(name, self.commands[name].get_short_help_str(500)) for name in names]
            with formatter.section(typer.style(heading, bold=True)):
                formatter.write_dl(rows)
        rows = [record for each in self.get_params(ctx) if (record := each.get_help_record(ctx))]
        with formatter.section(typer.style("Options", bold=True)):
            formatter.write_dl(rows)
        formatter.write_paragraph()
        formatter.write_text("Every verb explains itself: segue weekly --help")
        self.format_epilog(ctx, formatter)
