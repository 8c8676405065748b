"""An ASGI app, called through httpx, answers in virtual time inside the fences."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from simulators.kernel import FenceBreach, Kernel


async def authorize(request: Request) -> JSONResponse:
    body = await request.json()
    await asyncio.sleep(body["seconds"])
    return JSONResponse({"at_s": asyncio.get_running_loop().time()}, background=BackgroundTask(asyncio.sleep, 1))


async def stream(request: Request) -> StreamingResponse:
    async def numbers() -> Any:
        for number in range(3):
            await asyncio.sleep(1)
            yield f"{number},"

    return StreamingResponse(numbers())


async def cheat(request: Request) -> JSONResponse:
    return JSONResponse({"now": time.time()})


def blocking(request: Request) -> JSONResponse:
    return JSONResponse({})


APP = Starlette(
    routes=[
        Route("/authorize", authorize, methods=["POST"]),
        Route("/stream", stream),
        Route("/cheat", cheat),
        Route("/blocking", blocking),
    ]
)


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=APP), base_url="http://engine")


def test_an_asgi_app_answers_in_virtual_time() -> None:
    with Kernel(1) as kernel:

        async def main() -> list[Any]:
            async with client() as http:
                answers = await asyncio.gather(
                    *(http.post("/authorize", json={"seconds": seconds}) for seconds in (2, 1, 3))
                )
                streamed = await http.get("/stream")
                return [answer.json()["at_s"] for answer in answers] + [streamed.text, kernel.now_ns]

        # The transport returns when the app does, background task included: 3 + 1 s, then 3 s of streaming.
        assert kernel.run(main()) == [2.0, 1.0, 3.0, "0,1,2,", 7_000_000_000]


def test_simpy_actors_call_an_asgi_app() -> None:
    seen: list[tuple[int, int]] = []
    with Kernel(1) as kernel:
        http = client()

        def actor(number: int) -> Generator[Any, Any, None]:
            yield kernel.env.timeout(number * 10)
            outcome = yield kernel.call(http.post("/authorize", json={"seconds": 0.5}))
            seen.append((outcome.unwrap().status_code, kernel.now_ns))

        for number in range(3):
            kernel.process(actor(number), f"actor {number}")
        kernel.run()
        kernel.run(http.aclose())
    assert seen == [(200, 1_500_000_000 + number * 10) for number in range(3)]


@pytest.mark.parametrize(
    "path, told",
    [
        ("/cheat", r"test_asgi .*cheat\) called time\.time\(\)"),
        ("/blocking", r"anyio.* called .*run_in_executor|Thread"),
    ],
)
def test_an_apps_breach_is_found_behind_the_transport(path: str, told: str) -> None:
    with Kernel(1) as kernel:

        async def main() -> None:
            async with client() as http:
                await http.get(path)

        with pytest.raises(FenceBreach, match=told):
            kernel.run(main())
