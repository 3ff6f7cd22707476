#!/usr/bin/env python3
"""Prints the custom resource definitions of a folder in a form that a server of a given version takes.

    crds.py <folder or file>... --server-version v1.20.2 [--kubectl PATH] | kubectl create --validate=false -f -

The output is one JSON list. For Kubernetes 1.25 and later the definitions stay as they are. Older
servers read `default: ""` as null and refuse the definition, so:

- empty-string defaults are dropped;
- a list whose map key had such a default is made atomic, since a map key must be required or have
  a default;
- `x-kubernetes-validations` are dropped: such a server forgets them when the definition is created,
  and refuses them as unknown when it is applied on the server's side.

YAML is read by kubectl itself (`kubectl patch --local` asks no server), so that nothing but Python's
own library is needed, and a definition means here what it means to `kubectl apply`.
What was changed is said on stderr. Other objects in the files are an error.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path


class Problem(Exception):
    """What is wrong with the input, in words for the person who called."""


def is_empty_default(schema):
    return isinstance(schema, dict) and schema.get("default") == "" and "default" in schema


def adapt(schema, path, changes):
    """Changes one schema and those below it in place; says each change as `(kind, path)`."""
    if not isinstance(schema, dict):
        return
    keys = schema.get("x-kubernetes-list-map-keys")
    if keys:
        items = schema.get("items", {}).get("properties", {})
        if any(is_empty_default(items.get(key)) for key in keys):
            del schema["x-kubernetes-list-map-keys"]
            schema["x-kubernetes-list-type"] = "atomic"
            changes.append(("list made atomic", path))
    schema.pop("x-kubernetes-validations", None)
    if is_empty_default(schema):
        del schema["default"]
        changes.append(("default dropped", path))
    for name, child in sorted((schema.get("properties") or {}).items()):
        adapt(child, f"{path}.{name}", changes)
    adapt(schema.get("items"), f"{path}[]", changes)
    adapt(schema.get("additionalProperties"), f"{path}.*", changes)
    for word in ("allOf", "anyOf", "oneOf"):
        for index, child in enumerate(schema.get(word) or []):
            adapt(child, f"{path}<{word} {index}>", changes)
    adapt(schema.get("not"), f"{path}<not>", changes)


def read_objects(kubectl, file):
    """The objects of a YAML or JSON file, as kubectl understands them."""
    environment = dict(os.environ, KUBECONFIG=os.devnull)
    command = [kubectl, "patch", "--local", "-f", str(file), "--type=json", "-p", "[]", "-o", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(f"{file}: {kubectl} cannot read it: {done.stderr.strip()}")
    decoder = json.JSONDecoder()
    text = done.stdout.strip()
    while text:
        value, end = decoder.raw_decode(text)
        yield from value["items"] if value.get("kind") == "List" else [value]
        text = text[end:].lstrip()


def files_of(places):
    for place in map(Path, places):
        if place.is_dir():
            found = sorted(file for file in place.iterdir() if file.suffix in (".yaml", ".yml", ".json"))
            if not found:
                raise Problem(f"{place}: no .yaml, .yml or .json file in this folder")
            yield from found
        elif place.is_file():
            yield place
        else:
            raise Problem(f"{place}: no such file or folder")


def minor_of(version):
    match = re.match(r"v?(\d+)\.(\d+)", version)
    if not match:
        raise Problem(f"--server-version {version}: expected a version like v1.20.2")
    return int(match[1]), int(match[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="+", metavar="folder or file")
    parser.add_argument("--server-version", required=True)
    parser.add_argument("--kubectl", default=os.environ.get("KUBECTL_120") or "kubectl")
    options = parser.parse_args()

    old_server = minor_of(options.server_version) < (1, 25)
    definitions = []
    for file in files_of(options.places):
        for definition in read_objects(options.kubectl, file):
            metadata = definition.get("metadata") or {}
            name = metadata.get("name", "(no name)")
            if definition.get("kind") != "CustomResourceDefinition":
                raise Problem(f"{file}: {definition.get('kind')} {name} is not a CustomResourceDefinition")
            # What a server wrote there is not for another server.
            definition.pop("status", None)
            metadata.pop("creationTimestamp", None)
            changes = []
            if old_server:
                for version in definition["spec"]["versions"]:
                    schema = (version.get("schema") or {}).get("openAPIV3Schema")
                    adapt(schema, f"{name}/{version['name']}:", changes)
            dropped = sum(1 for kind, _ in changes if kind == "default dropped")
            print(f"crds: {name}: {dropped} empty-string defaults dropped", file=sys.stderr)
            for kind, path in changes:
                if kind == "list made atomic":
                    print(f"crds: {kind}: {path}", file=sys.stderr)
            definitions.append(definition)
    json.dump({"apiVersion": "v1", "kind": "List", "items": definitions}, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    try:
        main()
    except Problem as problem:
        sys.exit(f"crds: error: {problem}")
    except FileNotFoundError as error:
        sys.exit(f"crds: error: {error.filename}: no such program; name one with --kubectl")
