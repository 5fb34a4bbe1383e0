import { Alert, AlertTitle, Button } from "@mui/material";
import { toApiError } from "@/api/client";

/** Shows that something could not be loaded: why, what to do, and a button to try again. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const known = toApiError(error);
  return (
    <Alert
      severity="error"
      variant="outlined"
      sx={{ overflowWrap: "anywhere" }}
      action={
        onRetry && (
          <Button color="inherit" size="small" sx={{ whiteSpace: "nowrap" }} onClick={onRetry}>
            Try again
          </Button>
        )
      }
    >
      <AlertTitle>{known.message}</AlertTitle>
      {known.advice}
    </Alert>
  );
}
