import { Alert, Button } from "@mui/material";
import { Languages } from "lucide-react";
import { Link } from "react-router";
import { Allowed } from "@/components/Allowed";
import { languageName } from "./advice";

/** Says once, above all moments, what the built-in model could not do in a language that it does not know, and what helps. */
export function AdviceBanner({ language }: { language: string }) {
  return (
    <Alert
      severity="info"
      icon={<Languages size={18} aria-hidden />}
      square
      action={
        <Allowed to="admin">
          <Button color="inherit" size="small" component={Link} to="/settings" sx={{ whiteSpace: "nowrap" }}>
            Add a model
          </Button>
        </Allowed>
      }
    >
      {`Moments are found by pauses and structure only: the built-in model does not know ${languageName(language)}. Add a language model.`}
    </Alert>
  );
}
