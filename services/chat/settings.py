"""What an operator can change about chat."""

from pydantic import Field, SecretStr

from libs.kit.settings import KeyedSettings


class Settings(KeyedSettings, env_prefix="CHAT_"):
    """Set CHAT_DATABASE_URL to keep conversations in a database of your own, CHAT_KEYS_URL for their keys."""

    key_secrets: SecretStr | None = Field(
        default=None, description="Wrap keys and stamp: 32 characters or more; new ones in front, comma between."
    )
    entry_url: str | None = Field(
        default=None, description="Where a link in a notification leads: https://…/{token}; without it, to our own API."
    )
    objects_url: str | None = Field(
        default=None, description="Where pictures are kept: s3://bucket/prefix, keys in AWS_*; without it, a folder."
    )
    entries_per_minute: int = Field(default=30, ge=1, description="So many links may be tried from one address.")
    messages_at_once: int = Field(default=50, ge=1, description="A person may write so many within ten seconds.")
