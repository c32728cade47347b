"""S3Proxy as a child of this process, in front of a folder: a bucket is a folder in it."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from deploy.java import Jars
from libs.kit.errors import StartRefused
from libs.kit.ports import free_port
from libs.kit.postgres.tether import tethered

HERE, HOST = Path(__file__).parent, "127.0.0.1"
JARS = Jars("S3Proxy", HERE / "pom.xml", "S3_LIBS", "s3-libs")
HEAP = ("-Xms32m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
READY_WITHIN = 90.0
STOPPED_WITHIN = 10.0
available = JARS.available


class S3:
    """A server's port and folder, for everybody on this machine; whoever launched it can also end it."""

    def __init__(self, folder: Path, port: int) -> None:
        """Describe a server that may run already, launched by another process."""
        self.folder, self.port = folder, port
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def launch(cls, folder: Path) -> Self:
        """Start a server on a free port and do not wait; main thread only."""
        server = cls(folder.absolute(), free_port())
        server.restart()
        return server

    def restart(self) -> None:
        """Start it on its port and do not wait; main thread only."""
        (self.folder / "buckets").mkdir(parents=True, exist_ok=True)
        settings = self.folder / "s3.properties"
        settings.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()), encoding="utf-8")
        command = [
            JARS.java(), *HEAP, f"-Dlogback.configurationFile={HERE / 'logback.xml'}", "-cp", f"{JARS.libs()}/*",
            "org.gaul.s3proxy.Main", "--properties", str(settings),
        ]  # fmt: skip
        with (self.folder / "s3.log").open("ab") as log:
            self._process = subprocess.Popen(
                tethered(command, ending=signal.SIGTERM), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, env=os.environ | {"LC_ALL": "C.UTF-8"}, start_new_session=True,
            )  # fmt: skip

    def wait_until_ready(self) -> Self:
        """Return when it answers."""
        patience = time.monotonic() + READY_WITHIN
        while not self._answers():
            if self._over() or time.monotonic() > patience:
                raise StartRefused(f"S3Proxy did not start; its log ends:\n{self._last_words()}")
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """End it; again is no harm."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def bucket(self, name: str) -> Path:
        """A bucket, made if there is none: where its objects lie as files."""
        place = self.folder / "buckets" / name
        place.mkdir(exist_ok=True)
        return place

    @property
    def environment(self) -> dict[str, str]:
        """What a program finds in its environment that is to use this server."""
        return {
            "AWS_ENDPOINT_URL": f"http://{HOST}:{self.port}", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "dovira", "AWS_SECRET_ACCESS_KEY": "nobody else has it",
        }  # fmt: skip

    def _settings(self) -> dict[str, str]:
        own = self.environment
        return {
            "s3proxy.endpoint": own["AWS_ENDPOINT_URL"], "s3proxy.authorization": "aws-v4",
            "s3proxy.identity": own["AWS_ACCESS_KEY_ID"], "s3proxy.credential": own["AWS_SECRET_ACCESS_KEY"],
            "jclouds.provider": "filesystem-nio2", "jclouds.filesystem.basedir": str(self.folder / "buckets"),
            "jclouds.identity": "unused", "jclouds.credential": "unused",
        }  # fmt: skip

    def _over(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0

    def _last_words(self) -> str:
        return (self.folder / "s3.log").read_text(encoding="utf-8", errors="replace")[-1500:]
