import { lazy, type ReactNode, Suspense } from "react";

export interface ConfirmProps {
  open: boolean;
  title: string;
  children: ReactNode;
  confirm: string;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

const Body = lazy(async () => ({ default: (await import("./ConfirmDialogBody")).ConfirmDialogBody }));

/** Asks before a destructive action. Its file is loaded when it is first opened. */
export function ConfirmDialog(props: ConfirmProps) {
  return <Suspense fallback={null}>{props.open && <Body {...props} />}</Suspense>;
}
