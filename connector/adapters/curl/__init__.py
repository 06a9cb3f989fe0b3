"""The default way to Adjust: libcurl (pycurl) behind httpx's transport interface, driven by the event loop.

    transport.py   CurlTransport: httpx request in, httpx response or exception out; the pool of handles
    exchange.py    one handle: how a POST is given to libcurl, and what may be read back as an answer
    verdicts.py    libcurl's error codes as httpx exceptions that say whether anything was sent
    drive.py       libcurl's sockets and timer on an asyncio or uvloop loop

**Rule**: a request goes out at most once for each call, and a caller can tell from the exception's type whether bytes of it
may have left. What these files do not know: Adjust, tokens, retries, metrics.
"""

from connector.adapters.curl.transport import CurlTransport

__all__ = ["CurlTransport"]
