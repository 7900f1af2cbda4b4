"""Addresses of chat, SMS, call and push services, and the signatures of webhooks. Pure but for a name look-up.

A service is named by an Apprise address such as `slack://…` or `ntfys://ntfy.example.com/ops`. Only services that
carry a message to a person are accepted: none that writes files, logs, or calls an address of the sender's choice
(webhooks do that, through our own door).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any, Final

from django.utils.module_loading import import_string

from hypercare import outgoing

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 6.0
# Services at an address of their own …
HOSTED: Final = frozenset({
    "slack", "discord", "tgram", "pover", "pagerduty", "opsgenie", "twilio", "signl4", "vonage", "nexmo",
    "plivo", "clicksend", "msgbird", "46elks", "elks", "sinch", "bulksms", "telnyx", "webex", "wxteams",
    "gchat", "pbul", "threema", "whatsapp", "squadcast", "spike", "betterstack", "ilert", "incidentio",
    "victorops", "pagertree", "sns", "simplepush", "prowl", "line", "zulip", "ryver", "twist", "guilded",
    "sms77", "seven", "infobip",
})  # fmt: skip
# … and those that run where the address says, whose host is therefore checked like a webhook's.
SELF_HOSTED: Final = frozenset({
    "ntfy", "ntfys", "mmost", "mmosts", "rocket", "rockets", "matrix", "matrixs", "gotify", "gotifys",
    "nctalk", "nctalks", "signal", "signals", "workflow", "workflows", "synology", "synologys", "zoom",
    "humhub", "humhubs", "bark", "barks", "goalert", "goalerts", "smseagle", "smseagles",
})  # fmt: skip
# Those that wake people: told that something is mere information, some of them say thank you and do nothing.
ALARMS: Final = frozenset({
    "pagerduty", "opsgenie", "squadcast", "ilert", "splunk", "victorops", "signl4", "betterstack", "incidentio",
    "spike", "pagertree", "goalert", "goalerts",
})  # fmt: skip
# Those that take a message with the same key for the same alarm, and what the plug-in calls the key.
KNOWS_REPEATS: Final = {"pagerduty": "dedup", "squadcast": "dedup", "ilert": "dedup", "opsgenie": "alias"}
KEY_PREFIX: Final = "whsec_"


def check(target: str) -> str:
    """What may be shown of a service's address. Raises ValueError with what to change, outgoing.Forbidden."""
    schema = target.partition("://")[0].lower()
    if "://" not in target:
        raise ValueError("Give an Apprise address such as slack://… or ntfys://ntfy.example.com/topic.")
    if schema in ("http", "https", "json", "jsons", "xml", "xmls", "form", "forms"):
        raise ValueError("For an address of your own choose Webhook.")
    if schema not in HOSTED | SELF_HOSTED:
        raise ValueError(f"“{schema}” is not a service messages can go to. Slack, Teams, SMS, ntfy … work.")
    plugin = plugin_of(target)
    if schema in SELF_HOSTED and own_host(plugin):
        outgoing.check(own_address(plugin))
    return str(plugin.url(privacy=True).partition("?")[0])


def plugin_of(target: str) -> Any:
    """The Apprise plug-in of an address, with our time-outs and without redirects. Raises ValueError."""
    # Loaded by name: it costs a sixth of a second, and only those who send need it.
    apprise = import_string("apprise.Apprise")
    asset = import_string("apprise.AppriseAsset")(http_redirects=False, async_mode=False)
    plugin = apprise.instantiate(target, asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise ValueError("This address is incomplete. Compare it with the service's page in Apprise's guide.")
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_SECONDS, READ_SECONDS
    return plugin


def identify(plugin: Any, key: str) -> None:
    """Give a service that knows repeats the identity of the message, unless its address says another."""
    field = KNOWS_REPEATS.get(str(plugin.secure_protocol))
    if field and not getattr(plugin, field):
        setattr(plugin, field, key)


def level(target: str, *, is_page: bool) -> str:
    """How bad a message is, in the words of Apprise's services: failure, warning or info."""
    if is_page:
        return "failure"
    return "warning" if target.partition("://")[0].lower() in ALARMS else "info"


def own_host(plugin: Any) -> str:
    """The host that a self-hosted service runs on; empty where the service is the vendor's own cloud."""
    if getattr(plugin, "mode", "") == "cloud":
        return ""
    return str(getattr(plugin, "host", "") or "")


def own_address(plugin: Any) -> str:
    """The address behind a self-hosted service, as the guard of outgoing requests reads it."""
    scheme = "https" if plugin.secure else "http"
    host = f"[{plugin.host}]" if ":" in plugin.host else plugin.host
    return f"{scheme}://{host}:{plugin.port}/" if plugin.port else f"{scheme}://{host}/"


# --- Signatures ---------------------------------------------------------------------------------


def new_signing_key() -> str:
    """A secret of Standard Webhooks 1.0: `whsec_` and 32 random bytes in base64."""
    return KEY_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(key: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>`: HMAC-SHA256 over `id.timestamp.body` (Standard Webhooks 1.0, symmetric signatures)."""
    secret = base64.b64decode(key.removeprefix(KEY_PREFIX))
    digest = hmac.new(secret, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
