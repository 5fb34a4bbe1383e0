import { FormControl, InputLabel, NativeSelect, OutlinedInput } from "@mui/material";
import type { SxProps, Theme } from "@mui/material/styles";
import { useId } from "react";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  sx?: SxProps<Theme>;
}

// MUI's TextField would load every kind of field, menus and dialogs, which this page does not need.

/** The search field. */
export function SearchField({ label, value, onChange, sx }: Props) {
  const id = useId();
  return (
    <FormControl sx={sx}>
      <InputLabel htmlFor={id}>{label}</InputLabel>
      <OutlinedInput id={id} type="search" label={label} value={value} onChange={(event) => onChange(event.target.value)} />
    </FormControl>
  );
}

/** A choice of one of a few, with the browser's own list. */
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
