import { FormControl, InputLabel, NativeSelect, OutlinedInput } from "@mui/material";
import type { SxProps, Theme } from "@mui/material/styles";
import { useId } from "react";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  sx?: SxProps<Theme>;
}

// Not MUI's TextField: that brings every kind of field, menus and dialogs, which this page does without.

/** Where a person types what they look for. */
export function SearchField({ label, value, onChange, sx }: Props) {
  const id = useId();
  return (
    <FormControl sx={sx}>
      <InputLabel htmlFor={id}>{label}</InputLabel>
      <OutlinedInput id={id} type="search" label={label} value={value} onChange={(event) => onChange(event.target.value)} />
    </FormControl>
  );
}

/** One of a few; the browser's own list, on a phone the phone's. */
export function ChoiceField({ label, value, onChange, choices, sx }: Props & { choices: readonly (readonly [value: string, label: string])[] }) {
  const id = useId();
  return (
    <FormControl sx={sx}>
      <InputLabel shrink htmlFor={id}>
        {label}
      </InputLabel>
      <NativeSelect input={<OutlinedInput label={label} notched />} inputProps={{ id }} value={value} onChange={(event) => onChange(event.target.value)}>
        {choices.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </NativeSelect>
    </FormControl>
  );
}
