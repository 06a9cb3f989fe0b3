"""A bug ends the process: nothing is swallowed by the loop."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from connector.app.process import _until_a_callback_fails
from connector.errors import InvariantViolationError


def _raise() -> None:
    raise BrokenPipeError


@pytest.mark.parametrize("way", ["soon", "later", "message"])
def test_what_a_callback_raises_ends_the_work(way: str) -> None:
    """The loop would log it and go on, and the records it was about would wait for ever."""

    async def work() -> None:
        loop = asyncio.get_running_loop()
        async with contextlib.AsyncExitStack() as closing, asyncio.TaskGroup() as tasks:
            tasks.create_task(_until_a_callback_fails(closing))
            await asyncio.sleep(0)
            if way == "soon":
                loop.call_soon(_raise)
            elif way == "later":
                loop.call_later(0.001, _raise)
            else:
                loop.call_exception_handler({"message": "something is wrong"})
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(work())
    expected = InvariantViolationError if way == "message" else BrokenPipeError
    assert [type(error) for error in caught.value.exceptions] == [expected]
