"""Which channels are on, what is missing is named, and no secret is shown."""

from __future__ import annotations

import pytest

from core.errors import SettingsError
from core.settings import Settings
from server import doctor
from server.channels.setup import channels_of
from tests.server.channels.kits import KITS


def test_none_is_on_by_default():
    assert channels_of(Settings()) == {}


@pytest.mark.parametrize("kit", KITS, ids=[kit.name for kit in KITS])
def test_a_channel_is_on_when_its_secret_is_set(kit):
    settings = Settings(**kit.settings("https://service.example"))
    assert list(channels_of(settings)) == [kit.name]
    secrets = ("chatwoot-secret", "bot-access-token", "xoxb-fake", "app-secret", "feishu-encrypt", "MDEyMzQ1Njc4")
    assert not any(secret in repr(settings) for secret in secrets)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"slack_secret": "x"}, "FLOORWALKER_SLACK_TOKEN"),
        ({"chatwoot_secret": "x"}, "FLOORWALKER_CHATWOOT_URL and FLOORWALKER_CHATWOOT_TOKEN"),
        ({"feishu_key": "x"}, "FLOORWALKER_FEISHU_APP and FLOORWALKER_FEISHU_SECRET"),
        ({"webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "FLOORWALKER_WEBHOOK_URL"),
    ],
)
def test_what_is_missing_is_named(given, missing):
    with pytest.raises(SettingsError, match=missing):
        channels_of(Settings(**given))


def test_the_doctor_tells_which_are_on():
    assert doctor._channels(Settings()) == "none is on (docs/channels.md)"
    assert doctor._channels(Settings(rasa_token="x", public_url="https://bot.example")) == "on: rasa"
