"""A Debian or Ubuntu of its own in a folder, for one `with` block: what a test installs there, the machine does not have.

debootstrap makes it, from the mirror that the machine itself uses. It has its own processes, mounts and network, which is the
loopback only, so its ports meet nobody's, and a systemd of its own if it has one installed and that is asked for. All of that
are namespaces: they, and what is mounted in them, end with the process that holds them, even when the test is killed. Nothing
is ever mounted where the machine sees it.

It needs root, and says so.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

# Enough for PostgreSQL, apt and services. What the kernel has for all cannot be set from inside.
HOLD = """
set -e
ip link set lo up
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
init=$2
shift 2
while [ $# -gt 0 ]; do
    mkdir -p "./$2"
    mount --rbind "$1" "./$2"
    shift 2
done
mount -t cgroup2 cgroup2 sys/fs/cgroup || [ "$init" != systemd ]
if [ "$init" = systemd ]; then
    mount -t tmpfs -o mode=0755 tmpfs run
    mount --bind dev/null dev/console # that would be the machine's
fi
pivot_root . mnt
cd /
umount -l mnt
echo held
if [ "$init" = systemd ]; then
    exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
fi
sleep infinity & # and takes in what others leave behind
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
    if "input" not in more:
        more["stdin"] = subprocess.DEVNULL
    ran = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if ran.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: exit code {ran.returncode}\n{ran.stdout[-6000:]}")
    return ran.stdout


class Root:
    """`cache` keeps the packages that were fetched; `binds` are folders of the machine and where they appear."""

    def __init__(self, folder, cache, binds=None):
        self.folder, self.cache = Path(folder), Path(cache)
        self.binds = {self.cache: "var/cache/apt/archives", **(binds or {})}
        self.holder = self.group = None

    def make(self, sources, script=""):
        """debootstrap. `script`: how, for a release that debootstrap does not know yet."""
        if os.geteuid() != 0:
            raise Failed("this needs root: debootstrap, mounts and namespaces do")
        (self.cache / "partial").mkdir(parents=True, exist_ok=True)
        mirror, suite, components = sources[0]
        # Mounts of its own, too, and no longer than this process lives.
        run("setpriv", "--pdeathsig=TERM", "unshare", "--mount", "debootstrap", "--variant=minbase", f"--cache-dir={self.cache.absolute()}", f"--components={components.replace(' ', ',')}",
            suite, self.folder, mirror, *[script][:bool(script)])
        self.folder.chmod(0o755)
        apt = self.folder / "etc/apt"
        (apt / "sources.list").write_text("".join(f"deb {' '.join(source)}\n" for source in sources))
        # As the machine reaches its mirror; what was fetched stays in the cache.
        keep = [line for line in run("apt-config", "dump", "Acquire").splitlines()
                if line.startswith(("Acquire::http", "Acquire::Check", "Acquire::Retries"))]
        keep += ['Acquire::Languages "none";', 'APT::Install-Recommends "false";', 'Binary::apt-get::APT::Keep-Downloaded-Packages "true";']
        (apt / "apt.conf.d/99machine").write_text("\n".join([*keep, ""]))

    def start(self, init=""):
        """Its first process: systemd, or one that only waits."""
        shutil.copy("/etc/resolv.conf", self.folder / "etc/resolv.conf")
        binds = [str(word) for pair in self.binds.items() for word in pair]
        command = ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child"]
        join = None
        if init == "systemd":
            # A branch of its own of the machine's control groups, which ends at its end.
            mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
            tree = next((Path(words[1]) for words in mounts if words[2] == "cgroup2"), None)
            if tree is None:
                raise Failed("there are no control groups (cgroup2) here, which systemd needs")
            self.group = tree / self.folder.parent.name
            self.group.mkdir()
            command.append("--cgroup")
            join = lambda: (self.group / "cgroup.procs").write_text(str(os.getpid()))  # noqa: E731
        self.holder = subprocess.Popen([*command, "sh", "-c", HOLD, "hold", self.folder, init, *binds], preexec_fn=join,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "held\n":
            said = self.holder.stderr.read()
            self.stop()
            raise Failed(f"there are no namespaces to be had here: {said.strip()}")
        self.pid = int(Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text().split()[0])

    def stop(self):
        """Ends all that runs inside, and with it namespaces and mounts."""
        holder, self.holder = self.holder, None
        if holder is not None:
            holder.kill()  # --kill-child does the rest
            holder.wait()
            holder.stdout.close()
            holder.stderr.close()
        group, self.group = self.group, None
        if group is not None:
            until = time.monotonic() + 10
            while "populated 1" in (group / "cgroup.events").read_text() and time.monotonic() < until:
                time.sleep(0.05)
            for folder in sorted((path for path in [group, *group.rglob("*")] if path.is_dir()), reverse=True):
                folder.rmdir()

    def inside(self, *command, network=False, user="root", environment=()):
        """The command that runs this inside, as that user; with the machine's network instead of its own."""
        namespaces = ["--mount", "--pid", "--ipc", "--uts", *["--net"][:not network], *["--cgroup"][:self.group is not None]]
        settings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
                    **dict(environment)}
        return ["nsenter", f"--target={self.pid}", *namespaces, "setpriv", f"--reuid={user}", f"--regid={user}",
                "--init-groups", "env", "-i", *(f"{name}={value}" for name, value in settings.items()), *map(str, command)]

    def run(self, *command, network=False, user="root", environment=(), **more):
        """What it printed; Failed otherwise."""
        return run(*self.inside(*command, network=network, user=user, environment=environment), **more)

    def apt(self, *words):
        """apt-get, which reaches the mirror."""
        return self.run("apt-get", "--yes", "-qq", "-o", "Dpkg::Use-Pty=0", *words, network=True)
