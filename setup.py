"""What pyproject.toml cannot say: the README that PyPI shows, and the optional form in C of
presence.server.fastio."""

import re
import sys
import sysconfig
import tomllib
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel

ROOT = Path(__file__).parent


def readme() -> str:
    """Return README.md with absolute links: PyPI has no file of this repository."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    repository, tag = project["urls"]["Repository"], f"v{project['version']}"
    return re.sub(
        r"(!?\[[^\]]*\]\()(?!https?:|#)",
        lambda link: f"{link[1]}{repository}/{'raw' if link[1][0] == '!' else 'blob'}/{tag}/",
        (ROOT / "README.md").read_text("utf-8"),
    )


class Wheel(bdist_wheel):
    """Without a compiler, the wheel is one of Python alone, for any machine."""

    def run(self) -> None:
        build = self.get_finalized_command("build_ext")
        self.run_command("build_ext")
        if not all(Path(output).exists() for output in build.get_outputs()):
            self.distribution.ext_modules = []
            self.root_is_pure = True
        super().run()


# epoll is Linux's, and a Python without a GIL has no limited API.
C_FORM = sys.platform == "linux" and not sysconfig.get_config_var("Py_GIL_DISABLED")

setup(
    long_description=readme(),
    long_description_content_type="text/markdown",
    ext_modules=[
        Extension(
            "presence.server._fastio",
            ["presence/server/_fastio.c"],
            optional=True,
            py_limited_api=True,
        )
    ]
    if C_FORM
    else [],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if C_FORM else {},
    cmdclass={"bdist_wheel": Wheel},
)
