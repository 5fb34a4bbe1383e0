import { Box, Stack, Typography } from "@mui/material";
import type { ReactNode } from "react";

interface Props {
  title: string;
  subtitle?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  wide?: boolean;
}

/** The frame of a page: its title, its actions, its content. */
export function Page({ title, subtitle, actions, children, wide = false }: Props) {
  return (
    <Box sx={{ px: { xs: 2, sm: 3, lg: 5 }, py: { xs: 2.5, md: 4 }, maxWidth: wide ? 1760 : 1240, mx: "auto" }}>
      <Stack direction="row" sx={{ mb: 3, gap: 2, alignItems: "flex-start", justifyContent: "space-between", flexWrap: "wrap" }}>
        <Box sx={{ minWidth: 0 }}>
          <Typography variant="h1">{title}</Typography>
          {subtitle !== undefined && (
            <Typography color="text.secondary" sx={{ mt: 0.5 }}>
              {subtitle}
            </Typography>
          )}
        </Box>
        {actions !== undefined && (
          <Stack direction="row" spacing={1}>
            {actions}
          </Stack>
        )}
      </Stack>
      {children}
    </Box>
  );
}
