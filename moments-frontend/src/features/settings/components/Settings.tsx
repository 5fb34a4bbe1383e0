import { Page } from "@/components/Page";
import { useTitle } from "@/hooks/useTitle";

export function Settings() {
  useTitle("Settings");
  return <Page title="Settings">{null}</Page>;
}
