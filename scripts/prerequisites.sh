#!/usr/bin/env bash
# Makes sure that the system libraries are there that Sluice links: libcurl and libyaml.
# As root it installs what is missing; as anybody else it shows the command and runs it with sudo, or prints it and stops.
set -euo pipefail

missing=()
pkg-config --exists libcurl 2>/dev/null || [ -e /usr/include/curl/curl.h ] || compgen -G '/usr/include/*/curl/curl.h' >/dev/null || missing+=(libcurl4-openssl-dev)
pkg-config --exists yaml-0.1 2>/dev/null || [ -e /usr/include/yaml.h ] || missing+=(libyaml-dev)
command -v swift >/dev/null 2>&1 || {
  echo "swift is not installed; Sluice needs Swift 6.2 or later (https://www.swift.org/install/linux/)" >&2
  exit 1
}
[ ${#missing[@]} -eq 0 ] && exit 0

command -v apt-get >/dev/null 2>&1 || {
  echo "these libraries are missing, with their headers: ${missing[*]}; install them with your package manager" >&2
  exit 1
}
command=(apt-get install -y --no-install-recommends "${missing[@]}")
if [ "$(id -u)" -eq 0 ]; then
  echo "installing ${missing[*]}" >&2
  # On a fresh machine the package lists may be empty or old.
  "${command[@]}" >/dev/null 2>&1 || { apt-get update -qq >&2 && "${command[@]}" >&2; }
elif command -v sudo >/dev/null 2>&1; then
  echo "these libraries are missing; running: sudo ${command[*]}" >&2
  sudo "${command[@]}" >&2
else
  echo "these libraries are missing; run as root: ${command[*]}" >&2
  exit 1
fi
