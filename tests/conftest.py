"""Fixtures and markers that every test shares, a real Chromium among them.

`serve_script` starts a Streamlit script on a free loopback port; `chromium_page` opens a page that
fails its test on any request outside the origin, any answer of 400 and above, and any script error.
"""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
# no deadline: how long an example takes says how busy the machine is, not whether it is right
settings.register_profile("gridbeat", deadline=None)
settings.load_profile("gridbeat")


def _missing(item) -> str | None:
    if item.get_closest_marker("shared") and not SHARED.is_dir():
        return "the real data sets are not beside this checkout"
    if item.get_closest_marker("browser") and shutil.which("chromium") is None:
        return "chromium is not installed"
    if item.get_closest_marker("gdal") and shutil.which("ogr2ogr") is None:
        return "GDAL's command-line tools are not installed"
    if item.get_closest_marker("poppler") and shutil.which("pdftoppm") is None:
        return "Poppler's tools are not installed"
    return None


def pytest_runtest_setup(item):
    reason = _missing(item)
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must run everything: {reason}", pytrace=False)
    pytest.skip(reason)


def postgresql_bin() -> Path | None:
    """The newest server's programs, when its PostGIS is there as well."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if Path(f"/usr/share/postgresql/{folder.parent.name}/extension/postgis.control").is_file():
            return folder
    found = shutil.which("initdb")
    return Path(found).parent if found else None


SHAPE = """
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
  SELECT concat_ws(' ', relname, relkind, relacl::text) AS line FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', attrelid::regclass, attname, atttypid, attnotnull)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0
  UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
  UNION ALL SELECT concat_ws(' ', 'function', count(*)) FROM pg_proc
  UNION ALL SELECT concat_ws(' ', 'setting', count(*)) FROM pg_db_role_setting
    JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = current_database()
  UNION ALL SELECT concat_ws(' ', 'extension', extname, extversion) FROM pg_extension
  UNION ALL SELECT concat_ws(' ', 'version', version_num) FROM alembic_version
) AS lines
"""
EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid();
SET lock_timeout = '3s';
SET session_replication_role = replica;
DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
    AND tablename NOT IN ('spatial_ref_sys', 'alembic_version')
  LOOP EXECUTE format('DELETE FROM %I', found.tablename); END LOOP;
  FOR found IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'
  LOOP PERFORM setval(found.sequencename::regclass, 1, false); END LOOP;
END $$
"""


class ServedServer:
    """A PostgreSQL server of our own on a Unix socket, and databases made from one template."""

    def __init__(self, folder: Path):
        self.folder, self.count = folder, 0
        self.bin = postgresql_bin()
        user = shutil.which("setpriv") if os.geteuid() == 0 else None
        self.as_other = [
            *([user, "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if user else [])
        ]
        if user:
            shutil.chown(folder, "nobody", "nogroup")
        self.run("initdb", "-D", self.cluster, "-U", "app", "-A", "trust", "-E", "UTF8",
                 "--no-locale", "-N")  # fmt: skip
        self.start()

    @property
    def cluster(self) -> Path:
        return self.folder / "cluster"

    def run(self, program, *arguments):
        command = [*self.as_other, str(self.bin / program), *map(str, arguments)]
        log = self.folder / "said.log"
        with log.open("ab") as said:
            subprocess.run(command, check=True, cwd="/", stdout=said, stderr=said, timeout=120)

    def start(self):
        options = (
            f"-k {self.folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off "
            "-c max_connections=60"
        )
        self.run("pg_ctl", "-D", self.cluster, "-w", "-l", self.folder / "server.log",
                 "-o", options, "start")  # fmt: skip

    def stop(self, mode="immediate"):
        self.run("pg_ctl", "-D", self.cluster, "-w", "-m", mode, "stop")

    def url(self, name, user="app"):
        return f"postgresql+psycopg://{user}@/{name}?host={self.folder}"

    def sql(self, statement, name="postgres"):
        import psycopg

        address = f"postgresql://app@/{name}?host={self.folder}"
        with psycopg.connect(address, autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def fresh(self, template=None) -> str:
        """Name of a new database."""
        self.count += 1
        name = f"t{self.count}"
        source = template or "template0"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY wal_log")  # no checkpoint
        return name

    def drop(self, name):
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def shape(self, name):
        """What a test may have changed beside rows: tables, columns, rights, version."""
        return self.sql(SHAPE, name)

    def emptied(self, name, shape) -> bool:
        """Empty a database whose tables nobody touched: ten times as quick as a new one."""
        import psycopg

        try:
            if self.shape(name) != shape:
                return False
            self.sql(EMPTY, name)
        except psycopg.Error:
            return False
        return True


@pytest.fixture(scope="session")
def served_server():
    """A running PostgreSQL with PostGIS; `url(name)`, `fresh()`, `drop()`, `stop()`, `start()`."""
    if postgresql_bin() is None:
        reason = "PostgreSQL with PostGIS is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must run everything: {reason}", pytrace=False)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="gridbeat-pg-"))  # short: a socket's path is limited
    folder.chmod(0o755)
    server = ServedServer(folder)
    yield server
    server.stop("fast")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def served_template(served_server):
    """Name of a migrated, empty database that others are cloned from."""
    from data.database import Database

    name = served_server.fresh()
    database = Database(served_server.url(name))
    database.create_or_migrate()
    database.dispose()
    return name


@pytest.fixture(scope="session")
def served_shape(served_server, served_template):
    """What a migrated, empty database looks like, and the names of those that lie ready."""
    return served_server.shape(served_template), []


@pytest.fixture
def served_url(served_server, served_template, served_shape):
    """Address of a migrated, empty served store of one's own; emptied and lent again afterwards."""
    shape, ready = served_shape
    name = ready.pop() if ready else served_server.fresh(served_template)
    yield served_server.url(name)
    if served_server.emptied(name, shape):
        ready.append(name)
    else:
        served_server.drop(name)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets (tests that ask for it carry the `shared` mark)."""
    return SHARED


CHROMIUM_ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # the network is cut: no name but the loopback resolves
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
LOCAL_SCHEMES = ("data", "blob", "about")


@pytest.fixture(scope="session")
def chromium():
    """One headless Chromium for the whole run."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # as patient as every other wait of Playwright
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_ARGS
        )
        yield browser
        browser.close()


class Watch:
    """Collects what a page must not do; `page` is the Playwright page."""

    def __init__(self, page, base_url):
        self.page = page
        self.faults = []
        self.requests = []
        self._origin = urlsplit(base_url)
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda websocket: self._asked(websocket.url))
        page.on("response", self._answered)
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))

    def _asked(self, url):
        self.requests.append(url)
        asked = urlsplit(url)
        if asked.scheme in LOCAL_SCHEMES:
            return
        is_file = asked.scheme == "file" == self._origin.scheme and asked.path == self._origin.path
        if not is_file and (asked.scheme == "file" or asked.netloc != self._origin.netloc):
            self.faults.append(f"request outside the origin: {url}")

    def _answered(self, response):
        if response.status >= 400:
            self.faults.append(f"HTTP {response.status}: {response.url}")


@pytest.fixture
def chromium_page(chromium):
    """Open pages: `chromium_page(base_url, locale="en-US", viewport=(1440, 900)) -> page`.

    `base_url` is the server's origin or a file:// address; the page is not yet anywhere. What the
    page asked for is in `page.watch.requests`; its faults fail the test at the end.
    """
    opened = []

    def open_page(base_url, *, locale="en-US", viewport=(1440, 900)):
        context = chromium.new_context(
            locale=locale, viewport={"width": viewport[0], "height": viewport[1]}
        )
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.watch = Watch(page, base_url)
        opened.append((context, page.watch))
        return page

    yield open_page
    faults = []
    for context, watch in opened:
        context.close()
        faults += watch.faults
    assert faults == []


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


def wait_until_healthy(port, process, *, path="/_stcore/health", within_s=180):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended by itself: {process.returncode}"
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            asked.request("GET", path)
            if asked.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            asked.close()
        time.sleep(0.1)
    pytest.fail(f"the server was not healthy within {within_s} s")


@pytest.fixture(scope="session")
def start_server(tmp_path_factory):
    """Start a command that serves on a port: `start_server(lambda port: [...]) -> base_url`."""
    processes = []

    def start(command, *, env=None, path="/_stcore/health"):
        port = free_port()
        said = (tmp_path_factory.mktemp("server") / "server.log").open("wb")
        process = subprocess.Popen(
            command(port),
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "STREAMLIT_SERVER_PORT": str(port),
                "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
                "STREAMLIT_SERVER_HEADLESS": "true",
                "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
                "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
                "STREAMLIT_BROWSER_SERVER_ADDRESS": "localhost",
                **(env or {}),
            },
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        processes.append((process, said))
        wait_until_healthy(port, process, path=path)
        return f"http://127.0.0.1:{port}"

    yield start
    for process, said in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        said.close()


@pytest.fixture(scope="session")
def serve_script(start_server):
    """Serve a Streamlit script: `serve_script(path, env={...}) -> base_url`."""

    def serve(script, *, env=None):
        command = [sys.executable, "-m", "streamlit", "run", str(script)]
        return start_server(lambda _port: command, env=env)

    return serve
