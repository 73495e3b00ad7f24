"""A process that draws charts (`python -m storyreport.charts.drawer`): it can be killed, and its memory is its own.

It writes a line when it is ready. Then it reads a request a line from standard input, as JSON (`parts`: heading and
Vega-Lite specification of each, `config`, `title`, `name`, `alone`, `format`, `seconds`), and answers with a line:
`picture`, SVG text or a PNG in base64, or `error`. It ends where a picture takes longer, or where nobody has asked for
one for a while.
"""

import base64
import contextlib
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from html import escape
from typing import Any

from .drawing import Drawing

MEMORY_BYTES = 1 << 30
IDLE_SECONDS = 300
PNG_SCALE = 2.0
MARGIN, HEADING_HEIGHT, TITLE_HEIGHT = 16, 28, 40
# What Vega puts before an address of ours.
BASE = "https://vega.github.io/vega-datasets/"
FIRST = {"data": {"values": [{"x": 1}]}, "mark": "bar", "encoding": {"x": {"field": "x", "type": "quantitative"}}}
SIZE = re.compile(r'<svg[^>]* width="([\d.]+)" height="([\d.]+)"')
MARK = re.compile(r'<path aria-label="([^"]*)" (role="graphics-symbol" aria-roledescription="[^"]*"[^>]*)/>')
# More titles than these would make a page large; a mark's label says the same.
MOST_TITLES = 200


def main() -> None:
    """Draw until standard input ends."""
    # Ctrl-C is for the server.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory()
    import vl_convert  # the server itself needs none of its 90 MB

    # What a library prints must not look like an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # The first chart loads Vega, which on a busy machine takes longer than a chart may: it is nobody's.
    _svg(vl_convert, FIRST, {})
    print("{}", file=answers, flush=True)
    timer = _end_after(IDLE_SECONDS)
    for line in sys.stdin:
        timer.cancel()
        request = json.loads(line)
        timer = _end_after(request["seconds"])
        print(json.dumps(answer(vl_convert, request)), file=answers, flush=True)
        timer.cancel()
        timer = _end_after(IDLE_SECONDS)
    timer.cancel()


def picture(drawing: Drawing, title: str, config: dict[str, Any], name: str, alone: bool = False) -> str:
    """A chart as SVG, drawn in this process; ValueError where it cannot be drawn."""
    import vl_convert

    drawn = [(part.heading, _svg(vl_convert, part.spec, config)) for part in drawing.parts]
    return composed(drawn, {"title": title, "config": config, "alone": alone, "name": name})


def png(drawing: Drawing, title: str, config: dict[str, Any]) -> bytes:
    """A chart as PNG with its title on a background, drawn in this process; ValueError where it cannot be drawn."""
    import vl_convert

    drawn = picture(drawing, title, config, "png", alone=True)
    return bytes(vl_convert.svg_to_png(drawn, scale=PNG_SCALE))


def answer(engine: Any, request: dict[str, Any]) -> dict[str, str]:
    """The picture of a request, or the reason that there is none."""
    try:
        drawn = [(part["heading"], _svg(engine, part["spec"], request["config"])) for part in request["parts"]]
        picture = composed(drawn, request)
        if request["format"] == "png":
            return {"picture": base64.b64encode(engine.svg_to_png(picture, scale=PNG_SCALE)).decode()}
    except (MemoryError, ValueError) as error:
        return {"error": (str(error).splitlines() or ["memory"])[0]}
    return {"picture": picture}


def _svg(engine: Any, spec: dict[str, Any], config: dict[str, Any]) -> str:
    if any(_addresses(spec)):
        raise ValueError("a chart loads nothing from an address")
    return str(engine.vegalite_to_svg(spec, config=config, allowed_base_urls=[], show_warnings=False))


def _addresses(value: Any) -> Iterator[object]:
    """What a specification would load."""
    if isinstance(value, dict):
        yield from (inner for key, inner in value.items() if key == "url")
        for inner in value.values():
            yield from _addresses(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _addresses(inner)


def composed(drawn: list[tuple[str, str]], request: dict[str, Any]) -> str:
    """One SVG of the parts, one below the other; `alone`: with its title on the scheme's background."""
    title, config, alone, name = (request[each] for each in ("title", "config", "alone", "name"))
    margin = MARGIN if alone else 0
    top, width, inner = float(margin + (TITLE_HEIGHT if alone else 0)), 0.0, []
    colour, font = config["title"]["color"], config["font"]
    texts = [(margin, margin + 18.0, 16, title)] if alone else []
    for number, (heading, svg) in enumerate(drawn):
        if heading:
            texts.append((margin, top + 18, 14, heading))
            top += HEADING_HEIGHT
        found = SIZE.match(svg)
        assert found
        width, height = max(width, float(found[1])), float(found[2])
        # Pictures on one page need different names. No text holds a `<`: Vega escapes it.
        for start in ('<g clip-path="url(#', '<clipPath id="'):
            svg = svg.replace(start, f"{start}p{name}-{number}-")
        inner.append(svg.replace("<svg ", f'<svg x="{margin}" y="{top:g}" ', 1))
        top += height
    total, high = width + 2 * margin, top + margin
    background = f'<rect width="{total:g}" height="{high:g}" fill="{config["background"]}"/>' if alone else ""
    headings = "".join(
        f'<text x="{x}" y="{y:g}" fill="{colour}" font-family="{font}" font-size="{size}" font-weight="600"'
        f' class="heading">{escape(text)}</text>'
        for x, y, size, text in texts
    )
    label = escape(f"Chart: {title}")
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="graphics-document"'
        f' aria-roledescription="visualization" aria-label="{label}" width="{total:g}" height="{high:g}"'
        f' viewBox="0 0 {total:g} {high:g}">'
    )
    return f"{head}{background}{headings}{_titled(''.join(inner))}</svg>"


def _titled(svg: str) -> str:
    """Marks with titles, which browsers show where a mouse rests; links as they were given."""
    svg = svg.replace(f'<a xlink:href="{BASE}', '<a href="')
    if len(MARK.findall(svg)) > MOST_TITLES:
        return svg
    return MARK.sub(lambda found: f'<path aria-label="{found[1]}" {found[2]}><title>{found[1]}</title></path>', svg)


def _end_after(seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()
    return timer


def _limit_memory() -> None:
    """Let the process have no more than MEMORY_BYTES, where the system can say so."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
