"""A real Request Tracker 5 on a free port, in a directory of its own, ended with the session."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.ports import free_port
from tests.waiting import wait_for

SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP = "rt-setup-database-5"
QUEUE = "Proactive"

_CONFIG = """\
Set($rtname, 'pm.test'); Set($Organization, 'pm.test');
Set($WebDomain, '127.0.0.1'); Set($WebPort, $ENV{PM_RT_PORT}); Set($WebPath, '');
Set($WebBaseURL, "http://127.0.0.1:$ENV{PM_RT_PORT}");
Set($DatabaseType, 'SQLite'); Set($DatabaseName, $ENV{PM_RT_DB});
Set($DatabaseUser, ''); Set($DatabasePassword, '');
Set($LogToSyslog, undef); Set($LogToSTDERR, 'warning'); Set($LogToFile, undef);
Set($MailCommand, 'testfile'); Set($WebSecureCookies, 0); Set($Timezone, 'UTC');
Set($BcryptCost, 4);
Set($EnablePriorityAsString, 0);
1;
"""

_SEED = """\
use strict; use warnings; use lib '/usr/share/request-tracker5/lib';
use RT -init; use RT::User; use RT::AuthToken; use RT::Queue; use RT::CustomField;
my $root=RT::CurrentUser->new(RT->SystemUser); $root->Load('root');
my $q=RT::Queue->new($root); $q->Create(Name=>'Proactive');
my $u=RT::User->new($root);
$u->Create(Name=>'pmbot',Password=>'pmbot-secret',EmailAddress=>'bot@example.org',Privileged=>1);
for my $r (qw(SeeQueue CreateTicket ShowTicket ModifyTicket ReplyToTicket CommentOnTicket
              OwnTicket ShowTicketComments SeeCustomField ModifyCustomField)) {
  my ($ok,$m)=$u->PrincipalObj->GrantRight(Right=>$r,Object=>$q); warn $m unless $ok }
my $cf=RT::CustomField->new($root);
$cf->Create(Name=>'IncidentKey',Type=>'FreeformSingle',Queue=>0);
for my $n (qw(Category Team)) {
  RT::CustomField->new($root)->Create(Name=>$n,Type=>'FreeformSingle',Queue=>0) }
my $own=RT::Queue->new($root); $own->Create(Name=>'Storage');
my $ada=RT::User->new($root);
$ada->Create(Name=>'ada',EmailAddress=>'ada@example.org',Privileged=>1);
$ada->PrincipalObj->GrantRight(Right=>'OwnTicket',Object=>$_) for ($q,$own);
for my $r (qw(SeeQueue CreateTicket ShowTicket ModifyTicket ReplyToTicket CommentOnTicket
              OwnTicket ReassignTicket ShowTicketComments SeeCustomField ModifyCustomField)) {
  $u->PrincipalObj->GrantRight(Right=>$r,Object=>$own) }
my $t=RT::AuthToken->new($root);
my ($ok,$msg,$auth)=$t->Create(Owner=>$u->id,Description=>'pm service');
print "$auth\\n"; warn $msg unless $ok;
"""


@dataclass(frozen=True, slots=True)
class RealTracker:
    """Where it listens, and what is in it."""

    url: str
    port: int
    token: str

    def tickets(self, key: str) -> list[dict[str, object]]:
        """Returns every ticket that carries the incident key, closed ones too."""
        found = self._get("/tickets", query=f"CF.{{IncidentKey}}='{key}'", fields="Subject,Status")
        return list(found["items"])

    def ticket(self, number: str) -> dict[str, object]:
        """Returns one ticket."""
        return self._get(f"/ticket/{number}")

    def comments(self, number: str) -> int:
        """Returns how many comments a ticket has."""
        found = self._get(f"/ticket/{number}/history", fields="Type", per_page="100")
        return sum(item.get("Type") == "Comment" for item in found["items"])

    def field(self, number: str, name: str) -> str:
        """Returns the value of a custom field."""
        fields = self.ticket(number)["CustomFields"]
        return next((str(each["values"][0]) for each in fields if each["name"] == name), "")

    def queue(self, number: str) -> str:
        """Returns the name of a ticket's queue."""
        return str(self._get(f"/queue/{self.ticket(number)['Queue']['id']}")["Name"])

    def set_status(self, number: str, status: str) -> None:
        """Changes a ticket as a person does."""
        self.change(number, {"Status": status})

    def change(self, number: str, changes: dict[str, object]) -> None:
        """Changes a ticket as a person does."""
        answer = httpx.put(
            f"{self.url}/REST/2.0/ticket/{number}",
            json=changes,
            headers={"Authorization": f"token {self.token}"},
            timeout=60,
            trust_env=False,
        )
        answer.raise_for_status()

    def _get(self, path: str, **params: str) -> dict[str, object]:
        answer = httpx.get(
            f"{self.url}/REST/2.0{path}",
            params=params,
            headers={"Authorization": f"token {self.token}"},
            timeout=60,
            trust_env=False,
        )
        answer.raise_for_status()
        return answer.json()


def missing() -> str:
    """Returns why it cannot be run here, empty when it can."""
    if not SERVER.exists() or shutil.which(SETUP) is None:
        return "Debian packages request-tracker5, rt5-db-sqlite and rt5-standalone are missing"
    if os.geteuid() != 0:
        return "only root can run it as www-data"
    return ""


@contextmanager
def running_tracker() -> Iterator[RealTracker]:
    """Sets one up, starts it, and removes it afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="aiops-rt-", dir="/tmp"))
    process: subprocess.Popen[bytes] | None = None
    try:
        port = free_port()
        environment = _prepare(directory, port)
        token = _seed(directory, environment)
        log = (directory / "server.log").open("wb")
        user = pwd.getpwnam("www-data")
        for path in (directory, *directory.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)
        command = ["setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups"]
        command += [str(SERVER), "--host", "127.0.0.1", "--port", str(port), "--max-workers", "2"]
        process = subprocess.Popen(
            command, env={**environment, "HOME": "/tmp"}, stdout=log, stderr=log,
            cwd=directory, start_new_session=True,
        )  # fmt: skip
        log.close()
        _wait(process, port, directory)
        yield RealTracker(f"http://127.0.0.1:{port}", port, token)
    finally:
        if process is not None:
            _end(process)
        shutil.rmtree(directory, ignore_errors=True)


def _prepare(directory: Path, port: int) -> dict[str, str]:
    (directory / "confd").mkdir()
    (directory / "RT_SiteConfig.pm").write_text(_CONFIG)
    (directory / "seed.pl").write_text(_SEED)
    environment = {
        "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/bin"),
        "RT_SITE_CONFIG": str(directory / "RT_SiteConfig.pm"),
        "RT_SITE_CONFIG_DIR": str(directory / "confd"),
        "PM_RT_DB": str(directory / "rt.db"),
        "PM_RT_PORT": str(port),
        "HOME": str(directory),
    }
    setup = [SETUP, "--action", "init", "--dba", "", "--dba-password", "", "--skip-create"]
    subprocess.run(
        setup, env=environment, cwd=directory, check=True, capture_output=True, timeout=300
    )
    return environment


def _seed(directory: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["perl", "seed.pl"], env=environment, cwd=directory, check=True, capture_output=True,
        timeout=300, text=True,
    )  # fmt: skip
    return done.stdout.strip().splitlines()[-1]


def _wait(process: "subprocess.Popen[bytes]", port: int, directory: Path) -> None:
    def answers() -> bool:
        assert process.poll() is None, (directory / "server.log").read_text()[-2000:]
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{port}/REST/2.0/rt", timeout=60, trust_env=False)
            return True
        return False

    wait_for(answers, every=0.05)


def _end(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(60)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
