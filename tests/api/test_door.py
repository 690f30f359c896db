"""Who is heard: the Host and Origin matrix, tokens and sessions, bodies, and the heads of all answers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from exitbrain.api.access import MOST_BYTES, Access, hosts_of, is_loopback, loopback_hosts
from exitbrain.api.app import create_app
from exitbrain.api.guarding import Guarded
from exitbrain.api.pages import add_pages
from exitbrain.api.serving import access_of, application
from exitbrain.api.tokens import Scope, read_tokens
from exitbrain.errors import InvalidInput

from .worlds import HOST, URL, World, request

OURS = ("127.0.0.1:8321", "localhost:8321", "[::1]:8321", "LOCALHOST:8321")
FOREIGN_HOSTS = (
    "evil.example", "evil.example:8321", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:83210", "localhost.evil.example:8321",
    "127.0.0.1:8321.evil.example", "127.0.0.1.nip.io:8321", "0.0.0.0:8321", "[::]:8321", "", "evil@127.0.0.1:8321",
    "127.0.0.1:8321 ", "127.1:8321", "2130706433:8321",
)  # fmt: skip
OWN_ORIGINS = (None, "http://127.0.0.1:8321", "http://localhost:8321", "http://[::1]:8321")
FOREIGN_ORIGINS = (
    "http://evil.example", "null", "https://127.0.0.1:8321", "http://127.0.0.1", "http://127.0.0.1:8322", "file://", "",
    "http://localhost:8321.evil.example", "http://evil.example/http://127.0.0.1:8321", "HTTP://127.0.0.1:8321",
)  # fmt: skip
ROUTES = ("/api/runs", "/api/runs/{run}/progress", "/health/live", "/metrics", "/", "/openapi.json", "/nothing")


def ask(client: TestClient, world: World, path: str, host: str, origin: str | None) -> Any:
    headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
    return client.get(path.format(run=world.first), headers=headers)


@pytest.mark.parametrize("path", ROUTES)
def test_an_off_list_host_or_origin_is_always_refused(path: str, client: TestClient, world: World) -> None:
    for host in (*OURS, *FOREIGN_HOSTS):
        for origin in (*OWN_ORIGINS, *FOREIGN_ORIGINS):
            answer = ask(client, world, path, host, origin)
            expected = 421 if host in FOREIGN_HOSTS else 403 if origin in FOREIGN_ORIGINS else None
            assert expected in (None, answer.status_code), (host, origin)
            assert expected is not None or answer.status_code not in (403, 421), (host, origin)


def test_what_changes_something_is_refused_alike_with_a_token(client: TestClient, world: World) -> None:
    for host in FOREIGN_HOSTS:
        answer = client.post("/api/runs", json=request(), headers=world.admin | {"Host": host})
        assert answer.status_code == 421
    for origin in FOREIGN_ORIGINS:
        answer = client.post("/api/runs", json=request(), headers=world.admin | {"Origin": origin})
        assert answer.status_code == 403


@pytest.mark.parametrize("host", (*OURS, *FOREIGN_HOSTS))
@pytest.mark.parametrize("origin", (*OWN_ORIGINS, *FOREIGN_ORIGINS))
def test_a_websocket_is_judged_by_the_same_list(host: str, origin: str | None, client: TestClient) -> None:
    headers = {"Host": host} | ({} if origin is None else {"Origin": origin})
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/stream", headers=headers):
        pass


def test_two_hosts_are_none(world: World) -> None:
    head = [("host", HOST), ("host", HOST)]
    refusal = world.access().refusal("GET", "/api/runs", head, False)
    assert refusal is not None and refusal.status == 421
    two = [("host", HOST), ("origin", URL), ("origin", "http://evil.example")]
    refusal = world.access().refusal("GET", "/api/runs", two, False)
    assert refusal is not None and refusal.status == 403


MUTATIONS = [
    ("POST", "/api/runs"),
    ("DELETE", "/api/runs/r000000000000"),
    ("POST", "/api/runs/r000000000000/cancel"),
    ("POST", "/api/compare"),
    ("PUT", "/api/profiles/X"),
    ("POST", "/api/profiles/preview"),
    ("POST", "/api/validate"),
    ("POST", "/api/strategist/proposals"),
    ("POST", "/api/strategist/proposals/s000000000000/review"),
    ("POST", "/api/strategist/proposals/s000000000000/promote"),
    ("POST", "/api/strategist/proposals/s000000000000/withdraw"),
    ("POST", "/api/latch"),
    ("POST", "/api/kill"),
    ("POST", "/api/kill/resume"),
    ("POST", "/api/flatten/preview"),
    ("POST", "/api/flatten"),
]


@pytest.mark.parametrize(("method", "path"), MUTATIONS)
def test_what_changes_something_needs_a_token(method: str, path: str, client: TestClient, world: World) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"Authorization": "Token x"},
                    {"Cookie": "exitbrain_session=admin.x.y"}, {"X-Exitbrain-CSRF": "x"}):  # fmt: skip
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 401, headers
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert client.request(method, path, headers=world.admin).status_code not in (401, 403)


def test_every_route_that_changes_something_is_in_that_table(world: World) -> None:
    app = create_app(world.bench)
    changing = {
        (
            method.upper(),
            path.replace("{run_id}", "r000000000000").replace("{name}", "X").replace("{proposal_id}", "s000000000000"),
        )
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if method not in ("get", "head")
    }
    assert changing == set(MUTATIONS)


@pytest.fixture
def scoped(tmp_path: Path, world: World) -> tuple[TestClient, dict[str, str]]:
    words = {
        name: f"{name}-token-of-at-least-thirty-two-characters" for name in ("read", "operate", "flatten", "admin")
    }
    path = tmp_path / "token"
    path.write_text("# who may what\n" + "".join(f"{scope} {word} somebody\n" for scope, word in words.items()))
    path.chmod(0o600)
    access = Access(tokens=read_tokens(path), hosts=hosts_of(["bench.example"], 8321), remote=True)
    app = application(world.bench, access)
    return TestClient(app, base_url="http://bench.example:8321", raise_server_exceptions=False), words


SCOPED = {
    ("GET", "/api/runs"): "read",
    ("GET", "/metrics"): "read",
    ("GET", "/"): "read",
    ("POST", "/api/validate"): "operate",
    ("POST", "/api/runs/r000000000000/cancel"): "operate",
    ("PUT", "/api/profiles/X"): "operate",
    ("DELETE", "/api/runs/r000000000000"): "admin",
    ("GET", "/api/positions"): "read",
    ("POST", "/api/latch"): "operate",
    ("POST", "/api/kill"): "operate",
    ("POST", "/api/kill/resume"): "flatten",
    ("POST", "/api/flatten/preview"): "flatten",
    ("POST", "/api/flatten"): "flatten",
}


@pytest.mark.parametrize(("method", "path"), SCOPED)
def test_from_elsewhere_everything_needs_a_token_of_its_scope(
    method: str, path: str, scoped: tuple[TestClient, dict[str, str]]
) -> None:
    client, words = scoped
    needed = Scope[SCOPED[method, path].upper()]
    assert client.request(method, path).status_code == 401
    for name, word in words.items():
        status = client.request(method, path, headers={"Authorization": f"Bearer {word}"}).status_code
        assert (status == 403) == (Scope[name.upper()] < needed), name
        assert status != 401


def test_from_elsewhere_a_path_is_no_input(scoped: tuple[TestClient, dict[str, str]]) -> None:
    client, words = scoped
    head = {"Authorization": f"Bearer {words['operate']}"}
    for change in ({"candles": "/etc/passwd"}, {"plan": "/etc/passwd"}, {"funding": "x.csv"}, {"entries": "e.csv"}):
        answer = client.post("/api/runs", json=request(**change), headers=head)
        assert answer.status_code == 422 and answer.json()["errors"][0]["message"] == "a path", change
    named = [{"name": "a", "profiles": "/etc/passwd"}, "emergency-only"]
    answer = client.post("/api/compare", json={"candles": "AAA_1h", "policies": named}, headers=head)
    assert answer.json()["errors"][0]["field"] == "policies.0.profiles"


def test_liveness_needs_nothing(scoped: tuple[TestClient, dict[str, str]]) -> None:
    assert scoped[0].get("/health/live").status_code == 200
    assert scoped[0].get("/health/ready").status_code == 401


def test_a_browser_from_elsewhere_asks_its_user_and_gets_that_scope(scoped: tuple[TestClient, dict[str, str]]) -> None:
    client, words = scoped
    assert client.get("/").headers["www-authenticate"].startswith("Basic")
    client.get("/", auth=("", words["read"]))
    assert client.get("/api/runs").status_code == 200  # by the session
    csrf = {"X-Exitbrain-CSRF": client.cookies["exitbrain_csrf"]}
    assert client.post("/api/validate", json={"kind": "plan", "text": "x"}, headers=csrf).status_code == 403


def test_the_page_of_this_machine_may_change_things_with_its_word(world: World) -> None:
    client = TestClient(application(world.bench, world.access()), base_url=URL)
    page = client.get("/")
    session, csrf = page.headers.get_list("set-cookie")
    assert "HttpOnly" in session and "SameSite=strict" in session
    assert "HttpOnly" not in csrf and "SameSite=strict" in csrf
    body = {"kind": "config", "text": "seed: 1\n"}
    word = client.cookies["exitbrain_csrf"]
    assert client.post("/api/validate", json=body).status_code == 401
    assert client.post("/api/validate", json=body, headers={"X-Exitbrain-CSRF": "guess"}).status_code == 401
    assert client.post("/api/validate", json=body, headers={"X-Exitbrain-CSRF": word}).status_code == 200
    assert "set-cookie" not in client.get("/runs/anything").headers  # the session goes on
    other = TestClient(application(world.bench, world.access()), base_url=URL)
    other.cookies.set("exitbrain_csrf", word)
    assert other.post("/api/validate", json=body, headers={"X-Exitbrain-CSRF": word}).status_code == 401


def test_a_session_is_bound_to_its_word_and_to_the_token_file(world: World, tmp_path: Path) -> None:
    cookie, csrf = world.tokens.new_session(Scope.OPERATE)
    session = world.tokens.session(cookie)
    assert session is not None and (session.scope, session.csrf) == (Scope.OPERATE, csrf)
    assert world.tokens.session(cookie.replace("operate", "admin")) is None
    assert world.tokens.session(cookie[:-1]) is None
    assert read_tokens(tmp_path / "another").session(cookie) is None


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/xml"]
)
def test_a_body_that_is_not_json_is_refused(kind: str, client: TestClient, world: World) -> None:
    answer = client.post(
        "/api/validate", content=b'{"kind": "plan", "text": ""}', headers=world.admin | {"Content-Type": kind}
    )
    assert answer.status_code == 415


def test_a_body_has_its_limit_whatever_its_head_says(client: TestClient, world: World) -> None:
    head = world.admin | {"Content-Type": "application/json"}
    big = b'{"kind": "plan", "text": "' + b"x" * MOST_BYTES + b'"}'
    assert client.post("/api/validate", content=big, headers=head).status_code == 413
    pieces = client.post("/api/validate", content=(big[i : i + 65536] for i in range(0, len(big), 65536)), headers=head)
    assert pieces.status_code == 413
    keyed = client.post("/api/validate", content=iter([big]), headers=head | {"Idempotency-Key": "big"})
    assert keyed.status_code == 413
    fits = b'{"kind": "config", "text": "seed: 1\\n"}' + b" " * 500_000
    assert client.post("/api/validate", content=fits, headers=head).status_code == 200


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"kind": "plan", "text": "\\ud800"}', b"nan", b"null", b"[]"]
)
def test_a_body_that_cannot_be_read_is_a_problem(body: bytes, client: TestClient, world: World) -> None:
    head = world.admin | {"Content-Type": "application/json"}
    for path in ("/api/validate", "/api/runs", "/api/profiles/preview"):
        answer = client.post(path, content=body, headers=head)
        assert answer.status_code in (400, 422)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", [*ROUTES, "/api/runs/{run}/trade_sets?format=csv", "/api/runs/nothing", "/api/runs/{run}/files/fills.csv"]
)
def test_every_answer_has_its_policy(path: str, client: TestClient, world: World) -> None:
    for headers in ({}, {"Host": "evil.example"}):
        heads = client.get(path.format(run=world.first), headers=headers).headers
        assert heads["content-security-policy"].startswith("default-src 'self'; ")
        assert "unsafe" not in heads["content-security-policy"]
        assert heads["x-content-type-options"] == "nosniff" and heads["x-frame-options"] == "DENY"
        assert heads["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in heads


def test_a_report_runs_without_any_right_of_this_origin(client: TestClient, world: World) -> None:
    answer = client.get(f"/api/runs/{world.first}/report")
    if answer.status_code == 404:
        pytest.skip("the web UI was not built")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "sandbox allow-scripts" in policy and "same-origin" not in policy


class Broken:
    """A workbench all of whose parts fail with a word that nobody may read."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("secret-of-the-inside")


def test_a_fault_of_ours_tells_nothing_of_the_inside(world: World) -> None:
    app = create_app(Broken())
    add_pages(app, world.access())
    client = TestClient(Guarded(app, world.access(), app.state.measures), base_url=URL, raise_server_exceptions=False)
    for path in ("/api/runs", "/api/runs/r1", "/health/ready", "/metrics", "/api/candles"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert "secret" not in answer.text and "Traceback" not in answer.text and ".py" not in answer.text
        assert answer.headers["content-security-policy"]


def test_the_built_page_answers_every_address_of_the_ui(world: World, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<meta nonce=__CSP_NONCE__><title>bench</title>")
    (tmp_path / "assets/app-1f2e.js").write_text("let a")
    (tmp_path / ".stamp").write_text("secret")
    client = TestClient(application(world.bench, world.access(), web=tmp_path), base_url=URL)
    for path in ("/", "/runs/r1", "/runs/r1/sets/set-1.2.0", "/profiles?symbol=X", "/.stamp"):
        page = client.get(path)
        assert "<title>bench</title>" in page.text and page.headers["content-type"].startswith("text/html")
        nonce = page.text.partition("nonce=")[2].partition(">")[0]
        assert f"'nonce-{nonce}'" in page.headers["content-security-policy"] and len(nonce) >= 16
    script = client.get("/assets/app-1f2e.js")
    assert (
        script.headers["content-type"].startswith("text/javascript") and "immutable" in script.headers["cache-control"]
    )
    for path in ("/assets/none.js", "/assets/..%2f..%2ftoken", "/api/none", "/health/none"):
        assert client.get(path).status_code == 404


def test_other_machines_are_let_in_only_when_asked_for(world: World) -> None:
    for host in ("0.0.0.0", "::", "192.168.1.5", "bench.example"):
        with pytest.raises(InvalidInput, match="--allow-remote"):
            access_of(world.bench, host, 8321)
        assert access_of(world.bench, host, 8321, remote=True).remote
    assert not access_of(world.bench, "127.0.0.1", 8321, remote=True).remote
    assert access_of(world.bench, "127.0.0.1", 8321).hosts == loopback_hosts(8321)
    assert [is_loopback(host) for host in ("127.0.0.5", "::1", "[::1]", "localhost", "example.org")] == [True] * 4 + [
        False
    ]


TOKEN_FILES = {
    "admin short\n": r"token:1: a short token",
    "# nothing\n": r"no token",
    "root abcdefghijklmnopqrstuvwxyzabcdefghijkl\n": r"token:1: no scope begins this line",
}


@pytest.mark.parametrize("text", TOKEN_FILES)
def test_a_token_file_that_cannot_be_used_is_refused_without_telling_it(text: str, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(InvalidInput, match=TOKEN_FILES[text]) as told:
        read_tokens(path)
    assert "abcdef" not in str(told.value)


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_token_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "token"
    read_tokens(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(InvalidInput, match="others can read"):
        read_tokens(path)
