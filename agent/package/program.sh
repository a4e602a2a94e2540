#!/bin/sh
# Starts a program of the package with the package's own Node.
here="$(dirname "$(readlink -f "$0")")"
lib="$here/../lib/cordon-agent"
exec "$lib/bin/node" "$lib/programs/$(basename "$0").js" "$@"
