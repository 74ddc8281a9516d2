"""DRF's router with the contract's spelling: collections and objects end in a slash, actions do not."""

from rest_framework.routers import DefaultRouter, DynamicRoute


class ContractRouter(DefaultRouter):
    include_format_suffixes = False
    routes = [
        route._replace(url=route.url.removesuffix("{trailing_slash}$") + "$")
        if isinstance(route, DynamicRoute)
        else route
        for route in DefaultRouter.routes
    ]
