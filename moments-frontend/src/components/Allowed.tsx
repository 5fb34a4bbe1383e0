import type { ReactNode } from "react";
import { useMay } from "@/api/me";
import type { KeyScope } from "@/api/types";

/** Shows its content only to callers with a scope, and `otherwise` or nothing to all others. */
export function Allowed({ to = "write", children, otherwise = null }: { to?: KeyScope; children: ReactNode; otherwise?: ReactNode }) {
  return useMay(to) ? children : otherwise;
}
