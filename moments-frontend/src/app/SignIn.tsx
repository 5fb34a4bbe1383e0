import { Button, Checkbox, Dialog, DialogActions, DialogContent, DialogContentText, DialogTitle, FormControlLabel, TextField } from "@mui/material";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { toApiError, request } from "@/api/client";
import { storeKey } from "@/api/key";

/** Opens when the server asks for a key. The key is tried before it is stored. */
export function SignIn() {
  const client = useQueryClient();
  const [key, setKey] = useState("");
  const [remember, setRemember] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: { preventDefault: () => void }) => {
    event.preventDefault();
    setBusy(true);
    try {
      await request({ url: "api/videos", params: { limit: 1 }, headers: { Authorization: `Bearer ${key.trim()}` } });
      // From here on this dialog is closed.
      storeKey(key.trim(), remember);
      await client.invalidateQueries();
    } catch (error) {
      const known = toApiError(error);
      setProblem(known.status === 401 ? "This key is not known, or it has expired or been revoked." : known.message);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog open aria-labelledby="sign-in-title" maxWidth="xs">
      <form onSubmit={(event) => void submit(event)}>
        <DialogTitle id="sign-in-title">Sign in</DialogTitle>
        <DialogContent>
          <DialogContentText sx={{ mb: 2 }}>
            This server requires an API key. Whoever runs it can create one with <code>moments keys create</code>.
          </DialogContentText>
          <TextField
            autoFocus
            fullWidth
            required
            type="password"
            autoComplete="current-password"
            label="API key"
            placeholder="vm_…"
            value={key}
            onChange={(event) => {
              setKey(event.target.value);
            }}
            error={problem !== null}
            helperText={problem ?? " "}
          />
          <FormControlLabel
            control={
              <Checkbox
                checked={remember}
                onChange={(event) => {
                  setRemember(event.target.checked);
                }}
              />
            }
            label="Stay signed in on this computer"
          />
        </DialogContent>
        <DialogActions>
          <Button type="submit" variant="contained" disabled={busy || key.trim() === ""}>
            Sign in
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
