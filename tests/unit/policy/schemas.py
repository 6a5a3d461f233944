"""The part of JSON Schema that the schema of the policy file uses."""

import re
from datetime import datetime

TYPES = {"object": dict, "array": list, "string": str, "integer": int}


def mistakes(value, node, path="file"):
    """Everything in `value` that the schema node does not allow, as 'path: why'."""
    if "anyOf" in node:
        tried = [list(mistakes(value, option, path)) for option in node["anyOf"]]
        if all(tried):
            yield from tried[0]
        return
    kind = node.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or isinstance(value, bool)):
        yield f"{path}: no {kind}"
        return
    if "const" in node and value != node["const"]:
        yield f"{path}: not {node['const']}"
    if "enum" in node and value not in node["enum"]:
        yield f"{path}: not one of {node['enum']}"
    if isinstance(value, str):
        if len(value) < node.get("minLength", 0) or not re.search(node.get("pattern", ""), value):
            yield f"{path}: {value!r}"
    elif isinstance(value, int) and not isinstance(value, datetime):
        if not node.get("minimum", value) <= value <= node.get("maximum", value):
            yield f"{path}: {value}"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from mistakes(item, node.get("items", {}), f"{path}[{index}]")
    elif isinstance(value, dict):
        known, other = node.get("properties", {}), node.get("additionalProperties", True)
        yield from (f"{path}: no {name}" for name in node.get("required", ()) if name not in value)
        for name, item in value.items():
            if name not in known and other is False:
                yield f"{path}: unknown {name}"
            else:
                yield from mistakes(item, known.get(name, other if isinstance(other, dict) else {}), f"{path}.{name}")
