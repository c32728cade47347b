"""Java, and the jars of what runs on it: fetched by Maven once, then shared by everything on the machine."""

import fcntl
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from libs.kit.errors import StartRefused

OLDEST_JAVA = 17


@dataclass(frozen=True)
class Jars:
    """The jars of one program: as its POM says, in a folder of run/, or where the variable says."""

    program: str
    pom: Path
    variable: str
    folder: str

    def available(self) -> str | None:
        """Why the program cannot run here, in one sentence; None if it can."""
        try:
            self.java()
            self._maven_if_needed()
        except StartRefused as refusal:
            return str(refusal)
        return None

    def java(self) -> str:
        """The Java to run it with: that of JAVA_HOME, else the first on the path."""
        home = os.environ.get("JAVA_HOME")
        found = f"{home}/bin/java" if home else shutil.which("java")
        said = _version_output(found) if found else ""
        version = re.search(r'version "(\d+)', said)
        if not version:
            raise StartRefused(f"{self.program} needs Java {OLDEST_JAVA} or newer, and there is no Java here.")
        if int(version[1]) < OLDEST_JAVA:
            raise StartRefused(f"{self.program} needs Java {OLDEST_JAVA} or newer, and {found} is Java {version[1]}.")
        return str(found)

    def libs(self) -> Path:
        """The directory of the jars, filled on first use; whoever comes meanwhile waits."""
        place = self._place()
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.with_name(f"{place.name}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not self._complete(place):
                    self._fetch(place)
        except OSError as refusal:
            raise StartRefused(f"{self.program}'s jars cannot be kept in {place}: {refusal.strerror}.") from refusal
        return place

    def _place(self) -> Path:
        return Path(os.environ.get(self.variable) or Path(__file__).parents[1] / "run" / self.folder).absolute()

    def _complete(self, place: Path) -> bool:
        """The POM is copied last, so it tells of which fetch the jars are, and that the fetch ended well."""
        copied = place / "pom.xml"
        return copied.exists() and copied.read_bytes() == self.pom.read_bytes()

    def _fetch(self, place: Path) -> None:
        shutil.rmtree(place, ignore_errors=True)
        goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={place}")
        done = subprocess.run(
            [self._maven_if_needed(), "-q", "-B", "-f", self.pom, *goal], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise StartRefused(f"Maven could not fetch {self.program}'s jars:\n{done.stdout[-1500:]}")
        shutil.copyfile(self.pom, place / "pom.xml")

    def _maven_if_needed(self) -> str:
        maven = shutil.which("mvn")
        if not maven and not self._complete(self._place()):
            raise StartRefused(
                f"{self.program}'s jars are not in {self._place()}, and there is no Maven (mvn) here to fetch them."
            )
        return maven or ""


def _version_output(found: str) -> str:
    try:
        # It is on the error stream that Java names its version.
        return subprocess.run([found, "-version"], capture_output=True, text=True, check=False, timeout=20).stderr
    except (OSError, subprocess.TimeoutExpired):
        return ""
