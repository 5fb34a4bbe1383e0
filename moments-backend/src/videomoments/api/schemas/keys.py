"""Bodies of /api/admin/keys."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from videomoments.api.schemas.common import Body, Time
from videomoments.services.api_keys import ApiKey, KeyScope

# Far beyond any use, and a number that every database holds.
_MOST = 1_000_000_000


class CreateKey(Body):
    """A key to be made. A quota of null has no bound."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "editing desk", "scope": "write", "requests_per_minute": 600}]})

    # Looked at by the service, whose code says what is wrong with it.
    name: str = Field(min_length=1, max_length=100, description="Whose it is, for people: one line.", examples=["editing desk"])
    scope: KeyScope = Field(KeyScope.READ, description="What it may do: each includes the one before it.")
    requests_per_minute: int | None = Field(None, ge=1, le=_MOST)
    runs_per_day: int | None = Field(None, ge=1, le=_MOST)
    expires_at: AwareDatetime | None = Field(None, description="It works until then, a time to come; null: until it is revoked.")


class KeyOut(BaseModel):
    """A key as it is known afterwards."""

    identifier: str
    name: str
    hint: str = Field(description="Its first characters.", examples=["vm_Zk3fQ"])
    scope: KeyScope
    requests_per_minute: int | None
    runs_per_day: int | None
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    revoked_at: Time | None

    @classmethod
    def of(cls, key: ApiKey) -> KeyOut:
        return cls.model_validate(key, from_attributes=True)


class CallerOut(BaseModel):
    """Who is asking. `scope` is what they may do: each includes the one before it."""

    kind: Literal["key", "machine"] = Field(description="`machine`: no keys are asked for, as on loopback.")
    name: str = Field(description="The key's name, or `this machine`.", examples=["editing desk"])
    scope: KeyScope
    hint: str | None = Field(description="The key's first characters.", examples=["vm_Zk3fQ"])

    @classmethod
    def of(cls, key: ApiKey | None) -> CallerOut:
        if key is None:
            return cls(kind="machine", name="this machine", scope=KeyScope.ADMIN, hint=None)
        return cls(kind="key", name=key.name, scope=key.scope, hint=key.hint)


class NewKeyOut(KeyOut):
    """The one answer that has the key itself."""

    key: str = Field(description="Shown this once; only its hash is kept.", examples=["vm_Zk3fQ…"])
