import type { ReactNode } from "react";
import { useMay } from "@/api/me";
import type { KeyScope } from "@/api/types";

/** What only callers of a scope see; nothing, or `otherwise`, for all others. */
export function Allowed({ to = "write", children, otherwise = null }: { to?: KeyScope; children: ReactNode; otherwise?: ReactNode }) {
  return useMay(to) ? children : otherwise;
}
