"""What is wrong, in words of a page: no command, no option, no path of the machine; and a page, not JSON."""

import ast
import tempfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.service.conftest import EARLIER
from tests.service.pages.conftest import KEY, word

import segue
from segue.errors import FormatError, NotFoundError, SegueError, UsageError
from segue.service.pages import telling
from segue.service.pages.telling import TYPED, on_page, told
from segue.service.pages.texts import text
from segue.service.problems import Refused

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SOURCE = Path(segue.__file__).parent
KINDS = {each.__name__ for each in (SegueError, *SegueError.__subclasses__(), Refused)}


def _words(node: ast.expr) -> list[str]:
    """What a text may be; what is filled in stands as a name."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else ["x"]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(each.value) if isinstance(each, ast.Constant) else "x" for each in node.values)]
    if isinstance(node, ast.BinOp):
        return [one + other for one in _words(node.left) for other in _words(node.right)]
    if isinstance(node, ast.IfExp):
        return [*_words(node.body), *_words(node.orelse)]
    return ["x"]


def _errors() -> list[tuple[str, SegueError]]:
    """Every error that the code outside the command line raises, by where it does."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        if path.is_relative_to(SOURCE / "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") in KINDS and node.args):
                continue
            parts = {
                each.arg: _words(each.value) for each in node.keywords if each.arg in ("expected", "got")
            }
            hints = next((_words(each.value) for each in node.keywords if each.arg == "hint"), [""])
            what = " ".join(_words(node.args[0]))
            for hint in hints:
                error = SegueError(what, hint=hint, **{name: texts[0] for name, texts in parts.items()})
                found.append((f"{path.relative_to(SOURCE)}:{node.lineno}", error))
    return found


def test_no_error_tells_a_person_in_a_browser_what_to_type() -> None:
    errors = _errors()
    typed = [where for where, error in errors if TYPED.search(str(error))]
    assert len(errors) > 300 and len(typed) > 40, "they are found"
    for where, error in errors:
        said = told(error)
        assert not TYPED.search(" ".join(map(str, said))), where
        assert said.what and (said.hint or not error.hint), where
        if not TYPED.search(str(error)):
            assert (said.what, said.hint) == (error.what, error.hint), "nothing else is changed"


def test_what_is_typed_becomes_what_is_pressed() -> None:
    assert told(NotFoundError("No", hint="train again: segue train")).hint == text("wrong.train")
    assert told(UsageError("No", hint="segue world --library /srv/x")).hint == text("wrong.learned")
    assert told(FormatError("No", hint="export it again")).hint == "export it again"
    note = "Put in order by likeness. No agent was trained. Try: segue agents train --library /srv/x."
    assert on_page(note) == f"Put in order by likeness. No agent was trained. {text('wrong.learned')}"
    assert on_page("It failed: see `segue library`. It ends here.").endswith(text("wrong.ask"))
    assert on_page("30 songs.") == "30 songs."


@pytest.mark.parametrize(
    ("name", "body"), [("my list.m3u8", b"\xff\xfe\x00"), ("year.txt", b"x"), ("a.csv", b"b")]
)
@pytest.mark.parametrize("to", ["/order/file?name={}", "/import/file?name={}&at=0&last=1"])
def test_a_bad_file_is_called_as_the_person_calls_it(
    p01: TestClient, to: str, name: str, body: bytes
) -> None:
    headers = {"x-segue-part": "1", "x-segue-word": word(p01, "/import")}
    answer = p01.post(to.format(name), content=body, headers=headers)
    assert answer.status_code in (404, 422), answer.text
    assert 'role="alert"' in answer.text and "<html" not in answer.text
    assert tempfile.gettempdir() not in answer.text and "segue-" not in answer.text
    assert not TYPED.search(answer.text), answer.text
    if "No song" not in answer.text:
        assert name in answer.text, answer.text


def test_an_address_that_is_none_has_a_page(p01: TestClient) -> None:
    for path, status in (
        ("/nothing/here", 404),
        ("/said", 405),
        ("/operator", 403),
        ("/radio/x", 404),
        ("/week?week=soon", 422),
    ):
        answer = p01.get(path, headers=HTML)
        assert answer.status_code == status, path
        assert answer.headers["content-type"].startswith("text/html"), path
        assert "<nav" in answer.text and text("wrong.back") in answer.text, path
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "[" not in answer.text.split("<main")[1].split("</main")[0], "no pattern is shown"
    assert "/nothing/here" in p01.get("/nothing/here", headers=HTML).text
    too_large = p01.post("/said", data={"word": "x" * 200_000}, headers=HTML)
    assert too_large.status_code == 413 and "<main" in too_large.text


def test_who_has_not_signed_in_sees_the_page_too(visitor: TestClient) -> None:
    answer = visitor.get("/nothing", headers=HTML)
    assert answer.status_code == 404 and "<main" in answer.text and "<nav" not in answer.text


def test_programs_are_told_as_before(p01: TestClient) -> None:
    for path, headers in (
        ("/v1/nothing", HTML),
        ("/nothing", {"accept": "*/*"}),
        ("/v1/lists/current", HTML),
    ):
        answer = p01.get(path, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json", path
        assert answer.json()["status"] == answer.status_code
    assert p01.get("/1/nothing", headers=HTML).json()["code"] == 404


def test_what_breaks_here_is_said_on_a_page(p01: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("at /srv/secret")

    monkeypatch.setattr(p01.app.state.house.stored, "names", broken)  # ty: ignore[unresolved-attribute]
    answer = p01.get(f"/week?week={EARLIER}", headers=HTML)
    assert answer.status_code == 500 and text("wrong.broken") in answer.text and "secret" not in answer.text


def test_who_asks_too_often_or_too_much_sees_a_page(visitor: TestClient) -> None:
    visitor.get(f"/enter/{KEY}")
    rates = visitor.app.state.house.rates  # ty: ignore[unresolved-attribute]
    rates.most = 1
    answers = [visitor.get("/week", headers=HTML) for _ in range(3)]
    assert answers[-1].status_code == 429 and "<main" in answers[-1].text
    assert answers[-1].headers["retry-after"] and answers[-1].headers["x-content-type-options"] == "nosniff"
    assert visitor.get("/v1/lists").headers["content-type"] == "application/problem+json"


def test_the_library_is_not_called_by_its_folder(p01: TestClient) -> None:
    path = p01.app.state.house.engines.path  # ty: ignore[unresolved-attribute]
    said = telling.told(
        SegueError(f"Another process is writing to the library {path}"),
        {f"the library {path}": "the library"},
    )
    assert said.what == "Another process is writing to the library"


def test_a_path_of_one_word_is_no_path_in_a_sentence() -> None:
    called = {"library": "the library", "/srv/library": "the library"}
    assert on_page("Learned of this library's listeners", called) == "Learned of this library's listeners"
    assert on_page("/srv/library cannot be read", called) == "the library cannot be read"
