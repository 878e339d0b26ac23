"""The ASGI application that uvicorn serves."""

from django.core.asgi import get_asgi_application

application = get_asgi_application()

from dunwell.web import watch  # noqa: E402  # only now are the models there

watch.start()
