"""The one HTTP server for people and tools (the simulator has its own). Loopback unless told otherwise; GET only.

So far it serves the schemas (`registry.py`) and an index of what there is.
"""

from html import escape

from aiohttp import web
from aiohttp.typedefs import Handler

from pipeline import codec
from pipeline.contract import library
from pipeline.dashboard.registry import CONTENT_TYPE, Answer, Register, Route, error, read_only, routes

HOST = "127.0.0.1"
POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # the page loads nothing
INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>newswire</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:50rem;padding:0 1rem}}</style></head>
<body><h1>newswire</h1><p>Served here, read-only:</p><h2>Schemas</h2>
<p>As a Schema Registry (the reading half of Confluent's REST API): point a tool's schema registry at this address.</p>
<ul>{paths}</ul><h3>Subjects</h3><ul>{subjects}</ul></body></html>
"""


class Server:
    """Serves until `close`. `prefix` is that of the topics, as subjects are named after them."""

    def __init__(self, prefix: str) -> None:
        self.url = ""
        register = Register(library.folder(), prefix)
        self._routes = routes(register)
        self._subjects: list[str] = register.subjects().body
        self._runner: web.AppRunner | None = None

    async def start(self, host: str = HOST, port: int = 0) -> str:
        """Binds (port 0: any free one) and gives the URL; raises OSError where that is taken."""
        app = web.Application(middlewares=[_errors_as_json])
        app.router.add_get("/", self._index)
        for path, route in self._routes.items():
            app.router.add_get(path, _answering(route))
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self._runner.addresses[0][1]}"
        return self.url

    async def close(self) -> None:
        """Stops serving."""
        if self._runner:
            await self._runner.cleanup()

    async def _index(self, _request: web.Request) -> web.Response:
        subjects = [(f"/subjects/{name}/versions/latest/schema", name) for name in self._subjects]
        plain = [(path, path) for path in self._routes if "{" not in path]
        page = INDEX.format(paths=_links(plain), subjects=_links(subjects))
        return web.Response(text=page, content_type="text/html", headers={"Content-Security-Policy": POLICY})


def _links(rows: list[tuple[str, str]]) -> str:
    return "".join(f'<li><a href="{escape(path)}"><code>{escape(name)}</code></a></li>' for path, name in rows)


def _answering(route: Route) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        return _response(route(*request.match_info.values()))

    return answer


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=codec.dumps(answer.body), content_type=CONTENT_TYPE)


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every answer but the page is JSON: clients of a registry read nothing else."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed:
        return _response(read_only())
    except web.HTTPException as refusal:
        return _response(error(refusal.status, refusal.status, f"HTTP {refusal.status} {refusal.reason}"))
