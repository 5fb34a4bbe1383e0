import { Alert, Button, Snackbar } from "@mui/material";
import { type ReactNode, useCallback, useMemo, useState } from "react";
import { type Notification, NotificationsContext } from "@/hooks/useNotify";

/** Shows messages at the foot of the page, one after the other; screen readers announce them. */
export function NotificationsProvider({ children }: { children: ReactNode }) {
  const [waiting, setWaiting] = useState<readonly (Notification & { id: number })[]>([]);
  const notify = useCallback((notification: Notification) => {
    setWaiting((earlier) => [...earlier.slice(-3), { ...notification, id: Date.now() + Math.random() }]);
  }, []);
  const shown = waiting[0];
  const close = () => {
    setWaiting((earlier) => earlier.slice(1));
  };
  const value = useMemo(() => notify, [notify]);
  return (
    <NotificationsContext.Provider value={value}>
      {children}
      {shown && (
        <Snackbar
          key={shown.id}
          open
          autoHideDuration={shown.action ? 12_000 : 5_000}
          onClose={(_, reason) => reason !== "clickaway" && close()}
          anchorOrigin={{ vertical: "bottom", horizontal: "center" }}
          sx={{ mb: { xs: 7, md: 0 } }}
        >
          <Alert
            severity={shown.severity ?? "success"}
            variant="filled"
            onClose={close}
            action={
              shown.action && (
                <Button
                  color="inherit"
                  size="small"
                  onClick={() => {
                    shown.action?.run();
                    close();
                  }}
                >
                  {shown.action.label}
                </Button>
              )
            }
            sx={{ alignItems: "center", maxWidth: 560 }}
          >
            {shown.message}
          </Alert>
        </Snackbar>
      )}
    </NotificationsContext.Provider>
  );
}
