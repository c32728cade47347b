"""The S3 server that buckets are tested on says in one sentence why it cannot run."""

from pathlib import Path

import pytest

from deploy.s3 import available


def test_without_java_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert available() == "S3Proxy needs Java 17 or newer, and there is no Java here."
