"""Bodies of /api/admin/keys and /api/me."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from videomoments.api.schemas.common import Body, Time
from videomoments.services.api_keys import ApiKey, KeyScope

# More than anybody needs, and within the range of the database's integers.
_MOST = 1_000_000_000


class CreateKey(Body):
    """A new key. A quota of null means no limit."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "editing desk", "scope": "write", "requests_per_minute": 600}]})

    # The service validates it further, and its error has a code that says what is wrong.
    name: str = Field(
        min_length=1, max_length=100, description="Name for users, on one line: who or what uses the key.", examples=["editing desk"]
    )
    scope: KeyScope = Field(KeyScope.READ, description="What the key may do. Each scope includes those before it: read, write, admin.")
    requests_per_minute: int | None = Field(None, ge=1, le=_MOST)
    runs_per_day: int | None = Field(None, ge=1, le=_MOST)
    expires_at: AwareDatetime | None = Field(
        None, description="The key is valid until this time, which must lie in the future; null: until it is revoked."
    )


class KeyOut(BaseModel):
    """A key without its secret. A quota of null means no limit."""

    identifier: str
    name: str
    hint: str = Field(description="The key's first characters.", examples=["vm_Zk3fQ"])
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
    """The caller. `scope` is what the caller may do; each scope includes those before it: read, write, admin."""

    kind: Literal["key", "machine"] = Field(description="`machine`: the request needed no key, as on loopback.")
    name: str = Field(description="The key's name, or `this machine`.", examples=["editing desk"])
    scope: KeyScope
    hint: str | None = Field(description="The key's first characters.", examples=["vm_Zk3fQ"])

    @classmethod
    def of(cls, key: ApiKey | None) -> CallerOut:
        if key is None:
            return cls(kind="machine", name="this machine", scope=KeyScope.ADMIN, hint=None)
        return cls(kind="key", name=key.name, scope=key.scope, hint=key.hint)


class NewKeyOut(KeyOut):
    """A new key. Only this response contains the key itself."""

    key: str = Field(description="The key itself. It is shown only once, because only its hash is stored.", examples=["vm_Zk3fQ…"])
