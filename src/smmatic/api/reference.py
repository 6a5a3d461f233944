"""The description of the API: as OpenAPI for programs, as a page for people."""

from django.http import HttpRequest, HttpResponse


def openapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def docs(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
