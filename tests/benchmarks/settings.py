"""The site's own settings, with one more address: the bare view that every figure is compared with."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.urls"
