"""
The cards of the first page, in the order in which they are read.
"""

from testproject.showcase.cards import Card, Group
from testproject.showcase.views import handlers, kinds, responses, values

GROUPS = (
    Group(
        "values",
        "Return the value",
        "No response class, no serializer: what the view returns is what is sent.",
        (
            Card("dict", "dict", values.weather),
            Card("list", "list", values.gusts),
            Card("struct", "msgspec.Struct", values.reading, (values.Reading,)),
            Card("dataclass", "dataclass", values.wind, (values.Wind,)),
            Card("queryset", "QuerySet", values.highest),
            Card("str", "str", values.forecast),
            Card("lazy", "Lazy text", values.thunder_day),
            Card("bytes", "bytes", values.telegram),
        ),
    ),
    Group(
        "responses",
        "Say how it goes out",
        "Response classes for when the status, a header or the media type matters. "
        "Each is an ordinary HttpResponse.",
        (
            Card("json", "JSON", responses.observation),
            Card("response", "Response", responses.export),
            Card("plaintext", "PlainText", responses.bulletin),
            Card("html", "HTML", responses.plaque),
            Card("redirect", "Redirect", responses.moved, by_socket=True),
            Card(
                "cookies",
                "Headers, cookies",
                responses.log_entry,
                by_socket=True,
            ),
            Card("empty", "204, no content", responses.silence),
        ),
    ),
    Group(
        "views",
        "From any kind of view",
        "Sync or async, function, class or generator, under WSGI and under ASGI.",
        (
            Card("sync", "Sync view", kinds.warmest),
            Card("async", "Async view", kinds.coldest),
            Card("class", "Class-based view", kinds.Barometer),
            Card("generator", "Generator", kinds.count),
            Card("async-generator", "Async generator", kinds.echo),
            Card("decorated", "Under a decorator", kinds.now),
        ),
    ),
    Group(
        "handlers",
        "With its address above it",
        "BoltAPI puts handlers on ordinary URL patterns: include(api.urls).",
        (
            Card("summits", "Response model", handlers.summits, (handlers.Summit,)),
            Card("borders", "Model of a stream", handlers.borders),
        ),
    ),
    Group(
        "errors",
        "When it cannot be sent",
        "A mistake is named where it was made, not three frames later.",
        (Card("set", "set", kinds.clouds, accept="text/plain"),),
    ),
)

CARDS = {card.slug: card for group in GROUPS for card in group.cards}
