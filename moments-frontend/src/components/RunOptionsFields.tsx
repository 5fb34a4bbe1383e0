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
  if (form.min_duration !== "" && form.max_duration !== "" && least > most) return "The shortest moment can’t be longer than the longest.";
  return null;
}

interface Props {
  form: OptionsForm;
  onChange: (form: OptionsForm) => void;
  /** Whether the prompt is among the fields. */
  withPrompt?: boolean;
  /** The field that has the focus at first. */
  focus?: Focus;
}

/** What a user came to change. */
export type Focus = "prompt" | "generation_model";

/** What to look for, in the user's own words. */
export function PromptField({ value, onChange, focus = false }: { value: string; onChange: (prompt: string) => void; focus?: boolean }) {
  return (
    <TextField
      fullWidth
      autoFocus={focus}
      label="What to look for (optional)"
      placeholder="where they discuss the budget"
      helperText="In your own words. Leave it empty for the best parts."
      multiline
      maxRows={5}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      slotProps={{ htmlInput: { maxLength: 4000 } }}
    />
  );
}

/** The fields of a run's options. */
export function RunOptionsFields({ form, onChange, withPrompt = true, focus }: Props) {
  const { data: known = [] } = useQuery(models);
  const set = (name: keyof OptionsForm) => (event: { target: { value: string } }) => {
    onChange({ ...form, [name]: event.target.value });
  };
  const chat = known.filter((model) => model.kind === "chat");
  const problem = optionsProblem(form);
  return (
    <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", sm: "repeat(3, 1fr)" } }}>
      {withPrompt && (
        <Box sx={{ gridColumn: "1 / -1" }}>
          <PromptField value={form.prompt} onChange={(prompt) => onChange({ ...form, prompt })} focus={focus === "prompt"} />
        </Box>
      )}
      <TextField label="Number of moments, at most" type="number" value={form.max_moments} onChange={set("max_moments")} slotProps={{ htmlInput: { min: 1, max: 500 } }} />
      <TextField
        label="Shortest moment (seconds)"
        type="number"
        value={form.min_duration}
        onChange={set("min_duration")}
        error={problem !== null}
        helperText={problem}
        slotProps={{ htmlInput: { min: 0, step: "any" } }}
      />
      <TextField label="Longest moment (seconds)" type="number" value={form.max_duration} onChange={set("max_duration")} slotProps={{ htmlInput: { min: 1, step: "any" } }} />
      <ModelField
        label="Model that finds moments"
        focus={focus === "generation_model"}
        purpose="generation"
        value={form.generation_model}
        models={chat}
        onChange={set("generation_model")}
      />
      <ModelField label="Model that adjusts start and end" purpose="refinement" value={form.refinement_model} models={chat} onChange={set("refinement_model")} />
      <TextField label="Spoken language" placeholder="en" helperText="A code such as en or de. Empty: detected automatically." value={form.language} onChange={set("language")} />
      <TextField
        label="Audio track"
        type="number"
        helperText="For files with several tracks, counted from 1. Empty: the track with speech."
        value={form.audio_track}
        onChange={set("audio_track")}
        slotProps={{ htmlInput: { min: 1, max: 256 } }}
      />
    </Box>
  );
}

interface ModelFieldProps {
  label: string;
  focus?: boolean;
  purpose: "generation" | "refinement";
  value: string;
  models: readonly ModelOut[];
  onChange: (event: { target: { value: string } }) => void;
}

/** Lists the models. Only those that are up can be chosen; built-in ones always can. */
function ModelField({ label, focus = false, purpose, value, models: known, onChange }: ModelFieldProps) {
  const usual = known.find((model) => model.default_for.includes(purpose));
  const able = known.filter((model) => (purpose === "generation" ? model.supports_generation : model.supports_refinement));
  const offered = able.filter((model) => model.configured && model.key !== usual?.key);
  const up = useQueries({ queries: offered.map((model) => ({ ...modelUp(model.key), enabled: !model.builtin })) });
  return (
    <TextField select autoFocus={focus} label={label} value={value} onChange={onChange} slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}>
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
  if (answer === undefined || answer.isPending) return ", checking";
  return answer.data === true ? "" : ", does not answer";
}
