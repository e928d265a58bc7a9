"""The operator's settings: read once by launch.py from options, environment (``FLOORWALKER_…``) and defaults."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Every option of ``launch.py``; frozen after start."""

    model_config = SettingsConfigDict(env_prefix="FLOORWALKER_", frozen=True, extra="ignore")

    shop: Path = Field(CHECKOUT / "shops" / "electronics", description="the shop folder")
    data_dir: Path = Field(CHECKOUT / ".floorwalker", description="where indexes, sessions and events are kept")
    host: str = Field("127.0.0.1", description="the address to bind; other than loopback needs an API key")
    port: int = Field(8000, ge=0, le=65535, description="the port to bind; 0 takes a free one")
    llm: str = Field(
        "auto", pattern=r"^(auto|embedded|vllm(:.+)?|https?://\S+)$",
        description="the model: auto, embedded, vllm[:MODEL], or the address of an OpenAI-compatible API (http://…/v1)",
    )  # fmt: skip
    llm_model: str = Field("", description="the model to ask for at that address; else the first that it lists")
    llm_key: SecretStr | None = Field(None, description="the key of that API")
    vllm_python: Path | None = Field(None, description="the Python of a vLLM environment (default: .venv-vllm's)")
    vllm_args: str = Field("", description="more options for vLLM's server, as on a command line")
    mode: Literal["agent", "hybrid", "embedded"] | None = Field(
        None,
        description="who decides and who words: agent (the LLM both; the default with one), hybrid (the LLM words), "
        "embedded (no LLM)",
    )
    rerank: str = Field(
        "off", pattern=r"^(off|llm|https?://\S+)$",
        description="a last look at the best candidates: off, llm, or the address of a server with /v1/rerank",
    )  # fmt: skip
    imagine: bool = Field(
        False, description="let the LLM imagine ideal items at each search; the catalogue's like join the candidates"
    )
    api_key: SecretStr | None = Field(None, description="guards /v1 and /mcp; several are separated by commas")
    operator_key: SecretStr | None = Field(None, description="guards /inbox, /metrics and /insights")
    identity_secret: SecretStr | None = Field(
        None,
        description="checks identity tokens that the shop's site signs, at least 32 bytes; several, separated by "
        "commas, while one is replaced",
    )
    widget_origins: str = Field(
        "",
        description="sites whose pages may hold the chat widget: origins such as https://shop.example, separated by "
        "commas; on loopback, pages of this machine may too",
    )
    allowed_hosts: str = Field(
        "", description="host names under which a proxy on this machine passes requests on, separated by commas"
    )
    encoder: str = Field("minilm", description="minilm, a sentence-transformers id or path, or a /v1/embeddings URL")
    vectors: Literal["auto", "full", "quantised"] = Field(
        "auto",
        description="how the index keeps vectors: full (in Chroma), quantised (a byte a number, for a million items), "
        "auto (quantised from 100,000 items on)",
    )
    threads: int = Field(0, ge=0, description="worker threads for turns; 0 takes the number of cores")
    turn_limit: float = Field(30.0, gt=0, description="seconds that a turn may take")
    max_message: int = Field(20_000, gt=0, description="characters that a message may have")
    watch: bool = Field(True, description="follow price, stock and item changes in the shop folder while serving")
    public_url: str = Field(
        "", pattern=r"^(https?://[^/\s]+(/\S*)?)?$",
        description="our address as customers reach it: for pictures in channels, and links to the inbox",
    )  # fmt: skip
    channel_rate: int = Field(30, gt=0, description="messages a minute that one conversation of a channel may send")
    chatwoot_url: str = Field("", pattern=r"^(https?://\S+)?$", description="Chatwoot: the installation's address")
    chatwoot_token: SecretStr | None = Field(None, description="Chatwoot: the agent bot's access token")
    chatwoot_secret: SecretStr | None = Field(
        None, description="Chatwoot: the agent bot's secret, which signs deliveries; turns the channel on"
    )
    chatwoot_unsigned: bool = Field(
        False,
        description="Chatwoot: take unsigned deliveries of older servers, with ?token=SECRET in the bot's address",
    )
    slack_url: str = Field(
        "https://slack.com/api", pattern=r"^https?://\S+$", description="Slack: the Web API's address"
    )
    slack_token: SecretStr | None = Field(None, description="Slack: the bot token, xoxb-…")
    slack_secret: SecretStr | None = Field(None, description="Slack: the signing secret; turns the channel on")
    slack_handoffs: str = Field("", description="Slack: the id of the channel where people take hand-offs")
    feishu_url: str = Field(
        "https://open.feishu.cn", pattern=r"^https?://\S+$",
        description="Feishu: the open platform's address (Lark: https://open.larksuite.com)",
    )  # fmt: skip
    feishu_app: str = Field("", description="Feishu: the app id, cli_…")
    feishu_secret: SecretStr | None = Field(None, description="Feishu: the app secret")
    feishu_key: SecretStr | None = Field(None, description="Feishu: the events' Encrypt Key; turns the channel on")
    feishu_token: SecretStr | None = Field(None, description="Feishu: the events' Verification Token")
    feishu_handoffs: str = Field("", description="Feishu: the id of the chat where people take hand-offs")
    rasa_token: SecretStr | None = Field(None, description="Rasa: the token that callers send; turns the channel on")
    webhook_url: str = Field("", pattern=r"^(https?://\S+)?$", description="webhook: where signed answers are sent")
    webhook_secret: SecretStr | None = Field(
        None, description="webhook: whsec_… (Standard Webhooks), several separated by commas; turns the channel on"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="what is logged")

    def identity_secrets(self) -> tuple[str, ...]:
        """Return the secrets that may have signed an identity token; empty when none is set."""
        secrets = self.identity_secret.get_secret_value() if self.identity_secret else ""
        return tuple(secret.strip() for secret in secrets.split(",") if secret.strip())

    @property
    def exposed(self) -> bool:
        """Whether the host is reachable from other machines."""
        if self.host == "localhost":
            return False
        try:
            return not ip_address(self.host).is_loopback
        except ValueError:
            return True
