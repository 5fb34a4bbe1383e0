"""Checks that tests do not depend on the machine's speed: none asserts a wall time, has a lease that lapses by itself, or a short watchdog.

python scripts/check_tests.py           checks all tests (part of `make lint`)
python scripts/check_tests.py FILE…     checks these

What must be quick is measured: `make bench TASK=promptness`. A limit that only ends a test that hangs is a watchdog: a loop that compares
the clock with an end, or a timeout of at least a minute.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tracked import ROOT, names

TESTS = ("moments-backend/tests/", "moments-models/tests/", "e2e/")
LEAST_WATCHDOG_SECONDS = 60.0
LEAST_LEASE_SECONDS = 600.0
_CLOCKS = {
    f"time.{name}{unit}" for name in ("monotonic", "perf_counter", "process_time", "thread_time", "time") for unit in ("", "_ns")
} | {
    "timeit.default_timer",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
}
# Names of a measured time whose clock is not in sight, as in `answer.elapsed`.
_SPANS = {"elapsed", "took"}
_WAITING = {"asyncio.wait_for": 1, "asyncio.timeout": 0}
# The tests' own functions that wait, and the position of their seconds.
_WAITING_METHODS = {"until": 1, "end_of": 2, "in_stage": 3, "wait_for": 1, "wait": 0}
_WITH_TIMEOUT = {"run", "communicate", "wait", "check_output", "check_call", "wait_procs", "get", "post", "request", "stream"}
_LIMITS = ("timeout", "seconds")
# Limits of the product that a test shortens: what is slow for other reasons would end it first.
_SHORTENED = {"stall_seconds", "read_timeout", "connect_timeout"}
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


class _Times(ast.NodeVisitor):
    """Finds what the names of one file stand for: clocks, instants that they returned, and the spans between two of these."""

    def __init__(self, tree: ast.Module) -> None:
        self.imported: dict[str, str] = {}
        self.instants: set[str] = set()
        self.spans: set[str] = set(_SPANS)
        before = -1
        while before != (before := len(self.imported) + len(self.instants) + len(self.spans)):
            self.visit(tree)

    def visit_Import(self, node: ast.Import) -> None:
        self.imported |= {alias.asname or alias.name: alias.name for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.imported |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple) and len(target.elts) == len(node.value.elts):
                for one, value in zip(target.elts, node.value.elts, strict=True):
                    self._keep(one, value)
            else:
                self._keep(target, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._keep(node.target, node.value)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._keep(node.target, node.value)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Notes a function that returns a span: calling it gives one."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Return) and inner.value is not None and self.is_span(inner.value):
                self.spans.add(node.name)
        self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def _keep(self, target: ast.expr, value: ast.expr) -> None:
        name = target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else None
        if name is None:
            return
        if (dotted := self.dotted(value)) in _CLOCKS:
            self.imported[name] = dotted  # `now = time.monotonic`
        elif self.is_span(value):
            self.spans.add(name)
        elif self.is_instant(value):
            self.instants.add(name)

    def dotted(self, node: ast.expr) -> str:
        """Returns the full name, such as `time.monotonic`, under whatever name the file imports it."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        return f"{self.dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""

    def is_clock(self, node: ast.AST) -> bool:
        """Returns whether this reads a clock, including an event loop's."""
        if not isinstance(node, ast.Call):
            return False
        loops = isinstance(node.func, ast.Attribute) and node.func.attr == "time" and not node.args and not node.keywords
        return loops or self.dotted(node.func) in _CLOCKS

    def is_instant(self, node: ast.expr) -> bool:
        if isinstance(node, ast.BinOp):
            return isinstance(node.op, ast.Add | ast.Sub) and self.is_instant(node.left)
        return self.is_clock(node) or (_last(node) in self.instants and not isinstance(node, ast.Call))

    def is_span(self, node: ast.AST) -> bool:
        """Returns whether a span is part of it: `round(clock() - began, 1)` is as bad."""
        return any(self._is_span(inner) for inner in ast.walk(node))

    def _is_span(self, node: ast.AST) -> bool:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            return any(map(self.is_clock, (node.left, node.right))) or (self.is_instant(node.left) and self.is_instant(node.right))
        return _last(node) in self.spans


def _last(node: ast.AST) -> str:
    """Returns the last part of a name, of an attribute, or of what is called."""
    if isinstance(node, ast.Call):
        return _last(node.func)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


class _Faults(ast.NodeVisitor):
    def __init__(self, times: _Times) -> None:
        self._times = times
        self._loops = self._raises = 0
        self.found: list[tuple[int, str]] = []

    def _loop(self, node: ast.AST) -> None:
        self._loops += 1
        self.generic_visit(node)
        self._loops -= 1

    visit_While = visit_For = visit_AsyncFor = _loop

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        """Notes an expected timeout: a timeout that is the outcome is no watchdog."""
        expected = any("raises" in ast.unparse(item.context_expr) and "Timeout" in ast.unparse(item.context_expr) for item in node.items)
        self._raises += expected
        self.generic_visit(node)
        self._raises -= expected

    visit_With = visit_AsyncWith = _with

    def visit_Assert(self, node: ast.Assert) -> None:
        self._judge(node.test)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        fails = [inner for one in node.body for inner in ast.walk(one) if isinstance(inner, ast.Raise) or _last(inner) == "fail"]
        if fails:
            self._judge(node.test)
        self.generic_visit(node)

    def _judge(self, test: ast.expr) -> None:
        for compare in ast.walk(test):
            if not isinstance(compare, ast.Compare) or not any(isinstance(one, _ORDER) for one in compare.ops):
                continue
            sides = [compare.left, *compare.comparators]
            late = not self._loops and any(map(self._times.is_clock, sides)) and any(_last(one) in self._times.instants for one in sides)
            if late or any(map(self._times.is_span, sides)):
                self._tell(compare, f"asserts a wall time ({ast.unparse(compare)}): inject the clock, or assert order and state")

    def visit_Call(self, node: ast.Call) -> None:
        if (limit := self._limit(node)) is not None:
            self._watchdog(limit, ast.unparse(node)[:60])
        for keyword in node.keywords:
            self._lease(keyword.arg, keyword.value)
            if keyword.arg in _SHORTENED:
                self._watchdog(keyword.value, f"{keyword.arg} of {_last(node)}")
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            self._lease(key.value if isinstance(key, ast.Constant) else None, value)
        self.generic_visit(node)

    def _lease(self, name: object, value: ast.expr) -> None:
        seconds = _number(value)
        if str(name).lower() in ("lease_seconds", "moments_lease_seconds") and seconds is not None and seconds < LEAST_LEASE_SECONDS:
            self._tell(value, f"a lease of {seconds:g} s lapses on a slow machine: leave it long, and let it lapse by `workers.lapse`")

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Notes a short limit that a function which waits has by default."""
        calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
        limits = {limit.id for call in calls if isinstance(limit := self._limit(call), ast.Name)}
        plain, keyed = [*node.args.posonlyargs, *node.args.args], zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        defaults = [*zip(reversed(plain), reversed(node.args.defaults), strict=False), *keyed]
        for parameter, default in defaults:
            waits = parameter.arg in limits or (node.name in _WAITING_METHODS and parameter.arg in _LIMITS)
            if default is not None and waits:
                self._watchdog(default, f"{parameter.arg} of {node.name}")
        self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def _watchdog(self, limit: ast.expr, shown: str) -> None:
        seconds = _number(limit)
        if seconds is not None and 1.0 <= seconds < LEAST_WATCHDOG_SECONDS and not self._raises:  # less is a polling interval
            self._tell(limit, f"a watchdog of {seconds:g} s ends a test on a slow machine ({shown}): give it minutes")

    def _limit(self, node: ast.Call) -> ast.expr | None:
        """Returns the seconds after which this call gives up, where it has such a limit."""
        called, name = self._times.dotted(node.func), _last(node)
        if called == "asyncio.wait":  # its end is no failure
            return None
        place = _WAITING.get(called, _WAITING_METHODS.get(name))
        if place is not None and len(node.args) > place:
            return node.args[place]
        # `seconds` of other functions is the length of a recording.
        names = _LIMITS if place is not None else ("timeout",) if name in _WITH_TIMEOUT or called.startswith("httpx.") else ()
        return next((one.value for one in node.keywords if one.arg in names), None)

    def _tell(self, node: ast.expr, fault: str) -> None:
        self.found.append((node.lineno, fault))


def _number(node: ast.expr) -> float | None:
    """Returns the value of a number, or of a text that is one."""
    try:
        return float(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str) else None
    except ValueError:
        return None


def faults_of(source: str) -> list[tuple[int, str]]:
    """Returns line and fault, in the file's order."""
    tree = ast.parse(source)
    faults = _Faults(_Times(tree))
    faults.visit(tree)
    return sorted(faults.found)


def files(root: Path = ROOT) -> Iterator[Path]:
    """Yields all test files, including those that git does not track yet."""
    yield from (root / name for name in names(root) if name.startswith(TESTS) and name.endswith(".py"))


def main(arguments: list[str]) -> int:
    """Prints each fault. Returns 1 when there is one."""
    found = 0
    for path in [Path(name).resolve() for name in arguments] or files():
        for line, fault in faults_of(path.read_text()):
            name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
            print(f"{name}:{line}: {fault}", file=sys.stderr)
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
