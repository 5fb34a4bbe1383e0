import { Box, Typography } from "@mui/material";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { UserRound } from "lucide-react";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { readKey, subscribeKey } from "@/api/key";
import { caller, described } from "@/api/me";

/** Shows who is signed in, by the key's name; without keys, this machine. */
export function Caller() {
  const client = useQueryClient();
  const { data } = useQuery(caller);
  const key = useSyncExternalStore(subscribeKey, readKey);
  const before = useRef(key);
  useEffect(() => {
    // Not on every change of the key: the refusal of this very request is one of them.
    if (before.current !== key) void client.invalidateQueries({ queryKey: caller.queryKey });
    before.current = key;
  }, [client, key]);
  if (data === undefined) return null;
  const whole = described(data);
  return (
    <Box
      component="p"
      title={whole}
      aria-label={whole}
      role="note"
      sx={{ m: 0, px: 1, width: { md: 92 }, maxWidth: 92, display: "flex", flexDirection: "column", alignItems: "center", gap: 0.25, color: "text.secondary" }}
    >
      <UserRound size={18} aria-hidden />
      <Typography component="span" noWrap sx={{ fontSize: 12, maxWidth: 1 }}>
        {data.name}
      </Typography>
      {data.kind === "key" && (
        <Typography component="span" noWrap sx={{ fontSize: 11, maxWidth: 1 }}>
          {data.scope}
        </Typography>
      )}
    </Box>
  );
}
