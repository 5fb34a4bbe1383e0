#!/bin/sh
# The page on port 3005 for development, with /api passed on to an API on 7005 (MOMENTS_API names another one).
exec "$(dirname "$0")/page.sh" dev "$@"
