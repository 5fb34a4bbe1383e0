import { Page } from "@/components/Page";
import { useTitle } from "@/hooks/useTitle";

export function Library() {
  useTitle("Library");
  return <Page title="Library">{null}</Page>;
}
