"""Events: what long work found out on its way. Library code logs them; who runs it decides how they look.

They go through structlog to the standard library's logger "segue": silent by default, like any library's.
"""

from __future__ import annotations

import logging
from typing import Any


def get_logger(name: str) -> Any:
    """A structlog logger; `log.info("Read sessions", sessions=6000)` keeps facts apart from words.

    Args:
        name: of the module, `__name__`.
    """
    import structlog

    return structlog.wrap_logger(
        logging.getLogger(name),
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
