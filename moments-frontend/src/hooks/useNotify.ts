import { createContext, useCallback, useContext } from "react";
import { toApiError } from "@/api/client";

export interface Notification {
  message: string;
  severity?: "success" | "info" | "warning" | "error";
  action?: { label: string; run: () => void };
  /** What it is about: it replaces an earlier message about the same, and `useWithdraw` takes it away. */
  topic?: string;
}

export const NotificationsContext = createContext<(notification: Notification) => void>(() => undefined);
export const WithdrawContext = createContext<(topic?: string) => void>(() => undefined);

export function useNotify(): (notification: Notification) => void {
  return useContext(NotificationsContext);
}

/** Returns a function that takes away the message about a topic; without one, all messages that offer nothing to do. */
export function useWithdraw(): (topic?: string) => void {
  return useContext(WithdrawContext);
}

/** Returns a function for `onError` that shows the API's message with its advice. */
export function useNotifyError(): (error: unknown) => void {
  const notify = useNotify();
  return useCallback(
    (error) => {
      const known = toApiError(error);
      notify({ message: known.advice ? `${known.message} ${known.advice}` : known.message, severity: "error" });
    },
    [notify],
  );
}
