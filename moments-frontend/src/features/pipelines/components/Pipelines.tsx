import { Page } from "@/components/Page";
import { useTitle } from "@/hooks/useTitle";

export function Pipelines() {
  useTitle("Pipelines");
  return <Page title="Pipelines">{null}</Page>;
}
