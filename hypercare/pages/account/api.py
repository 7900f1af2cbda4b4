"""One's own account for scripts: what one says about oneself, and the tokens by which scripts speak."""

from __future__ import annotations

from typing import ClassVar

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from hypercare.accounts import api_tokens, profiles, second_step, sessions
from hypercare.api import PAGING, person
from hypercare.api.lists import Answer, list_response
from hypercare.api.strict import StrictSerializer, validate_input
from hypercare.exceptions import NotAllowed
from hypercare.models import ApiToken, User, validate_time_zone


class ProfileOut(serializers.ModelSerializer[User]):
    """What I say about myself. The address is an administrator's to change."""

    class Meta:
        model = User
        fields: ClassVar = ["id", "email", *profiles.FIELDS]


class ProfileIn(StrictSerializer):
    """What changes; what is left out stays."""

    name = serializers.CharField(max_length=120, required=False)
    timezone = serializers.CharField(max_length=64, required=False, validators=[validate_time_zone])
    phone = serializers.CharField(max_length=profiles.LONGEST_PHONE, required=False, allow_blank=True)
    theme = serializers.ChoiceField(choices=User.Theme.choices, required=False, allow_blank=True)
    shortcuts = serializers.BooleanField(required=False)


class TokenOut(serializers.ModelSerializer[ApiToken]):
    """A token. Its text is never shown again."""

    class Meta:
        model = ApiToken
        fields: ClassVar = ["id", "name", "prefix", "may_write", "created_at", "expires_at", "last_used_at"]


class TokenIn(StrictSerializer):
    """What it is for, and whether it may change things."""

    name = serializers.CharField(max_length=api_tokens.LONGEST_NAME)
    may_write = serializers.BooleanField(default=False)


class TokenMade(TokenOut):
    """A new token with its text, shown this once."""

    token = serializers.CharField()

    class Meta(TokenOut.Meta):
        fields: ClassVar = [*TokenOut.Meta.fields, "token"]


@extend_schema(methods=["GET"], responses=ProfileOut, operation_id="my_profile_read")
@extend_schema(methods=["PATCH"], request=ProfileIn, responses=ProfileOut, operation_id="my_profile_change")
@api_view(["GET", "PATCH"])
def profile(request: Request) -> Response:
    """My name, time zone, phone, look and shortcuts."""
    me = person(request)
    if request.method == "PATCH":
        me = profiles.change_profile(me.pk, **validate_input(ProfileIn, request))
    return Response(ProfileOut(me).data)


@extend_schema(methods=["GET"], parameters=PAGING, responses=TokenOut(many=True), operation_id="my_tokens_list")
@extend_schema(methods=["POST"], request=TokenIn, responses={201: TokenMade}, operation_id="my_tokens_make")
@api_view(["GET", "POST"])
def tokens(request: Request) -> Answer:
    """My tokens, the newest first; or a new one, whose text is shown this once.

    A token makes none that may do more or lasts longer than itself; a browser has to have signed in just now. No key
    makes this safe to repeat, because the text is kept nowhere.
    """
    me = person(request)
    if request.method == "POST":
        data, maker = validate_input(TokenIn, request), _maker(request)
        made, text = api_tokens.make_token(me, **data, maker=maker, at=timezone.now())
        return Response({**TokenOut(made).data, "token": text}, status=201)
    return list_response(
        api_tokens.living_tokens(me), request, ("-created_at", "-id"), lambda page: TokenOut(page, many=True)
    )


def _maker(request: Request) -> ApiToken | None:
    """The token that asks, None for a browser. Raises NotAllowed where nobody has proved lately who they are."""
    if isinstance(request.auth, ApiToken):
        if second_step.is_required_for(person(request)) and second_step.authenticator_of(person(request)) is None:
            raise NotAllowed("Your account needs a second step first. Turn it on under Settings.")
        return request.auth
    if not sessions.is_recently_proved(request.session, at=timezone.now()):
        raise NotAllowed("Enter your password once more first, under Settings, or sign in again.")
    return None


@extend_schema(responses={204: None}, operation_id="my_tokens_revoke")
@api_view(["DELETE"])
def token(request: Request, pk: int) -> Response:
    """End a token; it stops working at once. Somebody else's does not exist for you."""
    found = get_object_or_404(api_tokens.living_tokens(person(request)), pk=pk)
    api_tokens.revoke(found.pk, at=timezone.now())
    return Response(status=204)
