"""`segue evaluate published`: the recommenders on data sets of the literature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segue.cli.printing import console, print_json, print_table
from segue.errors import UsageError


def evaluate_published(
    protocols: Sequence[str] | None, data: Path | None, seeds: int, *, json: bool, html: Path | None
) -> None:
    """Run each protocol named on `data`, and print figures of the literature beside.

    Raises:
        UsageError: no protocol or no data was named.
    """
    from segue.evaluation.published import PUBLISHED
    from segue.evaluation.published import evaluate_published as run

    if not protocols or data is None:
        raise UsageError(
            "A protocol and its data are needed",
            expected=f"--protocol {' or '.join(PUBLISHED)}, and --data FILE_OR_FOLDER",
            hint="segue evaluate published --protocol msd --data downloads",
        )
    found = [run(name, data, seeds=range(seeds)) for name in protocols]
    if json:
        print_json(
            [
                report.as_dict()
                | {
                    "published": [
                        {"system": system, "source": source} | dict(zip(report.accuracy, values, strict=True))
                        for (system, source), values in published.figures.items()
                    ]
                }
                for report, published in found
            ]
        )
        return
    for report, published in found:
        for table in report.tables():
            console().print(table)
        if published.figures:
            rows = [
                (f"{system} ({source})", *values) for (system, source), values in published.figures.items()
            ]
            print_table("Published, on the whole data", ["system", *report.accuracy], rows)
    if html is not None:
        from segue.demo import add_reports
        from segue.report import Page

        page = Page("Evaluation", f"{data}: protocols of the literature")
        add_reports(page, [report for report, _ in found])
        page.write(html)
        print(f"Wrote {html}")
