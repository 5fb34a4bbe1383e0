from videomoments.core.quiet import keep_quiet

keep_quiet()
