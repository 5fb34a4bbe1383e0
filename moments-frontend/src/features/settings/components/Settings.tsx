import { Button, Stack, Tab, Tabs } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useId, useState, useSyncExternalStore } from "react";
import { forgetKey, readKey, subscribeKey } from "@/api/key";
import { caller, described, useMay } from "@/api/me";
import { Page } from "@/components/Page";
import { useTitle } from "@/hooks/useTitle";
import { HealthPanel } from "./HealthPanel";
import { KeysPanel } from "./KeysPanel";
import { ModelsPanel } from "./ModelsPanel";

const PANELS = { models: ModelsPanel, health: HealthPanel, keys: KeysPanel } as const;

/** The settings: models, the system's health, and API keys. */
export function Settings() {
  useTitle("Settings");
  const [tab, setTab] = useState<keyof typeof PANELS>("models");
  const signedIn = useSyncExternalStore(subscribeKey, () => readKey() !== null);
  const admin = useMay("admin");
  const me = useQuery(caller).data;
  const shown = tab === "keys" && !admin ? "models" : tab;
  const Panel = PANELS[shown];
  const id = useId();
  const ends = (name: keyof typeof PANELS) => ({ value: name, id: `${id}-${name}`, "aria-controls": `${id}-panel` });
  return (
    <Page
      title="Settings"
      subtitle={me && described(me)}
      actions={
        signedIn && (
          <Button variant="outlined" color="inherit" onClick={forgetKey}>
            Sign out
          </Button>
        )
      }
    >
      <Tabs value={shown} onChange={(_, value: keyof typeof PANELS) => setTab(value)} aria-label="Settings" sx={{ mb: 2, borderBottom: 1, borderColor: "divider" }}>
        <Tab {...ends("models")} label="Models" />
        <Tab {...ends("health")} label="System health" />
        {admin && <Tab {...ends("keys")} label="API keys" />}
      </Tabs>
      <Stack role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${shown}`}>
        <Panel />
      </Stack>
    </Page>
  );
}
