import { Page } from "@/components/Page";
import { useTitle } from "@/hooks/useTitle";

export function Detail() {
  useTitle("Detail");
  return <Page title="Detail">{null}</Page>;
}
