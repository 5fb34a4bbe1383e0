#!/bin/sh
# The page on port 3005 for development, with /api passed on to an API on 7005 (MOMENTS_API names another one).
set -eu
cd "$(dirname "$0")"
[ -d node_modules ] && [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci
exec npm run dev -- "$@"
