import { Alert, Box, Button, Checkbox, Dialog, DialogActions, DialogContent, DialogTitle, FormControlLabel, MenuItem, TextField } from "@mui/material";
import { useState } from "react";
import type { ApiError } from "@/api/client";
import type { ModelBody, ModelOut } from "@/api/types";
import { MergeDialog } from "@/components/MergeDialog";
import { differences, type Side } from "@/lib/merging";
import { useNotify } from "@/hooks/useNotify";
import { useSaveModel } from "../api/settings";
import { bodyOf, EMPTY_MODEL, mergedForm, MODEL_FIELDS, type ModelForm, toForm } from "../lib/modelForm";
import { ABILITIES, DialectFields, type TextOf } from "./DialectFields";

/** Edits one model's entry. Fields that do not apply to its transport are hidden. */
export function ModelDialog({ model: opened, onClose }: { model: ModelOut | null; onClose: () => void }) {
  // The version that the user opened, whatever the list shows meanwhile. `theirs` is another user's later version.
  const [model, setModel] = useState(opened);
  const [theirs, setTheirs] = useState<ModelOut | null>(null);
  const [form, setForm] = useState<ModelForm>(() => (model === null ? EMPTY_MODEL : toForm(model)));
  const save = useSaveModel();
  const notify = useNotify();
  const set = (name: keyof ModelForm) => (event: { target: { value: string } }) => setForm((now) => ({ ...now, [name]: event.target.value }));
  const wrong = (name: string) => save.error?.fields.find((field) => field.field.endsWith(name))?.message;
  const text: TextOf = (name, label, rest = {}) => (
    <TextField
      label={label}
      value={form[name]}
      onChange={set(name)}
      required={rest.required ?? false}
      disabled={rest.disabled ?? false}
      type={rest.type ?? "text"}
      error={wrong(name) !== undefined}
      helperText={wrong(name) ?? rest.helper}
    />
  );
  const submit = (wanted: ModelForm, before: ModelOut | null) => {
    const body: ModelBody = bodyOf(wanted, before);
    const onSuccess = () => {
      notify({ message: `${body.key} was saved.` });
      onClose();
    };
    const onError = (error: ApiError) => {
      if (!error.stale) return;
      const now = error.current as ModelOut;
      // Where both changes agree, or theirs is in fields that are not shown here, there is nothing to ask.
      if (differences(MODEL_FIELDS, toForm(before ?? now), toForm(now), wanted).length === 0) merge(now, {});
      else setTheirs(now);
    };
    save.mutate({ body, etag: before?.etag ?? null }, { onSuccess, onError });
  };
  const merge = (now: ModelOut, chosen: Readonly<Record<string, Side>>) => {
    const merged = mergedForm(toForm(now), form, chosen);
    setTheirs(null);
    setModel(now);
    setForm(merged);
    submit(merged, now);
  };
  return (
    <Dialog open onClose={onClose} maxWidth="md" aria-labelledby="model-title">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit(form, model);
        }}
      >
        <DialogTitle id="model-title">{model === null ? "Add a model" : `Edit ${model.key}`}</DialogTitle>
        <DialogContent>
          <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", sm: "1fr 1fr" }, pt: 1 }}>
            {text("key", "Name", { required: true, disabled: model !== null, helper: "Lower-case letters, digits, underscores" })}
            <TextField select label="Task" value={form.kind} onChange={set("kind")}>
              <MenuItem value="chat">Finds moments or adjusts their edges (chat)</MenuItem>
              <MenuItem value="asr">Transcribes speech</MenuItem>
            </TextField>
            <TextField select label="Connection" value={form.transport} onChange={set("transport")}>
              <MenuItem value="direct">Direct</MenuItem>
              <MenuItem value="ssh">Through SSH</MenuItem>
            </TextField>
            {form.kind === "chat" && text("model_name", "Model's name on the server")}
            {form.transport === "direct" && text("base_url", "Address", { helper: "http://host:8000" })}
            {form.transport === "ssh" && text("ssh_host", "SSH host", { helper: "A name of your ~/.ssh/config, or an address" })}
            {form.transport === "ssh" && text("ssh_user", "SSH user")}
            {form.transport === "ssh" && text("remote_host", "Host behind the SSH host")}
            {form.transport === "ssh" && text("remote_port", "Port behind the SSH host", { type: "number" })}
            {text("api_key_env", "Environment variable with its key", { helper: "Only its name: keys are never stored" })}
            {form.kind === "chat" && text("context_tokens", "Context (tokens)", { type: "number" })}
            {text("max_concurrency", "Requests at the same time", { type: "number" })}
            {form.kind === "chat" && text("max_refinements", "Of these, adjustments", { type: "number", helper: "1, unless its memory allows more" })}
          </Box>
          {form.kind === "chat" && <DialectFields form={form} set={set} text={text} />}
          {form.kind === "chat" &&
            ABILITIES.map(([name, label]) => (
              <FormControlLabel
                key={name}
                control={<Checkbox checked={form[name]} onChange={(event) => setForm((now) => ({ ...now, [name]: event.target.checked }))} />}
                label={label}
              />
            ))}
          {save.error && !save.error.stale && (
            <Alert severity="error" sx={{ mt: 1 }}>
              {save.error.message} {save.error.advice} {save.error.fields.map((field) => `${field.field}: ${field.message}`).join("; ")}
            </Alert>
          )}
        </DialogContent>
        <DialogActions>
          <Button color="inherit" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" variant="contained" disabled={save.isPending}>
            Save
          </Button>
        </DialogActions>
      </form>
      {theirs !== null && model !== null && (
        <MergeDialog
          what={model.key}
          differences={differences(MODEL_FIELDS, toForm(model), toForm(theirs), form)}
          onSave={(chosen) => merge(theirs, chosen)}
          onLater={() => setTheirs(null)}
        />
      )}
    </Dialog>
  );
}
