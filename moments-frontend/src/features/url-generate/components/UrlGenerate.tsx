import { Page } from "@/components/Page";
import { useTitle } from "@/hooks/useTitle";

export function UrlGenerate() {
  useTitle("UrlGenerate");
  return <Page title="UrlGenerate">{null}</Page>;
}
