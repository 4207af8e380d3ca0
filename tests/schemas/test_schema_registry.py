"""The schemas over HTTP, as a client of a Schema Registry asks for them. Real sockets, loopback only."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner

from pipeline.cli import root
from pipeline.contract import library
from pipeline.contract.subjects import SUBJECTS
from pipeline.dashboard.registry import CONTENT_TYPE
from pipeline.dashboard.server import Server
from pipeline.topics import TOPICS


class Client:
    """Asks and reads JSON."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session, self.url = session, url

    async def get(self, path: str, method: str = "GET") -> tuple[int, Any]:
        """Status and body; every body is of the registry's type."""
        async with self.session.request(method, self.url + path) as answer:
            assert answer.content_type == CONTENT_TYPE
            return answer.status, json.loads(await answer.read())


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A server on a free port, and a client of it."""
    server = Server(prefix="news")
    url = await server.start()
    assert url.startswith("http://127.0.0.1:")
    async with aiohttp.ClientSession() as session:
        yield Client(session, url)
    await server.close()


async def test_subjects_are_named_after_topics(client: Client) -> None:
    status, subjects = await client.get("/subjects")
    assert status == 200
    assert {"news.enriched-value", "news.out.en-value", "news.raw-headers", "news.manifest.gap"} <= set(subjects)
    assert len(subjects) == len({topic.name for topic in TOPICS if topic.schema}) + sum("." in s.name and s.part in (
        "manifest", "headers") for s in SUBJECTS)  # fmt: skip


async def test_every_subject_leads_to_its_schema_and_back(client: Client) -> None:
    _, subjects = await client.get("/subjects")
    for subject in subjects:
        assert await client.get(f"/subjects/{subject}/versions") == (200, [1])
        status, latest = await client.get(f"/subjects/{subject}/versions/latest")
        assert (status, latest["subject"], latest["version"], latest["schemaType"]) == (200, subject, 1, "JSON")
        assert await client.get(f"/subjects/{subject}/versions/1") == (200, latest)
        assert await client.get(f"/subjects/{subject}/versions/-1") == (200, latest)
        assert await client.get(f"/subjects/{subject}/versions/1/schema") == (200, json.loads(latest["schema"]))
        assert await client.get(f"/schemas/ids/{latest['id']}") == (200, {"schemaType": "JSON", "schema": latest["schema"]})
        status, users = await client.get(f"/schemas/ids/{latest['id']}/versions")
        assert {"subject": subject, "version": 1} in users
    registered = {row.id: row.schema_id for row in library.rows(library.folder())}
    _, latest = await client.get("/subjects/news.out.de-value/versions/latest")
    assert registered[latest["id"]] == json.loads(latest["schema"])["$id"] == "urn:newswire:schema:out:1.0.0"


async def test_config_says_how_versions_may_change(client: Client) -> None:
    assert await client.get("/config") == (200, {"compatibilityLevel": "BACKWARD"})
    assert await client.get("/config/news.enriched-value") == (200, {"compatibilityLevel": "FULL_TRANSITIVE"})
    assert await client.get("/config/news.raw-headers") == (200, {"compatibilityLevel": "BACKWARD"})
    assert await client.get("/mode") == (200, {"mode": "READONLY"})
    assert await client.get("/schemas/types") == (200, ["JSON"])


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subjects/nix/versions", 404, 40401),
        ("/subjects/nix/versions/latest", 404, 40401),
        ("/config/nix", 404, 40401),
        ("/subjects/news.enriched-value/versions/2", 404, 40402),
        ("/subjects/news.enriched-value/versions/0", 422, 42202),
        ("/subjects/news.enriched-value/versions/one", 422, 42202),
        ("/subjects/news.enriched-value/versions/99999999999999999999", 422, 42202),
        (f"/subjects/news.enriched-value/versions/1{'0' * 5000}", 422, 42202),
        ("/schemas/ids/9999", 404, 40403),
        ("/schemas/ids/x", 404, 40403),
        ("/nix", 404, 404),
        ("/subjects/%2e%2e%2f%2e%2e%2fetc%2fpasswd/versions/latest", 404, 40401),
    ],
)
async def test_errors_are_those_that_clients_know(client: Client, path: str, status: int, code: int) -> None:
    found, body = await client.get(path)
    assert (found, body["error_code"]) == (status, code)
    assert body["message"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_can_be_registered(client: Client, method: str) -> None:
    status, body = await client.get("/subjects/news.enriched-value/versions", method)
    assert (status, body["error_code"]) == (422, 42205)


async def test_the_page_lists_what_is_served(client: Client) -> None:
    async with client.session.get(client.url + "/") as answer:
        page = await answer.text()
        assert answer.content_type == "text/html"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert 'href="/subjects"' in page
    for path in (part.split('"')[0] for part in page.split('href="')[1:]):
        assert (await client.get(path))[0] == 200, path


async def test_a_taken_port_is_an_error_of_the_system(client: Client) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await Server(prefix="news").start(port=int(client.url.rpartition(":")[2]))


@pytest.mark.parametrize(("host", "said"), [("", "is empty"), ("news..test", "is no host name")])
def test_a_host_that_is_none_is_one_sentence_with_status_2(host: str, said: str) -> None:
    done = CliRunner().invoke(root, ["dashboard", "--host", host, "--port", "0", "--for", "1s"])
    assert done.exit_code == 2
    assert said in done.stderr
