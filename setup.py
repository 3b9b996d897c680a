"""The optional form in C of presence.server.fastio; pyproject.toml has everything else."""

import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel


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
