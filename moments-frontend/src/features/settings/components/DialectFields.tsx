import { Accordion, AccordionDetails, AccordionSummary, Box, MenuItem, TextField, Typography } from "@mui/material";
import { ChevronDown } from "lucide-react";
import type { ReactNode } from "react";
import type { ModelForm } from "../lib/modelForm";

export const ABILITIES = [
  ["supports_generation", "Finds moments"],
  ["supports_refinement", "Adjusts start and end"],
  ["supports_video", "Watches video"],
] as const;

type TextName = Exclude<keyof ModelForm, (typeof ABILITIES)[number][0]>;
interface Rest {
  helper?: string;
  required?: boolean;
  disabled?: boolean;
  type?: string;
}
/** A text field of the form. */
export type TextOf = (name: TextName, label: string, rest?: Rest) => ReactNode;

const CHOICES = [
  ["tokens_field", "Parameter for the answer length", ["max_tokens", "max_completion_tokens", "none"]],
  ["system_role", "Instructions are sent in", ["system", "user"]],
  ["answer_format", "JSON is requested by", ["json_schema", "object_schema", "none"]],
  ["stream", "Answers arrive", ["true", "false"]],
] as const;
const WORDS: Record<string, string> = {
  none: "not sent",
  system: "a system message",
  user: "the user's message",
  json_schema: "a JSON schema",
  object_schema: "a JSON schema of an object",
  true: "piece by piece (streamed)",
  false: "all at once",
};

/** The fields that say how a chat server must be asked. Without a value the usual form is used until the server refuses it. */
export function DialectFields({ form, set, text }: { form: ModelForm; set: (name: TextName) => (event: { target: { value: string } }) => void; text: TextOf }) {
  return (
    <Accordion variant="outlined" disableGutters sx={{ mt: 2 }}>
      <AccordionSummary expandIcon={<ChevronDown size={18} aria-hidden />}>
        <Typography>Requests to its server</Typography>
      </AccordionSummary>
      <AccordionDetails>
        <Box sx={{ display: "grid", gap: 2, gridTemplateColumns: { xs: "1fr", sm: "1fr 1fr" } }}>
          {text("temperature", "Temperature", { helper: "0 to 2. Empty: the server's default" })}
          {text("max_tokens", "Longest answer (tokens)", { type: "number" })}
          {CHOICES.map(([name, label, values]) => (
            <TextField key={name} select label={label} value={form[name]} onChange={set(name)} slotProps={{ select: { displayEmpty: true }, inputLabel: { shrink: true } }}>
              <MenuItem value="">Automatic</MenuItem>
              {values.map((value) => (
                <MenuItem key={value} value={value}>
                  {WORDS[value] ?? value}
                </MenuItem>
              ))}
            </TextField>
          ))}
          {text("answer_seconds", "Time limit for an answer (seconds)", { type: "number", helper: "Empty: 600, or the setting of this installation" })}
          {text("first_token_seconds", "Time limit for its beginning (seconds)", { type: "number", helper: "For answers that arrive piece by piece" })}
        </Box>
      </AccordionDetails>
    </Accordion>
  );
}
