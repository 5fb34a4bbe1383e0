import { Box, Stack, Typography } from "@mui/material";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

interface Props {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}

/** Shown where there is nothing yet: says what will be here, and how to get it. */
export function EmptyState({ icon: Icon, title, children, action }: Props) {
  return (
    <Stack sx={{ alignItems: "center", textAlign: "center", py: { xs: 5, md: 8 }, px: 2, gap: 1.5 }}>
      <Box sx={{ color: "primary.main", p: 2, borderRadius: "50%", bgcolor: "action.hover", lineHeight: 0 }}>
        <Icon size={28} aria-hidden />
      </Box>
      <Typography variant="h2" component="p">
        {title}
      </Typography>
      {children !== undefined && (
        <Typography color="text.secondary" sx={{ maxWidth: 440 }}>
          {children}
        </Typography>
      )}
      {action}
    </Stack>
  );
}
