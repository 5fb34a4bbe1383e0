import { Button, Dialog, DialogActions, DialogContent, DialogContentText, DialogTitle, FormControl, FormControlLabel, FormLabel, Radio, RadioGroup } from "@mui/material";
import { useState } from "react";
import type { Difference, Side } from "@/lib/merging";
import type { MergeProps } from "./MergeDialog";

/** Arrows choose within a field, Tab moves on, Enter saves. A field that both have changed has no answer until the user chooses one. */
export function MergeDialogBody({ what, differences, busy = false, onSave, onLater }: MergeProps) {
  const [chosen, setChosen] = useState<Record<string, Side>>({});
  const sideOf = (one: Difference) => chosen[one.name] ?? one.preferred;
  const all = (side: Side) => setChosen(Object.fromEntries(differences.map((one) => [one.name, side])));
  const open = differences.filter((one) => sideOf(one) === null).length;
  const save = () => onSave(Object.fromEntries(differences.map((one) => [one.name, sideOf(one) ?? "theirs"])));
  const later = () => {
    if (!busy) onLater();
  };
  return (
    <Dialog open onClose={later} aria-labelledby="merge-title" maxWidth="sm" fullWidth>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (open === 0 && !busy) save();
        }}
      >
        <DialogTitle id="merge-title">Somebody else changed {what} meanwhile</DialogTitle>
        <DialogContent>
          <DialogContentText sx={{ mb: 1.5 }}>Your change is not saved yet. Choose which version to keep.</DialogContentText>
          {differences.map((one, index) => (
            <FormControl key={one.name} component="fieldset" fullWidth sx={{ mb: 1.5 }}>
              <FormLabel component="legend">
                {one.label}, before: {one.before === "" ? "nothing" : one.before}
              </FormLabel>
              <RadioGroup name={one.name} value={sideOf(one) ?? ""} onChange={(_, side) => setChosen((now) => ({ ...now, [one.name]: side as Side }))}>
                <Choice side="theirs" text={one.theirs} focus={index === 0 && sideOf(one) !== "mine"} />
                <Choice side="mine" text={one.mine} focus={index === 0 && sideOf(one) === "mine"} />
              </RadioGroup>
            </FormControl>
          ))}
        </DialogContent>
        <DialogActions>
          <Button color="inherit" disabled={busy} onClick={later}>
            Decide later
          </Button>
          <Button color="inherit" disabled={busy} onClick={() => all("theirs")}>
            All theirs
          </Button>
          <Button color="inherit" disabled={busy} onClick={() => all("mine")}>
            All mine
          </Button>
          <Button type="submit" variant="contained" disabled={busy || open > 0}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function Choice({ side, text, focus }: { side: Side; text: string; focus: boolean }) {
  const label = `${side === "theirs" ? "Theirs" : "Mine"}: ${text === "" ? "nothing" : text}`;
  return <FormControlLabel value={side} control={<Radio size="small" autoFocus={focus} />} label={label} sx={{ overflowWrap: "anywhere" }} />;
}
