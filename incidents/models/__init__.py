"""The tables of incidents, by aggregate."""

from incidents.models.alert import Alert, AlertSource, RejectedPayload
from incidents.models.briefing import StakeholderReport
from incidents.models.deciding import PatternDismissal, RollbackDecision
from incidents.models.incident import Comment, Incident, IncidentQuerySet, StatusChange
from incidents.models.intake import Attachment, KnownError, Report, ReportForm
from incidents.models.mail import InboundMail, MailboxHealth, StoredMail
from incidents.models.outside import Notice, StatusPage, Subscriber, Update
from incidents.models.settings import IncidentPolicy, SavedView
from incidents.models.war import Follower, IncidentRole, Reference, Relation, Task

__all__ = [
    "Alert",
    "AlertSource",
    "Attachment",
    "Comment",
    "Follower",
    "InboundMail",
    "Incident",
    "IncidentPolicy",
    "IncidentQuerySet",
    "IncidentRole",
    "KnownError",
    "MailboxHealth",
    "Notice",
    "PatternDismissal",
    "Reference",
    "RejectedPayload",
    "Relation",
    "Report",
    "ReportForm",
    "RollbackDecision",
    "SavedView",
    "StakeholderReport",
    "StatusChange",
    "StatusPage",
    "StoredMail",
    "Subscriber",
    "Task",
    "Update",
]
