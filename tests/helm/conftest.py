"""The chart is rendered where Helm has been compiled (`make helm-check`); otherwise the run says that it was not."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.go_programs import HELM, cached

collect_ignore = [] if cached(HELM).exists() else ["test_chart_renders.py"]


def pytest_report_header() -> str:
    """Say whether the chart is rendered in this run."""
    if collect_ignore:
        return "helm: NOT RUN: tests/helm/test_chart_renders.py needs Helm, which `make helm-check` compiles"
    return f"helm: {cached(HELM)}"
