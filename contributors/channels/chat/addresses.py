"""Addresses of chat, SMS, call and push services. Nothing is looked up here.

A service is named by an Apprise address such as `slack://…` or `ntfys://ntfy.example.com/ops`. Only services that
carry a message to a person are accepted: none that writes files, logs, or posts to any address (webhooks do that,
through our own door). The list is closed: what a new Apprise brings is refused until somebody has read its plug-in.
"""

from __future__ import annotations

from typing import Any, Final

from django.utils.module_loading import import_string

from hypercare.security import connection_guard, outgoing_http

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 6.0
# Services whose plug-in knows their address: nothing in what a person types changes the host …
FIXED: Final = frozenset(
    {
        "slack",
        "discord",
        "tgram",
        "pover",
        "pagerduty",
        "opsgenie",
        "twilio",
        "signl4",
        "vonage",
        "nexmo",
        "plivo",
        "clicksend",
        "msgbird",
        "46elks",
        "elks",
        "sinch",
        "bulksms",
        "telnyx",
        "webex",
        "wxteams",
        "gchat",
        "pbul",
        "threema",
        "whatsapp",
        "squadcast",
        "spike",
        "ilert",
        "incidentio",
        "victorops",
        "pagertree",
        "sns",
        "simplepush",
        "prowl",
        "line",
        "ryver",
        "twist",
        "guilded",
        "seven",
        "zoom",
    }
)
# … and those that are called where the address says, whose host is therefore checked like a webhook's.
GUARDED: Final = frozenset(
    {
        "ntfy",
        "ntfys",
        "mmost",
        "mmosts",
        "rocket",
        "rockets",
        "matrix",
        "matrixs",
        "gotify",
        "gotifys",
        "nctalk",
        "nctalks",
        "signal",
        "signals",
        "workflow",
        "workflows",
        "synology",
        "synologys",
        "humhub",
        "humhubs",
        "bark",
        "barks",
        "goalert",
        "goalerts",
        "smseagle",
        "smseagles",
        "betterstack",
        "infobip",
        "zulip",
    }
)
# Those that would send headers of the person's choice.
_TAKES_HEADERS: Final = frozenset({"nctalk", "nctalks", "synology", "synologys"})
# Those that wake people: told that something is mere information, some of them say thank you and do nothing.
ALARMS: Final = frozenset(
    {
        "pagerduty",
        "opsgenie",
        "squadcast",
        "ilert",
        "splunk",
        "victorops",
        "signl4",
        "betterstack",
        "incidentio",
        "spike",
        "pagertree",
        "goalert",
        "goalerts",
    }
)
# Those that take a message with the same key for the same alarm, and what the plug-in calls the key.
KNOWS_REPEATS: Final = {"pagerduty": "dedup", "squadcast": "dedup", "ilert": "dedup", "opsgenie": "alias"}


def check(target: str) -> str:
    """What may be shown of a service's address. Raises ValueError with what to change, outgoing.Forbidden."""
    plugin = plugin_of(target)
    if self_hosted_host(target, plugin):
        outgoing_http.check_url(self_hosted_address(target, plugin))
    return str(plugin.url(privacy=True).partition("?")[0])


def explain_unusable(target: str) -> str:
    """Why nothing can be sent to an address that was taken once; empty while it can."""
    try:
        check(target)
    except (ValueError, outgoing_http.Forbidden) as error:
        return str(error)
    return ""


def schema_of(target: str) -> str:
    """The word before `://` when messages may go to such services. Raises ValueError."""
    schema = target.partition("://")[0].lower()
    if "://" not in target:
        raise ValueError("Give an Apprise address such as slack://… or ntfys://ntfy.example.com/topic.")
    if schema in ("http", "https", "json", "jsons", "xml", "xmls", "form", "forms"):
        raise ValueError("For an address of your own choose Webhook.")
    if schema not in FIXED | GUARDED:
        raise ValueError(f"“{schema}” is not a service messages can go to. Slack, Teams, SMS, ntfy … work.")
    return schema


def plugin_of(target: str) -> Any:
    """The Apprise plug-in of an address, held to our rules. Raises ValueError.

    The certificate is checked, nothing is redirected or discovered, the time-outs are ours; and whatever the plug-in
    connects to, now or later, is checked when it does (`hypercare/security/connection_guard.py`).
    """
    schema = schema_of(target)
    # Loaded by name: it costs a sixth of a second, and only those who send need it.
    apprise = import_string("apprise.Apprise")
    asset = import_string("apprise.AppriseAsset")(http_redirects=False, async_mode=False)
    connection_guard.install_guard()
    plugin = apprise.instantiate(target, asset=asset, suppress_exceptions=True)
    if plugin is None:
        raise ValueError("This address is incomplete. Compare it with the service's page in Apprise's guide.")
    _check_options(schema, plugin)
    plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_SECONDS, READ_SECONDS
    if hasattr(plugin, "discovery"):
        plugin.discovery = False
    return plugin


def _check_options(schema: str, plugin: Any) -> None:
    if not plugin.verify_certificate:
        raise ValueError("Leave “verify” out of the address: certificates are always checked.")
    if plugin.redirects:
        raise ValueError("Leave “redirect” out of the address: messages go where it says and nowhere else.")
    if schema in _TAKES_HEADERS and plugin.headers:
        raise ValueError("Leave what begins with + out of the address: headers can't be added.")


def set_message_id(plugin: Any, key: str) -> None:
    """Give a service that knows repeats the identity of the message, unless its address says another."""
    field = KNOWS_REPEATS.get(str(plugin.secure_protocol))
    if field and not getattr(plugin, field):
        setattr(plugin, field, key)


def apprise_level_of(target: str, *, is_page: bool) -> str:
    """How bad a message is, in the words of Apprise's services: failure, warning or info."""
    if is_page:
        return "failure"
    return "warning" if target.partition("://")[0].lower() in ALARMS else "info"


def self_hosted_host(target: str, plugin: Any) -> str:
    """The host that an address names; empty where the service is the vendor's own cloud."""
    schema = schema_of(target)
    if schema not in GUARDED or getattr(plugin, "mode", "") == "cloud":
        return ""
    if schema == "zulip":
        return f"{plugin.organization}.{plugin.hostname}"
    return str(plugin.host or "").strip("[]")


def self_hosted_address(target: str, plugin: Any) -> str:
    """The address behind such a service, as the guard of outgoing requests reads it."""
    scheme = "http" if plugin.protocol and not plugin.secure else "https"
    host = self_hosted_host(target, plugin)
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{plugin.port}/" if plugin.port else f"{scheme}://{host}/"
