# Sourced by ./start and ./check in the repository's root: puts uv on PATH, and installs it into .tools where the
# machine has none. Needs python3 and a package index; neither root nor a virtual environment.

install_uv_with() {
    "$@" install -q --disable-pip-version-check --target .tools "uv>=0.11,<0.14" >/dev/null 2>&1 && [ -x .tools/bin/uv ]
}

# Some systems ship Python without pip, yet keep pip's wheel inside ensurepip; Python runs it from there.
bundled_pip() {
    python3 -c '
import ensurepip, pathlib
print(next(pathlib.Path(ensurepip.__file__).with_name("_bundled").glob("pip-*.whl")) / "pip")' 2>/dev/null
}

if ! command -v uv >/dev/null 2>&1; then
    PATH="$PWD/.tools/bin:$PATH"
    if ! [ -x .tools/bin/uv ]; then
        command -v python3 >/dev/null 2>&1 || { echo "python3 is missing: install Python 3.11 or later" >&2; exit 3; }
        install_uv_with python3 -m pip ||
            { pip=$(bundled_pip) && install_uv_with python3 "$pip"; } ||
            python3 tools/fetch_uv.py .tools/bin ||
            { echo "uv could not be installed: install it by hand and try again" >&2; exit 3; }
    fi
fi
