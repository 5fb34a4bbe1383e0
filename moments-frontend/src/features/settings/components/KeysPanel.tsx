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

const SCOPES: Record<KeyScope, string> = { read: "Look", write: "Look and work", admin: "Everything" };

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
          <TextField select label="May" value={scope} onChange={(event) => setScope(event.target.value as KeyScope)} sx={{ minWidth: 160 }}>
            {Object.entries(SCOPES).map(([value, label]) => (
              <MenuItem key={value} value={value}>
                {label}
              </MenuItem>
            ))}
          </TextField>
          <Button type="submit" variant="contained" disabled={name.trim() === "" || create.isPending}>
            Make a key
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
            <Typography variant="body2">Keep it now: it is not shown again.</Typography>
            <Box component="code" sx={{ overflowWrap: "anywhere" }}>
              {create.data.key}
            </Box>
          </Alert>
        )}
      </Card>
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Skeleton variant="rounded" height={160} role="status" aria-label="Loading the keys" />}
      {data?.length === 0 && (
        <EmptyState icon={KeyRound} title="No keys">
          On this machine nobody is asked for one. Before others can reach the server, make one.
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
                  {key.hint}…, made {formatAgo(key.created_at)}, {key.last_used_at === null ? "never used" : `used ${formatAgo(key.last_used_at)}`}
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
            onSuccess: () => notify({ message: "Revoked. Within five seconds it opens nothing any more." }),
            onSettled: () => setLeaving(null),
          })
        }
      >
        Whoever uses it can't call this server any more. It can't be taken back.
      </ConfirmDialog>
    </Stack>
  );
}
