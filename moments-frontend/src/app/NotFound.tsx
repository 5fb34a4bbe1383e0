import { Button } from "@mui/material";
import { Compass } from "lucide-react";
import { Link } from "react-router";
import { EmptyState } from "@/components/EmptyState";
import { Page } from "@/components/Page";
import { useTitle } from "@/hooks/useTitle";

export function NotFound() {
  useTitle("Not found");
  return (
    <Page title="Not found">
      <EmptyState
        icon={Compass}
        title="There is no such page."
        action={
          <Button component={Link} to="/" variant="contained">
            To the dashboard
          </Button>
        }
      />
    </Page>
  );
}
