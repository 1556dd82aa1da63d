"""`/v1`: Segue's own API, one router a subject."""

from __future__ import annotations

from fastapi import APIRouter

from segue.service.v1 import (
    administration,
    feedback,
    listener,
    lists,
    music,
    order,
    own,
    past,
    radio,
    relays,
    session,
    work,
)

router = APIRouter(prefix="/v1")
for each in (
    lists,
    listener,
    music,
    radio,
    session,
    order,
    feedback,
    own,
    past,
    work,
    relays,
    administration,
):
    router.include_router(each.router)
