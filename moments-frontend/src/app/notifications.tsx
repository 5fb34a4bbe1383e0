import { Alert, Button, IconButton, Stack } from "@mui/material";
import { X } from "lucide-react";
import { type ReactNode, useEffect, useEffectEvent, useMemo, useState } from "react";
import { type Notification, NotificationsContext, WithdrawContext } from "@/hooks/useNotify";

type Shown = Notification & { id: number; topic: string };

/** Milliseconds. What can be undone, and what asks for reading, stays longer. */
const TIMES = { said: 5_000, error: 10_000, action: 12_000 };
const MOST = 3;
let last = 0;

/**
 * Shows messages at the foot of the page at once; none waits for another. A newer message about the same topic replaces the older one, and
 * without a topic all errors are one topic and all else is another: no message outlives what it is about.
 */
export function NotificationsProvider({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<readonly Shown[]>([]);
  const { notify, close, withdraw } = useMemo(
    () => ({
      notify: (notification: Notification) => {
        const topic = notification.topic ?? (notification.severity === "error" ? "error" : "said");
        const one = { ...notification, topic, id: ++last };
        setShown((now) => [...now.filter((other) => other.topic !== topic), one].slice(-MOST));
      },
      close: (id: number) => setShown((now) => now.filter((one) => one.id !== id)),
      withdraw: (topic?: string) => setShown((now) => now.filter((one) => (topic === undefined ? one.action !== undefined : one.topic !== topic))),
    }),
    [],
  );
  return (
    <NotificationsContext.Provider value={notify}>
      <WithdrawContext.Provider value={withdraw}>
        {children}
        <Stack
          sx={{
            position: "fixed",
            zIndex: "snackbar",
            insetInline: 8,
            bottom: { xs: 68, md: 20 },
            gap: 1,
            alignItems: "center",
            pointerEvents: "none",
            "& > *": { pointerEvents: "auto" },
          }}
        >
          {shown.map((one) => (
            <Message key={one.id} notification={one} onClose={() => close(one.id)} />
          ))}
        </Stack>
      </WithdrawContext.Provider>
    </NotificationsContext.Provider>
  );
}

/** One message. Its time stands still while the pointer or the focus is on it. */
function Message({ notification: { message, severity = "success", action }, onClose }: { notification: Shown; onClose: () => void }) {
  const [held, setHeld] = useState(false);
  const time = action ? TIMES.action : severity === "error" || severity === "warning" ? TIMES.error : TIMES.said;
  const close = useEffectEvent(onClose);
  useEffect(() => {
    if (held) return undefined;
    const timer = window.setTimeout(() => close(), time);
    return () => window.clearTimeout(timer);
  }, [held, time]);
  return (
    <Alert
      severity={severity}
      variant="filled"
      onClose={onClose}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
      action={
        action && (
          <>
            <Button
              color="inherit"
              size="small"
              onClick={() => {
                action.run();
                onClose();
              }}
            >
              {action.label}
            </Button>
            <IconButton color="inherit" size="small" aria-label="Close" onClick={onClose}>
              <X size={18} aria-hidden />
            </IconButton>
          </>
        )
      }
      sx={{ alignItems: "center", maxWidth: 560, boxShadow: 6 }}
    >
      {message}
    </Alert>
  );
}
