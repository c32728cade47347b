"""Java, and Kafka's jars: fetched by Maven once, then shared by every cluster on the machine."""

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

from libs.kit.errors import StartRefused

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
OLDEST_JAVA = 17


def available() -> str | None:
    """Why Kafka cannot run here, in one sentence; None if it can."""
    try:
        java()
        _maven_if_needed()
    except StartRefused as refusal:
        return str(refusal)
    return None


def java() -> str:
    """The Java to run Kafka with: that of JAVA_HOME, else the first on the path."""
    home = os.environ.get("JAVA_HOME")
    found = f"{home}/bin/java" if home else shutil.which("java")
    said = _version_output(found) if found else ""
    version = re.search(r'version "(\d+)', said)
    if not version:
        raise StartRefused(f"Kafka needs Java {OLDEST_JAVA} or newer, and there is no Java here.")
    if int(version[1]) < OLDEST_JAVA:
        raise StartRefused(f"Kafka needs Java {OLDEST_JAVA} or newer, and {found} is Java {version[1]}.")
    return str(found)


def libs() -> Path:
    """The directory of the jars, filled on first use; whoever comes meanwhile waits."""
    place = _place()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.with_name(f"{place.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _complete(place):
                _fetch(place)
    except OSError as refusal:
        raise StartRefused(f"Kafka's jars cannot be kept in {place}: {refusal.strerror}.") from refusal
    return place


def _place() -> Path:
    return Path(os.environ.get("KAFKA_LIBS") or HERE.parents[1] / "run" / "kafka-libs").absolute()


def _complete(place: Path) -> bool:
    """The POM is copied last, so it tells of which fetch the jars are, and that the fetch ended well."""
    copied = place / "pom.xml"
    return copied.exists() and copied.read_bytes() == POM.read_bytes()


def _fetch(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={place}")
    done = subprocess.run(
        [_maven_if_needed(), "-q", "-B", "-f", POM, *goal], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise StartRefused(f"Maven could not fetch Kafka's jars:\n{done.stdout[-1500:]}")
    shutil.copyfile(POM, place / "pom.xml")


def _maven_if_needed() -> str:
    maven = shutil.which("mvn")
    if not maven and not _complete(_place()):
        raise StartRefused(f"Kafka's jars are not in {_place()}, and there is no Maven (mvn) here to fetch them.")
    return maven or ""


def _version_output(found: str) -> str:
    try:
        # It is on the error stream that Java names its version.
        return subprocess.run([found, "-version"], capture_output=True, text=True, check=False, timeout=20).stderr
    except (OSError, subprocess.TimeoutExpired):
        return ""
