"""Figures for operators."""

import json
import re

import pytest
import structlog
from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER, As

from segue.service.watching import configure_log


def test_figures_tell_what_happens_and_name_nobody(client: TestClient, holding: As) -> None:
    mine, operator = holding("p01"), holding(None)
    client.get(f"/v1/lists/{EARLIER}", headers=mine)
    client.get("/1/user/p01/listen-count", headers=mine)
    client.get("/nowhere/at/all")
    radio = client.post("/v1/radio", headers=mine, json={"seeds": ["t1-0"]}).json()["id"]
    client.post(f"/v1/radio/{radio}/answers", headers=mine, json={"number": 1, "skipped": True})
    assert client.get("/health/metrics").status_code == 401
    assert client.get("/health/metrics", headers=mine).status_code == 403
    text = client.get("/health/metrics", headers=operator).text
    assert 'segue_requests_total{method="GET",route="/v1/lists/{week}",status="200"} 1.0' in text
    assert 'route="/1/user/{user}/listen-count"' in text
    assert "segue_listens_waiting 0.0" in text
    assert 'segue_model_age_seconds{model="factors"}' in text
    assert "segue_skip_rate{model=" in text
    assert 0 < float(re.findall(r"^segue_catalogue_coverage (\S+)", text, re.M)[0]) <= 1
    assert "p01" not in text and "nowhere" not in text


def test_the_log_has_no_secrets(client: TestClient, holding: As, capsys: pytest.CaptureFixture[str]) -> None:
    mine = holding("p01")
    configure_log()
    try:
        client.get("/v1/similar", headers=mine, params={"track": "t1-0"})
    finally:
        structlog.reset_defaults()
    said = capsys.readouterr().err
    (line,) = [json.loads(each) for each in said.splitlines() if each.startswith("{")]
    assert (line["route"], line["status"]) == ("/v1/similar", 200)
    assert mine["Authorization"].split()[1] not in said and "t1-0" not in said and "p01" not in said
