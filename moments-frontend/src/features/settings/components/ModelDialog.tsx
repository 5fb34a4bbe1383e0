import { Alert, Box, Button, Checkbox, Dialog, DialogActions, DialogContent, DialogTitle, FormControlLabel, MenuItem, TextField } from "@mui/material";
import { useState } from "react";
import type { ModelBody, ModelOut } from "@/api/types";
import { useNotify } from "@/hooks/useNotify";
import { useSaveModel } from "../api/settings";
import { bodyOf, EMPTY_MODEL, type ModelForm, toForm } from "../lib/modelForm";

/** One model's entry. What does not apply to its way in is not asked. */
export function ModelDialog({ model, onClose }: { model: ModelOut | null; onClose: () => void }) {
  const [form, setForm] = useState<ModelForm>(() => (model === null ? EMPTY_MODEL : toForm(model)));
  const save = useSaveModel();
  const notify = useNotify();
  const set = (name: keyof ModelForm) => (event: { target: { value: string } }) => setForm((now) => ({ ...now, [name]: event.target.value }));
  const wrong = (name: string) => save.error?.fields.find((field) => field.field.endsWith(name))?.message;
  const text = (name: keyof ModelForm, label: string, rest: { helper?: string; required?: boolean; disabled?: boolean; type?: string } = {}) => (
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
  const submit = () => {
    const body: ModelBody = bodyOf(form, model);
    const onSuccess = () => {
      notify({ message: `${body.key} is saved.` });
      onClose();
    };
    save.mutate({ body, fresh: model === null }, { onSuccess });
  };
  return (
    <Dialog open onClose={onClose} maxWidth="md" aria-labelledby="model-title">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <DialogTitle id="model-title">{model === null ? "Add a model" : `Edit ${model.key}`}</DialogTitle>
        <DialogContent>
          <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", sm: "1fr 1fr" }, pt: 1 }}>
            {text("key", "Name", { required: true, disabled: model !== null, helper: "Small letters, digits, underscores" })}
            <TextField select label="Does" value={form.kind} onChange={set("kind")}>
              <MenuItem value="chat">Chat: finds or refines moments</MenuItem>
              <MenuItem value="asr">Recognises speech</MenuItem>
            </TextField>
            <TextField select label="Way in" value={form.transport} onChange={set("transport")}>
              <MenuItem value="direct">Directly</MenuItem>
              <MenuItem value="ssh">Through SSH</MenuItem>
            </TextField>
            {form.kind === "chat" && text("model_name", "Model's name on the server")}
            {form.transport === "direct" && text("base_url", "Address", { helper: "http://host:8000" })}
            {form.transport === "ssh" && text("ssh_host", "SSH host", { helper: "A name of your ~/.ssh/config, or an address" })}
            {form.transport === "ssh" && text("ssh_user", "SSH user")}
            {form.transport === "ssh" && text("remote_host", "Host behind it")}
            {form.transport === "ssh" && text("remote_port", "Port behind it", { type: "number" })}
            {text("api_key_env", "Variable that holds its key", { helper: "The name only; keys are never stored" })}
            {form.kind === "chat" && text("context_tokens", "Context (tokens)", { type: "number" })}
            {text("max_concurrency", "Requests at once", { type: "number" })}
          </Box>
          {form.kind === "chat" && (
            <FormControlLabel
              control={<Checkbox checked={form.supports_video} onChange={(event) => setForm((now) => ({ ...now, supports_video: event.target.checked }))} />}
              label="Sees video"
            />
          )}
          {save.error && (
            <Alert severity="error" sx={{ mt: 1 }}>
              {save.error.message} {save.error.advice} {save.error.fields.map((field) => `${field.field}: ${field.message}`).join("; ")}
            </Alert>
          )}
        </DialogContent>
        <DialogActions>
          <Button color="inherit" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" variant="contained" disabled={save.isPending}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
