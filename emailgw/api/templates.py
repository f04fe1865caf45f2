"""`/templates`: made, edited, published, copied, previewed and removed; an id or an alias names one."""

from starlette.requests import Request
from starlette.responses import Response

from emailgw.api.answers import json_response
from emailgw.api.guard import Guard, key_of
from emailgw.api.limits import BodyLimits
from emailgw.api.operation import DescribedRoute, Operation
from emailgw.queue.templates import TemplateEditor
from emailgw.store.templates import Templates
from emailgw.wire.answers import Deleted, ListShown, show_deleted
from emailgw.wire.lists import PageQuery, cut, read_page, show_list
from emailgw.wire.templates import (
    PreviewRequest,
    PreviewShown,
    TemplateLine,
    TemplateRequest,
    TemplateShown,
    VersionShown,
    read_template,
    read_variables,
    show_preview,
    show_template,
    show_template_item,
    show_version,
)


class TemplateResource:
    def __init__(self, templates: Templates, editor: TemplateEditor, limits: BodyLimits) -> None:
        self._templates = templates
        self._editor = editor
        self._limits = limits

    def routes(self, guard: Guard) -> list[DescribedRoute]:
        create = Operation(summary="Make a template", body=TemplateRequest, answer=TemplateShown, statuses=(201,))
        listed = Operation(summary="List templates", query=PageQuery, answer=ListShown[TemplateLine])
        show = Operation(summary="A template with its draft, by id or alias", answer=TemplateShown)
        edit = Operation(summary="Change the draft", body=TemplateRequest, answer=TemplateShown)
        remove = Operation(summary="Remove a template", answer=Deleted)
        publish = Operation(
            summary="Send from the draft from now on", answer=TemplateShown, errors=("validation_error",)
        )
        copy = Operation(
            summary="A new draft that says the same",
            answer=TemplateShown,
            statuses=(201,),
        )
        preview = Operation(
            summary="What the draft says with these variables", body=PreviewRequest, optional=True, answer=PreviewShown
        )
        versions = Operation(summary="What was published", query=PageQuery, answer=ListShown[VersionShown])
        return [
            guard.route("POST", "/templates", self.create, create),
            guard.route("GET", "/templates", self.list, listed),
            guard.route("GET", "/templates/{name}", self.show, show),
            guard.route("PATCH", "/templates/{name}", self.edit, edit),
            guard.route("PUT", "/templates/{name}", self.edit, edit),
            guard.route("DELETE", "/templates/{name}", self.remove, remove),
            guard.route("POST", "/templates/{name}/publish", self.publish, publish),
            guard.route("POST", "/templates/{name}/duplicate", self.duplicate, copy),
            guard.route("POST", "/templates/{name}/preview", self.preview, preview),
            guard.route("GET", "/templates/{name}/versions", self.versions, versions),
        ]

    async def create(self, request: Request) -> Response:
        template = await self._editor.create(read_template(await self._limits.read(request)))
        return json_response(show_template(template, key_of(request).dialect), 201)

    async def list(self, request: Request) -> Response:
        page = read_page(request.query_params)
        templates = await self._templates.all()
        shown, has_more = cut(templates, page, [template.id for template in templates])
        dialect = key_of(request).dialect
        items = [show_template_item(template, dialect) for template in shown]
        path = str(request.url.replace(query=""))
        return json_response(show_list(items, page, has_more, len(templates), path, request.query_params))

    async def show(self, request: Request) -> Response:
        template = await self._templates.template(_name(request))
        return json_response(show_template(template, key_of(request).dialect))

    async def edit(self, request: Request) -> Response:
        edit = read_template(await self._limits.read(request))
        template = await self._editor.edit(_name(request), edit)
        return json_response(show_template(template, key_of(request).dialect))

    async def remove(self, request: Request) -> Response:
        template = await self._templates.template(_name(request))
        await self._templates.remove(template.id)
        return json_response(show_deleted("template", template.id))

    async def publish(self, request: Request) -> Response:
        template = await self._editor.publish(await self._templates.template(_name(request)))
        return json_response(show_template(template, key_of(request).dialect))

    async def duplicate(self, request: Request) -> Response:
        template = await self._editor.duplicate(_name(request))
        return json_response(show_template(template, key_of(request).dialect), 201)

    async def preview(self, request: Request) -> Response:
        variables = read_variables(await self._limits.read(request))
        return json_response(show_preview(await self._editor.preview(_name(request), variables)))

    async def versions(self, request: Request) -> Response:
        page = read_page(request.query_params)
        template = await self._templates.template(_name(request))
        versions = await self._templates.versions(template.id)
        shown, has_more = cut(versions, page, [str(version.number) for version in versions])
        dialect = key_of(request).dialect
        items = [show_version(version, dialect) for version in shown]
        path = str(request.url.replace(query=""))
        return json_response(show_list(items, page, has_more, len(versions), path, request.query_params))


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    return name
