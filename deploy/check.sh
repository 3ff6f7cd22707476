#!/bin/sh
# Renders the installations, and refuses what must never be in them. KUBECTL names another kubectl.
set -eu
cd "$(dirname "$0")"
for overlay in cluster cluster-reduced namespaced; do
    rendered="$("${KUBECTL:-kubectl}" kustomize "$overlay")" || { echo "deploy/$overlay does not render" >&2; exit 1; }
    # Definitions are full of asterisks in their descriptions; what follows them has none.
    rest="$(printf '%s\n' "$rendered" | awk 'BEGIN { RS = "---\n"; ORS = "---\n" } !/kind: CustomResourceDefinition/')"
    if printf '%s\n' "$rest" | grep -nE "^[[:space:]]*-?[[:space:]]*['\"]?\\*['\"]?[[:space:]]*$|\\[[^]]*['\"]?\\*" >&2; then
        echo "deploy/$overlay: a role has a wildcard" >&2
        exit 1
    fi
    if printf '%s\n' "$rest" | awk '/kind: RoleBinding|kind: ClusterRoleBinding/ { inside = 1 } /^---/ { inside = 0 } inside && /namespace:/ && !/argo-rollouts/ { bad = 1 } END { exit !bad }'; then
        echo "deploy/$overlay: a binding names a service account of another namespace" >&2
        exit 1
    fi
    if [ "$overlay" = cluster-reduced ] && printf '%s\n' "$rest" | grep -nE "^[[:space:]]*- secrets$" >&2; then
        echo "deploy/$overlay: a role reads secrets" >&2
        exit 1
    fi
    echo "deploy/$overlay: $(printf '%s\n' "$rendered" | grep -c '^kind:') objects"
done
