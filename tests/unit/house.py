"""The house's rules that no off-the-shelf linter knows, as functions from source text to findings.

They exist because the simulator's verdict is only as good as the code's purity: an unnoticed clock,
a set's order or a `finally` that runs in a killed coroutine would make it lie. A rule must never
look at files itself (`test_house.py` says what it is applied to), so that each can be shown to bite.
"""

import ast
import sys
from collections.abc import Collection, Iterator

# What a pure module may import of the standard library: nothing in here reads a clock, a file, the
# environment or chance.
PURE_STDLIB = frozenset({
    "__future__", "_json", "abc", "base64", "binascii", "bisect", "collections", "copy", "dataclasses",
    "enum", "errno", "functools", "graphlib", "hashlib", "heapq", "ipaddress", "itertools", "json",
    "math", "operator", "re", "shlex", "string", "struct", "textwrap", "types", "typing", "zlib",
})  # fmt: skip
# Of these, only the named things.
PURE_PARTS = {
    "calendar": {"timegm"},
    "pathlib": {"PurePosixPath"},
    "posixpath": {"basename", "commonpath", "dirname", "isabs", "join", "normpath", "split"},
    "signal": {"Signals"},
}

DURABLE = {"fdatasync", "fsync", "rename", "renames", "replace", "sync"}  # of os
MOUNTING = {"mount", "umount", "umount2"}  # of whatever binds the C library
FORBIDDEN_NAMES = {
    "base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils",
}  # fmt: skip
LONGEST = 400

# Where the order of a set becomes visible: what these are given, they go through in order.
ORDERED = {"dict", "enumerate", "iter", "list", "map", "next", "tuple", "zip", "filter", "reversed"}
SETS = {"AbstractSet", "FrozenSet", "MutableSet", "Set", "frozenset", "set"}


def found(node: ast.AST, what: str) -> str:
    return f"line {getattr(node, 'lineno', 1)}: {what}"


def last_rites(source: str) -> Iterator[str]:
    """What would still run when a killed coroutine is collected: a rollback after death."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Try(finalbody=[_, *_]) | ast.TryStar(finalbody=[_, *_]):
                yield found(node, "finally")
            case ast.With() | ast.AsyncWith() | ast.AsyncFor():
                yield found(node, "with, async with or async for")
            case ast.ExceptHandler(type=None):
                yield found(node, "bare except")
            case ast.ExceptHandler(type=caught) if names_in(caught) & {
                "BaseException",
                "GeneratorExit",
            }:
                yield found(node, "except that catches a coroutine's end")


def impure_imports(source: str, pure_modules: Collection[str]) -> Iterator[str]:
    """Imports of anything but the harmless standard library and other pure modules."""
    for node, module, name in imports(source):
        whole = f"{module}.{name}" if name else module
        parts = PURE_PARTS.get(module, frozenset())
        if (
            module.split(".")[0] in PURE_STDLIB
            or name in parts
            or {module, whole} & {*pure_modules}
        ):
            continue
        yield found(node, f"imports {whole}, which is not known to be pure")


def foreign_imports(source: str) -> Iterator[str]:
    """Imports from outside the standard library and this project."""
    for node, module, _ in imports(source):
        top = module.split(".")[0]
        if top not in sys.stdlib_module_names and top != "conman":
            yield found(node, f"imports {module}, which is not in the standard library")


def host_changes(source: str) -> Iterator[str]:
    """Calls that make something durable, rename or mount: the performers' business alone."""
    tree = ast.parse(source)
    bound = {(module, name) for _, module, name in imports(source)}
    from_os = {name for module, name in bound if module == "os" and name in DURABLE}
    has_paths = any(module == "pathlib" for module, _ in bound)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in from_os:
                yield found(node, f"{name}()")
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr=name)) if (
                name in DURABLE
            ):
                yield found(node, f"os.{name}()")
            case ast.Call(func=ast.Attribute(attr=name)) if name in MOUNTING:
                yield found(node, f"{name}()")
            case ast.Call(
                func=ast.Attribute(attr="rename" | "replace" as name), args=[_], keywords=[]
            ) if has_paths:
                yield found(node, f"Path.{name}()")


def steps_in(steps_source: str) -> set[str]:
    """The names in the union `Step` of conman.primitives.steps."""
    for node in ast.parse(steps_source).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="Step")], value=union):
                return names_in(union)
    return set()


def steps_built(source: str, steps: Collection[str]) -> Iterator[str]:
    """Primitive steps put together outside the recipes, where the explorer looks for them."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="steps"), attr=name)
            ) if name in steps:
                yield found(node, f"builds a {name}")


def disorder(source: str) -> Iterator[str]:
    """Whatever differs from process to process: the order of a set, `hash()`, `id()`."""
    tree = ast.parse(source)
    known = names_of_sets(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="hash" | "id" as name)):
                yield found(node, f"{name}()")
            case ast.For(iter=walked) | ast.comprehension(iter=walked) | ast.Starred(value=walked):
                # A set made from a set has no order to lose.
                if is_set(walked, known) and not feeds_a_set(tree, node):
                    yield found(walked, "goes through a set")
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr="join" as name), args=args):
                if name in {*ORDERED, "join"} and any(is_set(arg, known) for arg in args):
                    yield found(node, f"{name}() of a set")
            case ast.Call(func=ast.Attribute(value=value, attr="pop"), args=[]):
                if is_set(value, known):
                    yield found(node, "pop() from a set")


def undocumented(source: str) -> Iterator[str]:
    """A module that does not open by saying why it exists."""
    tree = ast.parse(source)
    if tree.body and not ast.get_docstring(tree):
        yield found(tree, "no docstring")


def too_long(source: str) -> Iterator[str]:
    lines = source.count("\n")
    if lines > LONGEST:
        yield f"{lines} lines, {LONGEST} is the most"


def not_empty(source: str) -> Iterator[str]:
    if source:
        yield "an __init__ file is empty"


def vague_names(path: str) -> Iterator[str]:
    """Names for a place where things are put that nobody wanted to name."""
    for part in path.removesuffix(".py").split("/"):
        if FORBIDDEN_NAMES & set(part.split("_")):
            yield f"{part} says nothing"


# ---- reading a syntax tree ----------------------------------------------------------------------


def imports(source: str) -> Iterator[tuple[ast.AST, str, str]]:
    """Every import, as (node, module, imported name or ""); also those inside functions."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node, alias.name, "") for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                prefix = "." * level + (module or "")
                yield from ((node, prefix, alias.name) for alias in names)


def names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def is_set(node: ast.expr, known: Collection[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor()):
            return is_set(left, known)
        case ast.Name(id=name):
            return name in known
        case ast.Attribute(attr=name):
            return f".{name}" in known
    return False


def names_of_sets(tree: ast.Module) -> set[str]:
    """Variables (`name`) and fields (`.name`) that are annotated as sets or assigned one."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(body=body):
                for field in body:
                    match field:
                        case ast.AnnAssign(target=ast.Name(id=name), annotation=kind) if says_set(
                            kind
                        ):
                            names.add(f".{name}")
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind) if says_set(kind):
                names.add(name)
            case ast.arg(arg=name, annotation=ast.expr() as kind) if says_set(kind):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_set(value, ()):
                names.add(name)
    return names


def says_set(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Subscript(value=ast.Name(id=name)) | ast.Name(id=name):
            return name in SETS
    return False


def feeds_a_set(tree: ast.Module, walk: ast.AST) -> bool:
    """Whether `walk` is the loop of a set display, or of an argument that order cannot reach."""
    for node in ast.walk(tree):
        match node:
            case ast.SetComp(generators=generators) if walk in generators:
                return True
            case ast.Set(elts=elements) if walk in elements:
                return True
            case ast.Call(
                func=ast.Name(
                    id="sorted"
                    | "any"
                    | "all"
                    | "len"
                    | "sum"
                    | "min"
                    | "max"
                    | "set"
                    | "frozenset"
                ),
                args=[
                    ast.GeneratorExp(generators=generators) | ast.ListComp(generators=generators)
                ],
            ) if walk in generators:
                return True
    return False
