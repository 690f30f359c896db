"""Fetches a pinned uv into the folder given, where Python has no pip. The wheel counts only with the hash below."""

import hashlib
import io
import os
import platform
import re
import sys
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

VERSION = "0.13.8"
# (system, machine, C library) -> (platform tag of the wheel, its sha256)
WHEELS = {
    ("Linux", "x86_64", "glibc"): (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984",
    ),
    ("Linux", "x86_64", ""): (
        "musllinux_1_1_x86_64",
        "29451c60f5e8b07403e0a175d5229efc36b0289b34143ff4aaa499a5dd52553a",
    ),
    ("Linux", "aarch64", "any"): (
        "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
        "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d",
    ),
    ("Darwin", "x86_64", "any"): (
        "macosx_10_12_x86_64",
        "b7124ca1956ec2e476a1003ea5715a15f0266afaec37f4dc9c6972ba8183e6d1",
    ),
    ("Darwin", "arm64", "any"): (
        "macosx_11_0_arm64",
        "62b6943c7fd64fac6854f780bea6e0359e5a5bc3241f83ee357bb38276afac49",
    ),
}


def main(folder: Path) -> None:
    tag, sha256 = _wheel_of_this_machine()
    name = f"uv-{VERSION}-py3-none-{tag}.whl"
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/uv/"
    links = re.findall(r'href="([^"]+)"', _fetched(index).decode())
    link = next((link for link in links if f"/{name}" in urllib.parse.unquote(link)), None)
    if link is None:
        raise SystemExit(f"{index} has no {name}")
    wheel = _fetched(urllib.parse.urljoin(index, link))
    if hashlib.sha256(wheel).hexdigest() != sha256:
        raise SystemExit(f"{name} does not have the hash it should have")
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / "uv.unfinished"
    unfinished.write_bytes(zipfile.ZipFile(io.BytesIO(wheel)).read(f"uv-{VERSION}.data/scripts/uv"))
    unfinished.chmod(0o755)
    unfinished.rename(folder / "uv")


def _wheel_of_this_machine():
    system, machine = platform.system(), platform.machine()
    for library in (platform.libc_ver()[0], "any"):
        if (system, machine, library) in WHEELS:
            return WHEELS[system, machine, library]
    raise SystemExit(f"no uv is pinned for {system} {machine}")


def _fetched(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=120) as answer:
            return answer.read()
    except OSError as error:
        raise SystemExit(f"{url}: {error}") from None


main(Path(sys.argv[1]))
