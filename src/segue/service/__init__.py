"""The service: an API over HTTP, listens that come in, weekly lists by themselves (docs/service.md).

    segue serve --library library

Nothing is loaded by importing this package; `segue.service.app.create_app` makes the ASGI application.
"""
