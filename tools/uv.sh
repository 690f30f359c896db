# Sourced by ./start and ./check in the repository's root: puts uv on PATH, installing it into .tools where the machine
# has none, and sets `rebuild`, which holds uv's options for building the package again.
# Needs python3 and a package index; neither root nor a virtual environment.

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

# Where the machine has certificates of its own, they count: a network that inspects TLS is known to them alone.
for certificates in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    [ -s "$certificates" ] && export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" && break
done

# uv keeps built packages and does not notice that the page, which the build leaves in src, was deleted.
rebuild=
if [ -z "${EXITBRAIN_SKIP_UI:-}" ] && ! [ -f src/exitbrain/web/report.html ]; then
    rebuild="--reinstall-package exitbrain"
fi
