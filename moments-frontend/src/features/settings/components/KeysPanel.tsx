import { Alert, Box, Button, Card, Chip, MenuItem, Skeleton, Stack, TextField, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import type { KeyScope } from "@/api/types";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { EmptyState } from "@/components/EmptyState";
import { ErrorState } from "@/components/ErrorState";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { formatAgo } from "@/lib/time";
import { keys, useCreateKey, useRevokeKey } from "../api/settings";

const SCOPES: Record<KeyScope, string> = { read: "View", write: "View and edit", admin: "Everything" };

/** Lists the API keys of this server. A key is shown once, when it is made. */
export function KeysPanel() {
  const { data, error, refetch } = useQuery(keys);
  const create = useCreateKey();
  const revoke = useRevokeKey();
  const notify = useNotify();
  const onError = useNotifyError();
  const [name, setName] = useState("");
  const [scope, setScope] = useState<KeyScope>("write");
  const [leaving, setLeaving] = useState<{ identifier: string; name: string } | null>(null);
  return (
    <Stack spacing={2}>
      <Card sx={{ p: 2 }}>
        <Stack
          component="form"
          direction={{ xs: "column", sm: "row" }}
          spacing={1.5}
          onSubmit={(event: { preventDefault: () => void }) => {
            event.preventDefault();
            create.mutate({ name: name.trim(), scope }, { onError, onSuccess: () => setName("") });
          }}
        >
          <TextField label="Name" required value={name} onChange={(event) => setName(event.target.value)} sx={{ flex: 1 }} />
          <TextField select label="Allows" value={scope} onChange={(event) => setScope(event.target.value as KeyScope)} sx={{ minWidth: 160 }}>
            {Object.entries(SCOPES).map(([value, label]) => (
              <MenuItem key={value} value={value}>
                {label}
              </MenuItem>
            ))}
          </TextField>
          <Button type="submit" variant="contained" disabled={name.trim() === "" || create.isPending}>
            Create a key
          </Button>
        </Stack>
        {create.data && (
          <Alert
            severity="success"
            sx={{ mt: 2 }}
            action={
              <Button color="inherit" size="small" onClick={() => void navigator.clipboard.writeText(create.data.key)}>
                Copy
              </Button>
            }
          >
            <Typography variant="body2">Copy this key now. It is not shown again.</Typography>
            <Box component="code" sx={{ overflowWrap: "anywhere" }}>
              {create.data.key}
            </Box>
          </Alert>
        )}
      </Card>
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Skeleton variant="rounded" height={160} role="status" aria-label="Loading the keys" />}
      {data?.length === 0 && (
        <EmptyState icon={KeyRound} title="No API keys">
          On this machine no key is needed. Create one before others can reach this server.
        </EmptyState>
      )}
      {data !== undefined && data.length > 0 && (
        <Card component="ul" sx={{ listStyle: "none", p: 0, m: 0 }}>
          {data.map((key) => (
            <Stack
              component="li"
              direction="row"
              key={key.identifier}
              sx={{ alignItems: "center", gap: 1.5, px: 2, py: 1.25, "&:not(:last-of-type)": { borderBottom: 1, borderColor: "divider" } }}
            >
              <Box sx={{ flex: 1, minWidth: 0 }}>
                <Typography sx={{ fontWeight: 600 }}>{key.name}</Typography>
                <Typography variant="caption" color="text.secondary">
                  {key.hint}…, created {formatAgo(key.created_at)}, {key.last_used_at === null ? "never used" : `used ${formatAgo(key.last_used_at)}`}
                </Typography>
              </Box>
              <Chip size="small" variant="outlined" label={SCOPES[key.scope]} />
              <Button size="small" color="error" onClick={() => setLeaving(key)}>
                Revoke
              </Button>
            </Stack>
          ))}
        </Card>
      )}
      <ConfirmDialog
        open={leaving !== null}
        title={`Revoke “${leaving?.name ?? ""}”?`}
        confirm="Revoke"
        busy={revoke.isPending}
        onClose={() => setLeaving(null)}
        onConfirm={() =>
          leaving &&
          revoke.mutate(leaving.identifier, {
            onError,
            onSuccess: () => notify({ message: "Revoked. The key stops working within five seconds." }),
            onSettled: () => setLeaving(null),
          })
        }
      >
        Whoever uses this key loses access to this server. This can't be undone.
      </ConfirmDialog>
    </Stack>
  );
}
