"""Which channels are on: those whose secret is set; what else each needs is asked for at the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import SecretStr

from core.errors import SettingsError
from core.settings import Settings
from server.channels.chatwoot import Chatwoot
from server.channels.feishu import Feishu
from server.channels.port import Channel
from server.channels.rasa import Rasa
from server.channels.slack import Slack
from server.channels.webhook import Webhook


def channels_of(settings: Settings) -> dict[str, Channel]:
    """Return the channels that are on, by name.

    Raises:
        SettingsError: a channel's secret is set and another of its settings is missing or wrong.
    """
    makers: tuple[Callable[[Settings], Channel | None], ...] = (_chatwoot, _slack, _feishu, _rasa, _webhook)
    made = [make(settings) for make in makers]
    return {channel.name: channel for channel in made if channel is not None}


def _chatwoot(settings: Settings) -> Channel | None:
    secret = _given(settings.chatwoot_secret)
    if secret is None:
        return None
    _needed("Chatwoot", {"chatwoot_url": settings.chatwoot_url, "chatwoot_token": settings.chatwoot_token})
    assert settings.chatwoot_token is not None
    return Chatwoot(
        secret,
        settings.chatwoot_token,
        base=settings.chatwoot_url,
        unsigned=settings.chatwoot_unsigned,
    )


def _slack(settings: Settings) -> Channel | None:
    secret = _given(settings.slack_secret)
    if secret is None:
        return None
    _needed("Slack", {"slack_token": settings.slack_token})
    assert settings.slack_token is not None
    return Slack(
        secret,
        settings.slack_token,
        base=settings.slack_url,
        service=settings.slack_handoffs,
        inbox=_inbox(settings),
    )


def _feishu(settings: Settings) -> Channel | None:
    secret = _given(settings.feishu_key)
    if secret is None:
        return None
    _needed("Feishu", {"feishu_app": settings.feishu_app, "feishu_secret": settings.feishu_secret})
    assert settings.feishu_secret is not None
    return Feishu(
        settings.feishu_app,
        settings.feishu_secret,
        secret,
        settings.feishu_token,
        base=settings.feishu_url,
        service=settings.feishu_handoffs,
        inbox=_inbox(settings),
    )


def _rasa(settings: Settings) -> Channel | None:
    token = _given(settings.rasa_token)
    return Rasa(token) if token is not None else None


def _webhook(settings: Settings) -> Channel | None:
    secret = _given(settings.webhook_secret)
    if secret is None:
        return None
    _needed("the webhook", {"webhook_url": settings.webhook_url})
    return Webhook(secret, url=settings.webhook_url)


def _given(secret: SecretStr | None) -> SecretStr | None:
    """Return a secret, or None: a blank line in an environment file sets none, and anybody could sign with a blank."""
    return secret if secret is not None and secret.get_secret_value().strip() else None


def _inbox(settings: Settings) -> str:
    return f"{settings.public_url.rstrip('/')}/inbox" if settings.public_url else ""


def _needed(channel: str, values: Mapping[str, object]) -> None:
    missing = [f"FLOORWALKER_{name.upper()}" for name, value in values.items() if not value]
    if missing:
        raise SettingsError(f"{channel} is on, and needs {' and '.join(missing)} too (see docs/channels.md)")
