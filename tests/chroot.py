"""A Debian or Ubuntu of its own in a folder, for one `with` block: what a test installs there, the machine does not have.

debootstrap makes it, from the mirror that the machine itself uses. It has its own processes, mounts and network, which is the
loopback only, so its ports meet nobody's. All of that are namespaces: they, and what is mounted in them, end with the process
that holds them, even when the test is killed. Nothing is ever mounted where the machine sees it.

It needs root, and says so.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

# Enough for PostgreSQL, apt and a service; pid 1 takes in what others leave behind.
HOLD = """
set -e
cd "$1"
ip link set lo up
mount -t proc proc proc
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
shift
while [ $# -gt 0 ]; do
    mkdir -p "./$2"
    mount --rbind "$1" "./$2"
    shift 2
done
echo held
sleep infinity &
wait
"""


class Failed(Exception):
    """A command did; says what it printed."""


def release():
    """Of the machine: its name, and where it comes from as (mirror, suite, components), the release itself first."""
    lines = Path("/etc/os-release").read_text().splitlines()
    name = dict(line.replace('"', "").split("=", 1) for line in lines if "=" in line)["VERSION_CODENAME"]
    asked = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
                           capture_output=True, text=True, check=True).stdout
    found = {}
    for mirror, suite, component in (line.split() for line in asked.splitlines() if len(line.split()) == 3):
        if suite in (name, f"{name}-updates", f"{name}-security"):  # not what others offer
            found.setdefault((mirror, suite), []).append(component)
    sources = sorted(((mirror, suite, " ".join(sorted(set(components)))) for (mirror, suite), components in found.items()),
                     key=lambda source: len(source[1]))
    if not sources:
        raise Failed(f"apt knows no source of {name}: apt-get update")
    return name, sources


def run(*command, **more):
    """What it printed."""
    ran = subprocess.run([str(word) for word in command], stdin=more.pop("stdin", subprocess.DEVNULL), text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if ran.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: exit code {ran.returncode}\n{ran.stdout[-6000:]}")
    return ran.stdout


class Root:
    """`cache` keeps the packages that were fetched; `binds` are folders of the machine and where they appear."""

    def __init__(self, folder, cache, binds=None):
        self.folder, self.cache = Path(folder), Path(cache)
        self.binds = {self.cache: "var/cache/apt/archives", **(binds or {})}
        self.holder = None

    def make(self, sources, script=""):
        """debootstrap, unless it was made before. `script`: how, for a release that debootstrap does not know yet."""
        if os.geteuid() != 0:
            raise Failed("this needs root: debootstrap, chroot and namespaces do")
        (self.cache / "partial").mkdir(parents=True, exist_ok=True)
        if not (self.folder / "made").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            mirror, suite, components = sources[0]
            run("debootstrap", "--variant=minbase", f"--cache-dir={self.cache.absolute()}", f"--components={components.replace(' ', ',')}",
                suite, self.folder, mirror, *[script][:bool(script)])
            self.folder.chmod(0o755)
            apt = self.folder / "etc/apt"
            (apt / "sources.list").write_text("".join(f"deb {' '.join(source)}\n" for source in sources))
            # As the machine reaches its mirror; what was fetched stays in the cache.
            said = run("apt-config", "dump", "Acquire").splitlines()
            keep = [line for line in said if line.startswith(("Acquire::http", "Acquire::Check", "Acquire::Retries"))]
            keep += ['Acquire::Languages "none";', 'APT::Install-Recommends "false";', 'Binary::apt::APT::Keep-Downloaded-Packages "true";']
            (apt / "apt.conf.d/99machine").write_text("\n".join([*keep, ""]))
            # What is installed does not start by itself.
            (self.folder / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
            (self.folder / "usr/sbin/policy-rc.d").chmod(0o755)
            (self.folder / "made").touch()
        return self

    def __enter__(self):
        shutil.copy("/etc/resolv.conf", self.folder / "etc/resolv.conf")
        binds = [str(word) for pair in self.binds.items() for word in pair]
        self.holder = subprocess.Popen(["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child",
                                        "sh", "-c", HOLD, "hold", self.folder, *binds],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "held\n":
            said = self.holder.stderr.read()
            self.__exit__()
            raise Failed(f"there are no namespaces to be had here: {said.strip()}")
        held = Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text().split()
        self.pid = int(held[0])
        return self

    def __exit__(self, *_):
        holder, self.holder = self.holder, None
        holder.kill()  # and with it, by --kill-child, all that runs inside
        holder.wait()
        holder.stdout.close()
        holder.stderr.close()

    def inside(self, *command, network=False, user="root", environment=()):
        """The command that runs this inside, as that user; with the machine's network instead of its own."""
        namespaces = ["--mount", "--pid", "--ipc", "--uts", *["--net"][:not network]]
        settings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
                    **dict(environment)}
        return ["nsenter", f"--target={self.pid}", *namespaces, "chroot", str(self.folder), "setpriv", f"--reuid={user}",
                f"--regid={user}", "--init-groups", "env", "-i", *(f"{name}={value}" for name, value in settings.items()),
                *map(str, command)]

    def run(self, *command, network=False, user="root", environment=(), **more):
        """What it printed; Failed otherwise."""
        return run(*self.inside(*command, network=network, user=user, environment=environment), **more)

    def apt(self, *words):
        """apt-get, which reaches the mirror."""
        return self.run("apt-get", "--yes", "-qq", "-o", "Dpkg::Use-Pty=0", *words, network=True)


def scratch(prefix):
    """A folder under /tmp, where the user postgres may pass."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    folder.chmod(0o755)
    return folder
