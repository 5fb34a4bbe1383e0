import { Button } from "@mui/material";
import { Compass } from "lucide-react";
import { Link } from "react-router";
import { EmptyState } from "@/components/EmptyState";
import { Page } from "@/components/Page";
import { useTitle } from "@/hooks/useTitle";

export function NotFound() {
  useTitle("Page not found");
  return (
    <Page title="Page not found">
      <EmptyState
        icon={Compass}
        title="This page does not exist."
        action={
          <Button component={Link} to="/" variant="contained">
            Go to the first page
          </Button>
        }
      />
    </Page>
  );
}
