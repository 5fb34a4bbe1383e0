import { Box, MenuItem, TextField } from "@mui/material";
import { useQueries, useQuery } from "@tanstack/react-query";
import { modelUp, models } from "@/api/models";
import type { ModelOut, StartOptions } from "@/api/types";

/** The options of a run as text fields hold them. An empty field means the server's default. */
export interface OptionsForm {
  prompt: string;
  max_moments: string;
  min_duration: string;
  max_duration: string;
  generation_model: string;
  refinement_model: string;
  language: string;
  audio_track: string;
}

export const NO_OPTIONS: OptionsForm = {
  prompt: "",
  max_moments: "",
  min_duration: "",
  max_duration: "",
  generation_model: "",
  refinement_model: "",
  language: "",
  audio_track: "",
};

/** Returns the request's fields. Empty ones are left out. */
export function toOptions(form: OptionsForm): Partial<StartOptions> {
  const numbers = (["max_moments", "min_duration", "max_duration", "audio_track"] as const).filter((name) => form[name] !== "");
  const texts = (["prompt", "generation_model", "refinement_model", "language"] as const).filter((name) => form[name].trim() !== "");
  return Object.fromEntries([...numbers.map((name) => [name, Number(form[name])]), ...texts.map((name) => [name, form[name].trim()])]) as Partial<StartOptions>;
}

/** Returns why the form can't be sent, or null when it can. */
export function optionsProblem(form: OptionsForm): string | null {
  const [least, most] = [Number(form.min_duration), Number(form.max_duration)];
  if (form.min_duration !== "" && form.max_duration !== "" && least > most) return "The shortest may not be longer than the longest.";
  return null;
}

interface Props {
  form: OptionsForm;
  onChange: (form: OptionsForm) => void;
}

export function RunOptionsFields({ form, onChange }: Props) {
  const { data: known = [] } = useQuery(models);
  const set = (name: keyof OptionsForm) => (event: { target: { value: string } }) => {
    onChange({ ...form, [name]: event.target.value });
  };
  const chat = known.filter((model) => model.kind === "chat");
  const problem = optionsProblem(form);
  return (
    <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", sm: "repeat(3, 1fr)" } }}>
      <TextField
        sx={{ gridColumn: "1 / -1" }}
        label="What to look for"
        placeholder="where they discuss the budget"
        helperText="In your own words; leave it empty for the best parts."
        multiline
        minRows={1}
        maxRows={5}
        value={form.prompt}
        onChange={set("prompt")}
        slotProps={{ htmlInput: { maxLength: 4000 } }}
      />
      <TextField label="At most (moments)" type="number" value={form.max_moments} onChange={set("max_moments")} slotProps={{ htmlInput: { min: 1, max: 500 } }} />
      <TextField
        label="Shortest (seconds)"
        type="number"
        value={form.min_duration}
        onChange={set("min_duration")}
        error={problem !== null}
        helperText={problem}
        slotProps={{ htmlInput: { min: 0, step: "any" } }}
      />
      <TextField label="Longest (seconds)" type="number" value={form.max_duration} onChange={set("max_duration")} slotProps={{ htmlInput: { min: 1, step: "any" } }} />
      <ModelField label="Finds moments" purpose="generation" value={form.generation_model} models={chat} onChange={set("generation_model")} />
      <ModelField label="Refines boundaries" purpose="refinement" value={form.refinement_model} models={chat} onChange={set("refinement_model")} />
      <TextField label="Language" placeholder="en" helperText="Empty: it is recognised." value={form.language} onChange={set("language")} />
      <TextField
        label="Audio track"
        type="number"
        helperText="Of a file with several, counted from 1. Empty: the one with speech, or the default."
        value={form.audio_track}
        onChange={set("audio_track")}
        slotProps={{ htmlInput: { min: 1, max: 256 } }}
      />
    </Box>
  );
}

interface ModelFieldProps {
  label: string;
  purpose: "generation" | "refinement";
  value: string;
  models: readonly ModelOut[];
  onChange: (event: { target: { value: string } }) => void;
}

/** Lists the models. Only those that are up can be chosen; built-in ones always can. */
function ModelField({ label, purpose, value, models: known, onChange }: ModelFieldProps) {
  const usual = known.find((model) => model.default_for.includes(purpose));
  const able = known.filter((model) => (purpose === "generation" ? model.supports_generation : model.supports_refinement));
  const offered = able.filter((model) => model.configured && model.key !== usual?.key);
  const up = useQueries({ queries: offered.map((model) => ({ ...modelUp(model.key), enabled: !model.builtin })) });
  return (
    <TextField select label={label} value={value} onChange={onChange} slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}>
      <MenuItem value="">{usual ? `${usual.key} (default)` : "Default"}</MenuItem>
      {offered.map((model, index) => (
        <MenuItem key={model.key} value={model.key} disabled={!model.builtin && up[index]?.data !== true}>
          {model.key}
          {model.supports_video ? " (sees video)" : ""}
          {!model.builtin && remark(up[index])}
        </MenuItem>
      ))}
    </TextField>
  );
}

function remark(answer: { isPending: boolean; data: boolean | undefined } | undefined): string {
  if (answer === undefined || answer.isPending) return ", being asked";
  return answer.data === true ? "" : ", does not answer";
}
