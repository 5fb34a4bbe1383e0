import { Alert, Box, Button, Card, Chip, Skeleton, Stack, Typography } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { Check, Plus, X } from "lucide-react";
import { useState } from "react";
import { models } from "@/api/models";
import type { ModelOut } from "@/api/types";
import { Allowed } from "@/components/Allowed";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { ErrorState } from "@/components/ErrorState";
import { useNotify, useNotifyError } from "@/hooks/useNotify";
import { useRemoveModel, useTestModel } from "../api/settings";
import { ModelDialog } from "./ModelDialog";

/** Lists every model service: what it does, how it is reached, whether it answers. */
export function ModelsPanel() {
  const { data, error, refetch } = useQuery(models);
  const [edited, setEdited] = useState<ModelOut | "new" | null>(null);
  return (
    <Stack spacing={1.5}>
      <Allowed to="admin">
        <Button variant="contained" startIcon={<Plus size={16} aria-hidden />} onClick={() => setEdited("new")} sx={{ alignSelf: "flex-start" }}>
          Add a model
        </Button>
      </Allowed>
      {error && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data === undefined && !error && <Skeleton variant="rounded" height={320} role="status" aria-label="Loading the models" />}
      {data?.map((model) => (
        <ModelCard key={model.key} model={model} onEdit={() => setEdited(model)} />
      ))}
      {edited !== null && <ModelDialog model={edited === "new" ? null : edited} onClose={() => setEdited(null)} />}
    </Stack>
  );
}

function doing(model: ModelOut): string {
  if (model.kind === "asr") return "Transcribes speech";
  const abilities = [model.supports_generation && "finds moments", model.supports_refinement && "adjusts start and end", model.supports_video && "watches video"];
  return ["Chat", ...abilities.filter((one) => one !== false)].join(", ");
}

function ModelCard({ model, onEdit }: { model: ModelOut; onEdit: () => void }) {
  const test = useTestModel();
  const remove = useRemoveModel();
  const notify = useNotify();
  const onError = useNotifyError();
  const [asking, setAsking] = useState(false);
  const where =
    model.transport === "ssh"
      ? `${model.ssh_user ? `${model.ssh_user}@` : ""}${model.ssh_host ?? "SSH host missing"} → ${model.remote_host ?? ""}:${model.remote_port ?? ""}`
      : (model.base_url ?? (model.builtin ? "built in" : "address missing"));
  return (
    <Card component="section" aria-label={model.key} sx={{ px: 2, py: 1.5 }}>
      <Stack direction="row" sx={{ alignItems: "center", gap: 1, flexWrap: "wrap" }}>
        <Box sx={{ flex: "1 1 240px", minWidth: 0 }}>
          <Typography sx={{ fontWeight: 600 }}>{model.key}</Typography>
          <Typography variant="body2" color="text.secondary" sx={{ overflowWrap: "anywhere" }}>
            {doing(model)}, {where}
          </Typography>
        </Box>
        {model.learned.length > 0 && (
          <Typography variant="body2" color="text.secondary" sx={{ flexBasis: "100%", order: 1 }}>
            Detected settings of its server: {model.learned.join("; ")}.
          </Typography>
        )}
        {model.default_for.map((job) => (
          <Chip key={job} size="small" color="primary" variant="outlined" label={job} />
        ))}
        {!model.configured && <Chip size="small" variant="outlined" label="Not connected" />}
        <Allowed to="admin">
          <Stack direction="row" sx={{ gap: { xs: 0, sm: 1 } }}>
            <Button size="small" variant="outlined" disabled={test.isPending || !model.configured} onClick={() => test.mutate(model.key, { onError })}>
              {test.isPending ? "Testing…" : "Test"}
            </Button>
            <Button size="small" color="inherit" onClick={onEdit}>
              Edit
            </Button>
            {!model.builtin && (
              <Button size="small" color="error" onClick={() => setAsking(true)}>
                Remove
              </Button>
            )}
          </Stack>
        </Allowed>
      </Stack>
      {test.data && (
        <Box aria-live="polite" sx={{ mt: 1.5 }}>
          <Alert severity={test.data.ok ? "success" : "error"}>{test.data.ok ? "The model works." : "The test failed. The steps below show where."}</Alert>
          <Box component="ol" sx={{ listStyle: "none", p: 0, m: 0, mt: 1 }}>
            {test.data.steps.map((step) => (
              <Box
                component="li"
                key={step.name}
                sx={{ display: "grid", gridTemplateColumns: { xs: "20px 1fr auto", sm: "20px 150px 1fr auto" }, gap: 1, py: 0.5, alignItems: "start" }}
              >
                <Box sx={{ color: step.ok ? "success.main" : "error.main", lineHeight: 0, pt: 0.25 }}>
                  {step.ok ? <Check size={16} aria-label="passed" /> : <X size={16} aria-label="failed" />}
                </Box>
                <Typography variant="body2" sx={{ fontWeight: 600 }}>
                  {step.name}
                </Typography>
                <Typography variant="body2" color="text.secondary" sx={{ overflowWrap: "anywhere", order: { xs: 1, sm: 0 }, gridColumn: { xs: "2 / -1", sm: "auto" } }}>
                  {step.detail}
                </Typography>
                <Typography variant="caption" color="text.secondary">
                  {Math.round(step.milliseconds)} ms
                </Typography>
              </Box>
            ))}
          </Box>
        </Box>
      )}
      <ConfirmDialog
        open={asking}
        title={`Remove ${model.key}?`}
        confirm="Remove"
        busy={remove.isPending}
        onClose={() => setAsking(false)}
        onConfirm={() => remove.mutate(model, { onError, onSuccess: () => notify({ message: `${model.key} was removed.` }) })}
      >
        Runs that have started continue to use it. You can add it again.
      </ConfirmDialog>
    </Card>
  );
}
